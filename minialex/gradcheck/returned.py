"""What a reader's backward returns, in one form."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minialex.errors import InputError
from minialex.gradcheck.arrays import differentiable

SPELLINGS = ("d{}", "g{}", "grad_{}", "{}_grad")  # of the gradient of W
Gradients = Sequence[Any] | dict[str, Any]


def spellings(name: str) -> list[str]:
    """Return what the gradient of `name` may be called.

    >>> spellings("fc.W")
    ['fc.dW', 'fc.gW', 'fc.grad_W', 'fc.W_grad']
    """
    owner, dot, leaf = name.rpartition(".")
    return [owner + dot + form.format(leaf) for form in SPELLINGS]


def spelt(gradients: dict[str, Any], name: str) -> Any:
    """Return what a dictionary holds as the gradient of `name`: dW, gW, ...; None if nothing."""
    return next((gradients[s] for s in spellings(name) if s in gradients), None)


def named(gradients: dict[str, Any], name: str) -> Any:
    """Return the gradient of `name` in a dictionary, under its name or a spelling; or None."""
    return gradients[name] if name in gradients else spelt(gradients, name)


def by_name(
    returned: Any, inputs: Sequence[Any], names: Sequence[str]
) -> tuple[dict[str, Any], Gradients]:
    """Return the gradients of the differentiable inputs, by name, and what is left.

    Backward may return one array; a tuple or list, with or without None for labels; or a
    dictionary with keys such as "x" or "dx". Behind them may come those of parameters, one by one
    or in a dictionary.

    Raises
    ------
    InputError
        There are too few.
    """
    rest: Gradients
    if isinstance(returned, dict):
        found = {name: named(returned, name) for name in names}
        used = {form for name in names for form in (name, *spellings(name))}
        rest = {key: g for key, g in returned.items() if key not in used}
    else:
        many = _listed(returned, inputs)
        found, rest = dict(zip(names, many, strict=False)), many[len(names) :]
        if len(rest) == 1 and isinstance(rest[0], dict):
            rest = rest[0]
    missing = [name for name in names if found.get(name) is None]
    if missing:
        raise InputError(
            f"there is no gradient of {' and '.join(missing)} in what it returns. An input that "
            "needs none is passed as integers (labels), or fixed: lambda w: forward(x, w)"
        )
    return found, rest


def _listed(returned: Any, inputs: Sequence[Any]) -> list[Any]:
    wanted = [differentiable(x) for x in inputs]
    if not isinstance(returned, (tuple, list)) or _is_one_array(returned, inputs):
        return [returned] if any(wanted) else []
    skipped = [g for g, want in zip(returned, wanted, strict=False) if not want]
    if len(returned) == len(inputs) and all(g is None for g in skipped):
        return [g for g, want in zip(returned, wanted, strict=True) if want]
    return list(returned)


def _is_one_array(returned: Any, inputs: Sequence[Any]) -> bool:
    """Tell whether this is a list of rows, written as a list, for the one input."""
    if isinstance(returned, tuple) or len(inputs) != 1 or any(g is None for g in returned):
        return False
    try:
        return np.shape(returned) == inputs[0].shape
    except (TypeError, ValueError):  # arrays of different shapes, or on a GPU
        return False
