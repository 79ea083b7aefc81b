"""Two networks side by side."""

import copy
import inspect
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from minialex.assembly import Plan, count_params
from minialex.layer import Layer, Shape
from minialex.window_layer import WindowLayer

HIDDEN = ("k", "alpha", "beta", "alpha_over_n", "init", "bias")  # `Layer.details` is silent on them


class Side(NamedTuple):
    """A layer of one of the networks."""

    layer: Layer
    settings: str
    output: Shape
    params: int


Pair = tuple[Side | None, Side | None]


def compare(first: Plan, second: Plan) -> list[tuple[bool, Side | None, Side | None]]:
    """Return the layers of both in pairs, and whether they differ; None where there is no partner.

    Layers of the same name stand side by side, and between those layers of the same kind. What a
    table of sizes does not show, such as LRN's alpha or the first weights, is part of `settings`
    where it differs.
    """
    keys: tuple[Callable[[Side], str], ...] = (lambda s: s.layer.name, lambda s: s.layer.kind)
    pairs = _aligned(_sides(first), _sides(second), keys)
    return [(_differ(*pair), *_with_hidden(*pair)) for pair in pairs]


def _sides(network: Plan) -> list[Side]:
    return [
        Side(layer, _settings(layer, before), after, count_params(layer, before))
        for layer, before, after in network.steps()
    ]


def _settings(layer: Layer, input_shape: Shape) -> str:
    """Return the layer's details with the padding that "same" and rounding up come to."""
    if isinstance(layer, WindowLayer):
        sides = layer.geometry(input_shape).pad
        resolved = copy.copy(layer)
        resolved.pad = sides[0] if len(set(sides)) == 1 else sides
        return resolved.details()
    return layer.details()


def _aligned(
    first: Sequence[Side], second: Sequence[Side], keys: Sequence[Callable[[Side], str]]
) -> list[Pair]:
    """Pair what has the same first key; between the pairs, what has the same second key, ..."""
    if not keys:
        return [(side, None) for side in first] + [(None, side) for side in second]
    pairs: list[Pair] = []
    key, *rest = keys
    match = SequenceMatcher(None, list(map(key, first)), list(map(key, second)), autojunk=False)
    for what, i, i_end, j, j_end in match.get_opcodes():
        if what == "equal":
            pairs += zip(first[i:i_end], second[j:j_end], strict=True)
        else:
            pairs += _aligned(first[i:i_end], second[j:j_end], rest)
    return pairs


def _differ(first: Side | None, second: Side | None) -> bool:
    if first is None or second is None or type(first.layer) is not type(second.layer):
        return True
    return first[1:] != second[1:] or bool(_hidden(first.layer, second.layer))


def _with_hidden(first: Side | None, second: Side | None) -> Pair:
    """Add the hidden settings in which the two differ."""
    if first is None or second is None or type(first.layer) is not type(second.layer):
        return first, second
    names = _hidden(first.layer, second.layer)

    def told(side: Side) -> Side:
        more = [f"{name} {_text(getattr(side.layer, name))}" for name in names]
        return side._replace(settings=", ".join(filter(None, [side.settings, *more])))

    return told(first), told(second)


def _hidden(first: Layer, second: Layer) -> list[str]:
    """Return the names of hidden settings in which two layers of one class differ."""
    names = [name for name in inspect.signature(type(first)).parameters if name in HIDDEN]
    return [n for n in names if _text(getattr(first, n)) != _text(getattr(second, n))]


def _text(value: object) -> str:
    """Write a setting.

    >>> _text(1e-4), _text(True), _text(print)
    ('0.0001', 'True', 'print')
    """
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return f"{value:g}" if isinstance(value, float) else str(value)
