"""The command that lists recipes."""

import dataclasses
from typing import Any

from minialex import tables


def recipes(name: str | None = None, /) -> None:
    """List the recipes of `minialex train --recipe`, or print every value of one.

    Parameters
    ----------
    name
        Recipe to print.
    """
    from minialex.config import NOT_HASHED, Config
    from minialex.recipes import RECIPES, config, get

    if name is None:
        listed = [
            (name, r.values["model"], r.values["data"], r.values["pixels"], r.title)
            for name, r in RECIPES.items()
        ]
        tables.show(("recipe", "model", "data", "pixels", "what it is"), listed)
        return
    recipe, default = get(name), Config()
    print(f"{name}: {recipe.title}\nSource: {recipe.source}\n")
    values = [
        (field.name, getattr(config(name), field.name), getattr(default, field.name))
        for field in dataclasses.fields(Config)
        if field.name not in NOT_HASHED
    ]
    rows = [(key, _text(v), "" if v == usual else _text(usual)) for key, v, usual in values]
    tables.show(("setting", "value", "default"), rows)
    print("\n".join(f"- {note}" for note in recipe.notes))
    init = " --init RUN" if recipe.values.get("init_all") else ""
    print(f"\nTrain with: minialex train --recipe {name}{init}. Other flags override its values.")


def _text(value: Any) -> str:
    """Write a value as its flag takes it.

    >>> _text(None), _text({"*.b": 2.0, "fc*.W": 1e-3}), _text(((67, "conv1.W", 0.1),))
    ('-', '*.b 2, fc*.W 0.001', '67 conv1.W 0.1')
    """
    if isinstance(value, dict):
        return ", ".join(f"{pattern} {factor:g}" for pattern, factor in value.items()) or "-"
    if isinstance(value, tuple):
        inner = [" ".join(map(_text, v)) if isinstance(v, tuple) else _text(v) for v in value]
        return ", ".join(inner) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "-" if value is None else str(value)
