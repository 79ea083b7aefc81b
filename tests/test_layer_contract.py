"""What every layer promises, asked of every layer in both forms and with one and two threads.

A new layer joins these tests with one line in `EXAMPLES`.
"""

import numpy as np
import pytest
from torch_twin import TOLERANCE, assert_close, randomised, results

from minialex import layers
from minialex.gradcheck import check_layer
from minialex.layer import Layer
from minialex.layers import (
    LRN,
    AvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    LeakyReLU,
    Linear,
    LocallyConnected2d,
    MapLRN,
    MaxPool2d,
    PReLU,
    ReLU,
    RReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
    ZeroPad2d,
)
from minialex.strategies import distinct_array

PICTURE = (4, 7, 6, 4)  # (N, H, W, C)
EXAMPLES = {
    "conv": (lambda: Conv2d(6, (3, 2), stride=(2, 1), pad=(1, 0, 2, 1), groups=2), PICTURE),
    "conv 1x1": (lambda: Conv2d(3, 1), PICTURE),
    "conv same": (lambda: Conv2d(5, 3, pad="same"), PICTURE),
    "conv winograd": (lambda: Conv2d(6, 3, pad=1, groups=2, algorithm="winograd"), PICTURE),
    "pool": (lambda: MaxPool2d(3, 2), PICTURE),
    "pool padded": (lambda: MaxPool2d((3, 2), 2, pad=1, rounding="ceil"), PICTURE),
    "average pool": (lambda: AvgPool2d(3, 2), PICTURE),
    "average pool padded": (lambda: AvgPool2d((3, 2), 2, pad=1, rounding="ceil"), PICTURE),
    "local": (lambda: LocallyConnected2d(5, (3, 2), stride=(2, 1), pad=(1, 0, 2, 1)), PICTURE),
    "lrn": (lambda: LRN(alpha=0.5), PICTURE),
    "lrn towers": (lambda: LRN(n=4, alpha=0.5, groups=2), PICTURE),
    "maplrn": (lambda: MapLRN(3, alpha=5.0), PICTURE),
    "maplrn even": (lambda: MapLRN(4, alpha=5.0), PICTURE),
    "zero padding": (lambda: ZeroPad2d((1, 2, 0, 3)), PICTURE),
    "relu": (ReLU, PICTURE),
    "leaky relu": (lambda: LeakyReLU(0.3), PICTURE),
    "prelu": (PReLU, PICTURE),
    "rrelu": (RReLU, PICTURE),
    "sigmoid": (Sigmoid, PICTURE),
    "tanh": (Tanh, PICTURE),
    "softplus": (Softplus, PICTURE),
    "dropout": (Dropout, PICTURE),
    "dropout paper": (lambda: Dropout(0.3, mode="paper"), PICTURE),
    "flatten": (Flatten, PICTURE),
    "fc": (lambda: Linear(5), (4, 12)),
    "softmax": (Softmax, (4, 12)),
}

pytestmark = pytest.mark.usefixtures("form", "workers")


@pytest.fixture(params=EXAMPLES)
def example(request):
    return EXAMPLES[request.param]


class Case:
    """A built layer with an input and a gradient for its output."""

    def __init__(self, example, dtype: str = "float64", batch: int | None = None) -> None:
        make, (full, *rest) = example
        rng = np.random.default_rng(7)
        shape = (full if batch is None else batch, *rest)
        self.layer: Layer = randomised(make(), shape, rng, dtype)
        self.output_shape = (shape[0], *self.layer.output_shape(shape[1:]))
        self.x = distinct_array(shape, rng, dtype)
        self.gy = distinct_array(self.output_shape, rng, dtype)

    def results(self, x=None, gy=None) -> dict[str, np.ndarray]:
        return results(self.layer, self.x if x is None else x, self.gy if gy is None else gy)


def assert_equal(found: dict, expected: dict) -> None:
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_every_layer_takes_part():
    tested = {type(make()) for make, _ in EXAMPLES.values()}
    exported = {
        value
        for value in vars(layers).values()
        if isinstance(value, type) and issubclass(value, Layer)
    } - {Layer}
    assert exported == tested


def test_the_gradient_checker_finds_nothing(example, dtype):
    """Derivatives, linearity, repeatability, and arrays that must stay as they are: gradcheck."""
    case = Case(example, dtype)
    check_layer(case.layer, case.x)


