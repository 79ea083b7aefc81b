"""From a table to the layers of a network: names, shapes, sizes, and ReLUs in convolutions."""

import copy
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from minialex.errors import InputError
from minialex.layer import Layer, Shape
from minialex.layers import Conv2d, ReLU

LARGEST_HINT = 512  # pixels up to which the smallest working picture is searched


class Row(NamedTuple):
    """One line of `Plan.summary`."""

    name: str
    kind: str
    details: str
    output_shape: Shape
    params: int
    multiply_adds: int
    form: str


class Plan:
    """The layers of a network with their names and shapes, before any parameter is made.

    Parameters, errors: see `Sequential`, which is a plan with parameters.
    """

    def __init__(
        self,
        layers: Sequence[Layer | tuple[str, Layer]],
        input_shape: Shape,
        name: str = "network",
    ) -> None:
        self.name = name
        self.layers = named_copies(layers)
        rectify_in_convolutions(self.layers)
        self.shapes = self._infer(tuple(input_shape))

    @property
    def input_shape(self) -> Shape:
        return self.shapes[0]

    @property
    def output_shape(self) -> Shape:
        return self.shapes[-1]

    def steps(self) -> list[tuple[Layer, Shape, Shape]]:
        """Return each layer with the shapes of its input and its output."""
        return list(zip(self.layers, self.shapes[:-1], self.shapes[1:], strict=True))

    def summary(self) -> list[Row]:
        """Return a row a layer: its output shape, parameters, multiply-adds, and what runs it."""
        return [
            Row(
                layer.name,
                layer.kind,
                layer.details(),
                after,
                count_params(layer, before),
                layer.multiply_adds(before),
                layer.form(before),
            )
            for layer, before, after in self.steps()
        ]

    def totals(self) -> tuple[int, int]:
        """Return how many parameters there are, and the multiply-adds that one picture costs."""
        steps = self.steps()
        params = sum(count_params(layer, before) for layer, before, _ in steps)
        return params, sum(layer.multiply_adds(before) for layer, before, _ in steps)

    def _infer(self, input_shape: Shape) -> list[Shape]:
        shapes = [input_shape]
        try:
            for layer in self.layers:
                shapes.append(layer.output_shape(shapes[-1]))
        except InputError as error:
            smallest = self._smallest_picture(input_shape[-1]) if len(input_shape) == 3 else None
            hint = smallest and f"; this network needs images of at least {smallest}x{smallest}"
            raise InputError(f"{self.name}: {error}{hint or ''}") from None
        return shapes

    def _smallest_picture(self, channels: int) -> int | None:
        for size in range(1, LARGEST_HINT + 1):
            shape: Shape = (size, size, channels)
            try:
                for layer in self.layers:
                    shape = layer.output_shape(shape)
            except InputError:
                continue
            return size
        return None


def count_params(layer: Layer, input_shape: Shape) -> int:
    """Return how many numbers a layer learns: those that it has, else those that it would have."""
    shapes = [p.shape for p in layer.params.values()] or layer.param_shapes(input_shape).values()
    return sum(map(math.prod, shapes))


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
