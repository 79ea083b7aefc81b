"""From a table to the layers of a network: copies with names, and ReLUs joined to convolutions."""

import copy
from collections.abc import Sequence
from itertools import pairwise

from minialex.errors import InputError
from minialex.layer import Layer
from minialex.layers import Conv2d, ReLU


def named_copies(layers: Sequence[Layer | tuple[str, Layer]]) -> list[Layer]:
    """Return a copy of each layer, with its name."""
    copies: list[Layer] = []
    names: set[str] = set()
    weights = 0
    for entry in layers:
        name, layer = entry if isinstance(entry, tuple) else ("", entry)
        weights += layer.kind in ("conv", "local", "fc")
        if name in names:
            raise InputError(f"two layers are called {name!r}")
        name = name or f"{layer.kind}{weights}"
        while name in names:
            name += "b"  # a second ReLU behind one convolution
        names.add(name)
        copies.append(copy.deepcopy(layer))
        copies[-1].name = name
    return copies


def rectify_in_convolutions(layers: list[Layer]) -> None:
    """Let a convolution do the work of the ReLU behind it, on blocks that are in the cache.

    Only where both are ours: a reader's subclass may compute something else.
    """
    for layer, after in pairwise([Layer(), *layers, Layer()]):
        both = type(layer) is Conv2d and type(after) is ReLU
        if type(layer) is Conv2d:
            layer.rectify = both
        if type(after) is ReLU:
            after.done_by = layer.name if both else ""
