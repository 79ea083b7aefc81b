"""Receptive fields: the formula, against which pixels the gradient of one number reaches.

Weights are positive and max-pools are averages, so that every pixel of a window takes part.
"""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from thin import thin

from minialex import models
from minialex.assembly import Plan
from minialex.errors import InputError
from minialex.layer import Layer
from minialex.layers import AvgPool2d, Conv2d, Flatten, LocallyConnected2d, MapLRN, ReLU, ZeroPad2d
from minialex.layers import MaxPool2d as MaxPool
from minialex.network import Sequential
from minialex.receptive import receptive_fields


def positive(rng, shape):
    """Weights of about 1 / fan_in, all of them above 0."""
    return rng.uniform(0.5, 1.5, shape) / np.prod(shape[:-1])


def transparent(layers):
    """Return the layers that have maps, so that each pixel of a window reaches its output."""
    table = []
    for entry in thin(layers):
        layer = entry[1] if isinstance(entry, tuple) else entry
        if isinstance(layer, Flatten):
            break
        if isinstance(layer, MaxPool):
            layer = AvgPool2d(layer.kernel, layer.stride, layer.pad, layer.rounding)
        if isinstance(layer, Conv2d | LocallyConnected2d):
            layer.init = positive
        table.append((entry[0], layer) if isinstance(entry, tuple) else layer)
    return table


def measured(network: Sequential, x, depth: int, position) -> list[tuple[int, int]]:
    """First and last row, and first and last column, that one number behind a layer sees."""
    h = x
    for layer in network.layers[: depth + 1]:
        h = layer.forward(h)
    gy = np.zeros_like(h)
    gy[0, *position, 0] = 1
    for layer in reversed(network.layers[: depth + 1]):
        gy = layer.backward(gy)
    rows, columns, _ = gy[0].nonzero()
    return [(rows.min(), rows.max()), (columns.min(), columns.max())]


def inside(field, pixels) -> tuple[int, int]:
    """First row and last column of the map whose field lies in the picture, clear of its border."""
    row = max(0, -(-(0 - field.start[0]) // field.jump[0]))
    column = (pixels[1] - field.size[1] - field.start[1]) // field.jump[1]
    return row, min(column, field.output[1] - 1)


def fits(field, pixels) -> bool:
    row, column = inside(field, pixels)
    last_row = field.start[0] + row * field.jump[0] + field.size[0] - 1
    first_column = field.start[1] + column * field.jump[1]
    return row < field.output[0] and last_row < pixels[0] and column >= 0 and first_column >= 0


def check(network: Sequential, depth: int, rng) -> None:
    """Hold the formula against what is measured behind one layer."""
    field = receptive_fields(network)[depth]
    x = rng.uniform(0.5, 1.5, (1, *network.input_shape))
    position = inside(field, network.input_shape)
    expected = [
        (start + at * jump, start + at * jump + size - 1)
        for start, at, jump, size in zip(field.start, position, field.jump, field.size, strict=True)
    ]
    assert measured(network, x, depth, position) == expected, field


@pytest.mark.parametrize(
    ("name", "last", "image_size", "size", "jump"),
    [
        ("alexnet-2012", "pool5", 227, 195, 32),
        ("alexnet-2012-224", "pool5", 259, 195, 32),
        ("alexnet-2012-coded", "relu5", 323, 227, 32),  # its norm within maps sees neighbours
        ("alexnet-half", "pool5", 290, 195, 32),
        ("alexnet-tf", "pool5", 224, 195, 32),
        ("alexnet-cifar", "pool5", 91, 51, 8),
        ("vgg11", "pool5", 224, 150, 32),
        ("vgg16", "pool5", 224, 212, 32),
        ("cuda-convnet-18pct", "pool3", 90, 55, 8),
        ("cuda-convnet-11pct", "relu4", 60, 35, 4),
    ],
)
def test_models(name, last, image_size, size, jump, rng):
    """The fields do not depend on the size of the picture; a large one holds whole fields."""
    field = receptive_fields(models.plan(name))[-1]
    assert (field.layer, field.size, field.jump) == (last, (size, size), (jump, jump))
    table = transparent(models.MODELS[name].layers)
    network = Sequential(table, (image_size, image_size, 3), dtype="float64")
    for depth, layer in enumerate(network.layers):
        if layer.kind in ("pool", "maplrn") or layer.name == last:
            check(network, depth, rng)


def test_what_a_post_says_of_small_kernels():
    """Two 3x3 convolutions see what one 5x5 sees, three what one 7x7 sees."""

    def sizes(*kernels):
        plan = Plan([Conv2d(1, kernel, pad="same") for kernel in kernels], (20, 20, 3))
        return [field.size[0] for field in receptive_fields(plan)]

    assert sizes(3, 3, 3) == [3, 5, 7]
    assert sizes(5) == [5]
    assert sizes(7) == [7]


def sides():
    return st.tuples(*[st.integers(0, 2)] * 4)


def pairs(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high))


ROUNDING = st.sampled_from(["floor", "ceil"])
STACKS = st.lists(
    st.one_of(
        st.builds(
            lambda *a: Conv2d(1, *a[:3], rounding=a[3], init=positive),
            pairs(1, 4), pairs(1, 3), st.one_of(sides(), st.just("same")), ROUNDING,
        ),
        st.builds(AvgPool2d, pairs(3, 4), pairs(1, 3), sides(), ROUNDING),
        st.builds(ZeroPad2d, sides()),
        st.builds(lambda size: MapLRN(size, alpha=0.1), st.integers(1, 4)),
        st.builds(ReLU),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@given(STACKS, st.tuples(st.integers(20, 60), st.integers(20, 60)))
def test_any_stack_of_windows(stack, size):
    """Rectangular kernels, unequal strides, padding that differs from side to side."""
    try:
        network = Sequential(stack, (*size, 1), dtype="float64")
    except InputError:
        assume(False)
    assume(fits(receptive_fields(network)[-1], size))
    check(network, len(stack) - 1, np.random.default_rng(0))


def test_fields_end_where_the_maps_end():
    fields = receptive_fields(models.plan("lenet5"))
    assert [field.layer for field in fields] == [
        "conv1",
        "relu1",
        "pool1",
        "conv2",
        "relu2",
        "pool2",
    ]
    assert [field.output for field in fields][::2] == [(28, 28), (14, 14), (10, 10)]


def test_a_layer_whose_windows_are_unknown_is_refused():
    class Blur(Layer):
        kind = "blur"

    with pytest.raises(InputError, match=r"blur0: how far a Blur sees is unknown"):
        receptive_fields(Plan([Blur()], (8, 8, 3)))