def test_shapes_and_dtypes(example, dtype):
    case = Case(example, dtype)
    shapes = {name: p.shape for name, p in case.layer.params.items()}
    assert case.layer.param_shapes(case.x.shape[1:]) == shapes
    assert case.layer.grads.keys() == case.layer.params.keys()
    found = case.results()
    expected = {"y": case.output_shape, "gx": case.x.shape}
    expected |= {f"g{name}": p.shape for name, p in case.layer.params.items()}
    assert {name: value.shape for name, value in found.items()} == expected
    assert {value.dtype.name for value in found.values()} == {dtype}


def test_inputs_may_be_read_only(example):
    case = Case(example)
    expected = case.results()
    case.x.flags.writeable = case.gy.flags.writeable = False
    assert_equal(case.results(), expected)


def test_the_first_layer_needs_no_gx(example):
    case = Case(example)
    expected = case.results()
    case.layer.backward(0 * case.gy)
    assert case.layer.backward(case.gy, need_gx=False) is None
    for name, value in case.layer.grads.items():
        np.testing.assert_array_equal(value, expected[f"g{name}"])


def test_an_empty_batch(example, dtype):
    case = Case(example, dtype)
    for value in case.results().values():
        assert value.size  # leave something in the buffers
    found = case.results(case.x[:0], case.gy[:0])
    assert found.pop("y").shape == (0, *case.output_shape[1:])
    assert found.pop("gx").shape == (0, *case.x.shape[1:])
    assert not any(value.any() for value in found.values())  # the gradients of a sum over nothing


def spread(a: np.ndarray) -> np.ndarray:
    """The same values, with a gap behind each."""
    wide = np.full((*a.shape[:-1], 2 * a.shape[-1]), np.nan, a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


LAYOUTS = {
    "gaps": spread,
    "Fortran": np.asfortranarray,
    "reversed": lambda a: np.ascontiguousarray(a[::-1, ..., ::-1])[::-1, ..., ::-1],
    "a slice of a batch": lambda a: np.repeat(a, 2, axis=0)[::2],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arrays_need_not_be_contiguous(example, dtype, layout):
    case = Case(example, dtype)
    expected = case.results()
    found = case.results(*map(LAYOUTS[layout], (case.x, case.gy)))
    for name in expected:  # NumPy may sum in another order
        assert_close(found[name], expected[name], TOLERANCE[dtype] / 10, name)


def test_the_size_of_the_batch_may_change(example):
    case = Case(example)
    for images in (slice(0, 2), slice(0, 4), slice(3, 4), slice(1, 4)):
        fresh = Case(example)
        fresh.layer.params = case.layer.params
        batch = case.x[images], case.gy[images]
        assert_equal(case.results(*batch), fresh.results(*batch))


def test_results_are_valid_until_the_next_call_of_the_same_method(example):
    case = Case(example)
    y = case.layer.forward(case.x)
    kept = y.copy()
    gx = case.layer.backward(case.gy)
    np.testing.assert_array_equal(y, kept, err_msg="backward changed y")
    kept = gx.copy()
    case.layer.forward(case.x[::-1] * 3)
    np.testing.assert_array_equal(gx, kept, err_msg="forward changed gx")


def test_layers_share_no_memory(example):
    """Two layers of one kind, one after the other, as conv3 and conv4 are."""
    first, second = Case(example), Case(example)
    expected = first.results()
    y = first.layer.forward(first.x)
    second.layer.forward(-second.x)
    gx_second = second.layer.backward(2 * second.gy)
    kept = gx_second.copy()
    gx = first.layer.backward(first.gy)
    np.testing.assert_array_equal(y, expected["y"])
    np.testing.assert_array_equal(gx, expected["gx"])
    np.testing.assert_array_equal(gx_second, kept)


def test_arrays_stay_on_their_device(example, xp):
    case = Case(example)
    expected = case.results()
    case.layer.params = {name: xp.asarray(p) for name, p in case.layer.params.items()}
    case.layer.grads = {name: xp.asarray(g) for name, g in case.layer.grads.items()}
    y = case.layer.forward(xp.asarray(case.x))
    gx = case.layer.backward(xp.asarray(case.gy))
    for found, name in ((y, "y"), (gx, "gx")):
        assert isinstance(found, xp.ndarray)
        host = found if xp is np else found.get()
        assert_close(host, expected[name], 1e-9, name)
