"""What the gradient checker promises about right and wrong passes of one layer.

Known-wrong layers of every kind are in test_mutants.py, right ones in test_right_layers.py.
"""

import random
import subprocess
import sys

import numpy as np
import pytest
from plain_layers import Dense, Dropout, Elementwise, kinds, normal

from minialex.errors import InputError
from minialex.gradcheck import GradientMismatch, check_layer

MODES = ("auto", "complex", "central")


def check(layer, x, **settings):
    return check_layer(layer, x, raises=False, **settings)


def test_it_needs_numpy_alone():
    """Whoever checks a layer of his own need not install what trains networks."""
    script = """
import sys
blocked = {"numba", "threadpoolctl", "hypothesis", "scipy", "matplotlib", "rich", "tyro", "PIL",
           "safetensors", "pooch", "torch", "cupy", "pytest"}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocker())
import numpy as np
from minialex.gradcheck import check_function, check_layer
class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y
    def backward(self, gy):
        return gy * (1 - self.y**2)
check_layer(Tanh(), np.linspace(-2, 2, 6).reshape(2, 3))
assert "minialex.layers" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


# The complex step is never trusted alone


def test_a_gradient_that_complex_numbers_would_confirm():
    """d(x |x|)/dx = 2 |x|; the complex step says |x|, because abs drops imaginary parts."""
    x = normal(3, 4)
    right = Elementwise(lambda x: x * np.abs(x), lambda x: 2 * np.abs(x))
    assert check(right, x).ok
    report = check(Elementwise(lambda x: x * np.abs(x), np.abs), x)
    assert kinds(report) == ["gradient Elementwise.backward -> gx"]
    assert dict(report.problems[0].details)["pattern"] == "yours == numeric * 1/2"


def test_what_complex_numbers_say_is_not_printed_as_the_truth():
    """A wrong gradient, neither what the complex step says nor what differences say."""
    x = normal(3, 4)
    report = check(Elementwise(lambda x: x * np.abs(x), lambda x: 6 * np.abs(x)), x)
    details = dict(report.problems[0].details)
    assert details["pattern"].startswith("yours == numeric * 3")
    assert "central differences" in details["worst at"]
    assert "something like abs" in str(report)


def test_only_wrong_entries_are_counted_where_others_deceive_the_complex_step():
    def half(x):
        return np.concatenate([x[:, :2] ** 2, np.abs(x[:, 2:])], axis=1)

    def wrong_in_the_squares(x):
        return np.concatenate([6 * x[:, :2], np.sign(x[:, 2:])], axis=1)

    report = check(Elementwise(half, wrong_in_the_squares), normal(3, 4))
    assert report.problems[0].summary == "6/12 entries wrong"


def float_buffer(x):
    y = np.zeros(x.shape)
    for i, row in enumerate(x):
        y[i] = row**2
    return y


def refuses(x):
    if x.dtype.kind == "c":
        raise TypeError("no complex numbers, please")
    return x**2


NOT_COMPLEX_SAFE = {
    "abs": lambda x: np.abs(x) ** 2,
    "part of it": lambda x: np.where(x > 1, np.abs(x) ** 2, x**2),
    "buffer": float_buffer,
    "cast": lambda x: x.real.astype(np.float64) ** 2,
    "refuses": refuses,
    "conjugate": lambda x: x * x.conj(),
    "a branch": lambda x: x**2 if np.isreal(x).all() else x**3,
}


@pytest.mark.parametrize("f", NOT_COMPLEX_SAFE.values(), ids=NOT_COMPLEX_SAFE)
def test_layers_that_do_not_carry_complex_numbers(f):
    x = normal(3, 4)
    report = check(Elementwise(f, lambda x: 2 * x), x)
    assert report.ok, report
    assert report.checked[0].mode == "central differences"
    assert "central differences instead" in str(report)
    assert not check(Elementwise(f, lambda x: 2.00001 * x), x).ok
    with pytest.raises(InputError, match="cannot be checked with mode='complex'"):
        check(Elementwise(f, lambda x: 2 * x), x, mode="complex")


@pytest.mark.parametrize("mode", MODES)
def test_a_small_error_is_found(mode):
    wrong = Elementwise(np.tanh, lambda x: (1 - np.tanh(x) ** 2) * (1 + 1e-6))
    assert not check(wrong, normal(3, 4), mode=mode).ok


def test_one_wrong_element_of_many_is_found():
    def slope(x):
        slope = 2 * x
        slope[123, 456] += 0.5
        return slope

    for factor, mode in ((lambda x: x, "complex step"), (np.abs, "central differences")):
        square = Elementwise(lambda x, f=factor: f(x) * f(x), slope)
        report = check(square, normal(200, 500), geometry="as given")
        details = dict(report.problems[0].details)
        assert "gx[123,456]" in details["worst at"]
        assert mode in details["worst at"]


# Kinks


def at_kinks(near=0.0):
    x = normal(4, 5)
    x[0], x[1, 1] = near, -near
    return x


@pytest.mark.parametrize("near", [0.0, 1e-9, 1e-13])
@pytest.mark.parametrize("mode", MODES)
def test_a_kink_is_no_mistake(mode, near):
    """Any slope from 0 to 1 is right for ReLU at 0."""
    for at_zero in (0, 0.3, 1):
        slope = Elementwise(lambda x: x * (x > 0), lambda x, s=at_zero: (x > 0) + s * (x == 0))
        report = check(slope, at_kinks(near), mode=mode, geometry="as given")
        assert report.ok, report
        assert (report.checked[0].kinks > 0) <= ("kinks" in str(report))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at_zero", [-1, 2])
def test_a_slope_that_is_wrong_at_a_kink_too(mode, at_zero):
    relu = Elementwise(lambda x: x * (x > 0), lambda x: (x > 0) + at_zero * (x == 0.0))
    report = check(relu, at_kinks(), mode=mode)
    assert kinds(report) == ["gradient Elementwise.backward -> gx"]
    assert report.problems[0].summary.startswith("6/20")


class RowMax:
    """The maximum of every row; its gradient goes to the first, to the last, or to all of them."""

    def __init__(self, to="first") -> None:
        self.to = to

    def forward(self, x):
        self.x = x
        return x.max(axis=1)

    def backward(self, gy):
        is_max = self.x == self.x.max(axis=1, keepdims=True)
        if self.to == "first":
            is_max &= is_max.cumsum(axis=1) == 1
        elif self.to == "last":
            is_max &= is_max[:, ::-1].cumsum(axis=1)[:, ::-1] == 1
        share = is_max / is_max.sum(axis=1, keepdims=True) if self.to == "shared" else is_max
        return gy[:, None] * share


@pytest.mark.parametrize("mode", MODES)
def test_equal_maxima(mode):
    x = np.round(normal(6, 5))
    for to in ("first", "last", "shared"):
        report = check(RowMax(to), x, mode=mode)
        assert report.ok, report
        assert report.checked[0].kinks
    assert kinds(check(RowMax("all"), x, mode=mode)) == ["ties RowMax.backward -> gx"]


class Sorted:
    """Every row sorted: of equal values each goes to a place of its own."""

    def forward(self, x):
        self.order = x.argsort(axis=1)
        return np.take_along_axis(x, self.order, axis=1)

    def backward(self, gy):
        gx = np.zeros(gy.shape)
        np.put_along_axis(gx, self.order, gy, axis=1)
        return gx


@pytest.mark.parametrize("mode", ["auto", "central"])
def test_where_more_than_two_pieces_meet(mode):
    """Of three equal values the middle one shows no slope when one of them moves."""
    for x in (np.zeros((3, 5)), np.round(normal(3, 5))):
        report = check(Sorted(), x, mode=mode)
        assert report.ok, report

    class Doubled(Sorted):
        def backward(self, gy):
            return 2 * super().backward(gy)

    assert not check(Doubled(), np.round(normal(3, 5)), mode=mode).ok


def test_gy_is_not_x():
    """Whoever draws x with the same seed would have gy == x, and this ReLU would look right."""

    class MaskOfGy:
        def forward(self, x):
            return x * (x > 0)

        def backward(self, gy):
            return gy * (gy > 0)

    for seed in (0, 7):
        x = np.random.default_rng(seed).standard_normal((3, 4))
        assert kinds(check(MaskOfGy(), x, seed=seed, geometry="as given"))


# Randomness


def declared(**attributes):
    rng = np.random.default_rng(0)
    return Dropout(rng.random, **{name: make(rng) for name, make in attributes.items()})


LEGACY = np.random.RandomState(0)
GENERATORS = {
    "attribute": lambda: declared(rng=lambda rng: rng),
    "nested": lambda: declared(sources=lambda rng: {"mask": [rng, "other"]}),
    "of another object": lambda: declared(part=lambda rng: Dropout(None, rng=rng)),
    "old style": lambda: Dropout(LEGACY.random_sample, rng=LEGACY),
    "NumPy's": lambda: Dropout(np.random.random_sample),
    "Python's": lambda: Dropout(
        lambda shape: np.reshape([random.random() for _ in range(np.prod(shape))], shape)
    ),
}


@pytest.mark.parametrize("make", GENERATORS.values(), ids=GENERATORS)
def test_random_layers(make):
    assert check(make(), normal(4, 5)).ok
    wrong = make()
    wrong.backward = lambda gy: gy * np.sqrt(wrong.scale)
    assert kinds(check(wrong, normal(4, 5))) == ["gradient Dropout.backward -> gx"]


def test_a_generator_in_a_closure_is_declared():
    rng = np.random.default_rng(0)
    assert kinds(check(Dropout(lambda shape: rng.random(shape)), normal(4, 5))) == [
        "random Dropout.forward"
    ]
    before = rng.bit_generator.state
    assert check(Dropout(lambda shape: rng.random(shape)), normal(4, 5), rngs=[rng]).ok
    assert rng.bit_generator.state == before


def test_undeclared_randomness_is_an_error_of_its_own():
    layer = Dropout(lambda shape: np.random.default_rng().random(shape))
    report = check(layer, normal(4, 5))
    assert kinds(report) == ["random Dropout.forward"]
    assert "rngs=[...]" in str(report)


def test_a_forward_that_depends_on_earlier_ones():
    class Running:
        count = 0

        def forward(self, x):
            self.count += 1
            return x * self.count

        def backward(self, gy):
            return gy * self.count

    report = check(Running(), normal(4, 5))
    assert kinds(report) == ["random Running.forward"]
    assert "an earlier forward" in str(report)


# What every backward keeps


class Wrong(Dense):
    """A dense layer whose backward has another fault in every subclass."""

    def __init__(self) -> None:
        super().__init__(normal(3, 2), normal(2))


class ChangesGy(Wrong):
    def backward(self, gy):
        gx = super().backward(gy)
        gy *= 0.5
        return gx


class ChangesX(Wrong):
    def backward(self, gy):
        gx = super().backward(gy)
        self.x += 1
        return gx


class ChangesXInForward(Wrong):
    def forward(self, x):
        x -= x.mean()
        return super().forward(x)


class ChangesW(Wrong):
    def backward(self, gy):
        gx = super().backward(gy)
        self.params["W"] -= 0.1 * self.grads["W"]
        return gx


class ChangesCache(Wrong):
    def backward(self, gy):
        gx = super().backward(gy)
        self.x = self.x * 2
        return gx


class ForgetsCache(Wrong):
    def backward(self, gy):
        gx = super().backward(gy)
        del self.x
        return gx


class Accumulates(Wrong):
    def backward(self, gy):
        before = {key: g.copy() for key, g in self.grads.items()}
        gx = super().backward(gy)
        for key, g in self.grads.items():
            g += before[key]
        return gx


class AddsAConstant(Wrong):
    def backward(self, gy):
        return super().backward(gy) + 1e-6


class Clips(Wrong):
    def backward(self, gy):
        return super().backward(np.clip(gy, -5, 5))


class NeedsContiguous(Wrong):
    """Reads the memory behind the first element, as a kernel in C does."""

    def backward(self, gy):
        memory = gy if gy.base is None else gy.base
        return super().backward(np.ndarray(gy.shape, gy.dtype, memory))


class SumsToOneNumber(Wrong):
    def backward(self, gy):
        gx = super().backward(gy)
        self.grads["b"] = gy.sum()
        return gx


class TransposedW(Wrong):
    def backward(self, gy):
        gx = super().backward(gy)
        self.grads["W"] = self.grads["W"].T
        return gx


class WrongShapeOfGx(Wrong):
    def backward(self, gy):
        return super().backward(gy).reshape(-1)


class NaNInB(Wrong):
    def backward(self, gy):
        gx = super().backward(gy)
        self.grads["b"][1] = np.nan
        return gx


class LeavesNoB(Wrong):
    def backward(self, gy):
        gx = super().backward(gy)
        self.grads.pop("b", None)
        return gx


class ReturnsNothing(Wrong):
    def backward(self, gy):
        super().backward(gy)


class NaNInForward(Wrong):
    def forward(self, x):
        return super().forward(x) * np.array([1, np.nan])


class Integers(Wrong):
    def forward(self, x):
        return np.round(super().forward(x)).astype(int)


class NarrowsGx(Wrong):
    def backward(self, gy):
        return super().backward(gy).astype(np.float32)


FAULTS = {
    ChangesGy: ("changes its input Wrong.backward", "changes gy"),
    ChangesX: ("changes its input Wrong.backward", "changes x"),
    ChangesXInForward: ("changes its input Wrong.forward", "changes x"),
    ChangesW: ("changes its input Wrong.backward", "changes W"),
    ChangesCache: ("not repeatable Wrong.backward -> gW", "changes what forward remembered"),
    ForgetsCache: ("raises Wrong.backward", "a second call raises AttributeError"),
    Accumulates: ("not repeatable Wrong.backward -> gW", "accumulates=True"),
    AddsAConstant: ("not linear Wrong.backward -> gx", "of a gy of zeros is not zero"),
    Clips: ("not linear Wrong.backward -> gx", "not -1024 times"),
    NeedsContiguous: ("not contiguous Wrong.backward -> gx", "gaps in memory"),
    SumsToOneNumber: ("shape Wrong.backward -> gb", "is (), but b is (2,)"),
    TransposedW: ("shape Wrong.backward -> gW", "is (2, 3), but W is (3, 2)"),
    WrongShapeOfGx: ("shape Wrong.backward -> gx", "is (12,), but x is (4, 3)"),
    NaNInB: ("not finite Wrong.backward -> gb", "NaN"),
    LeavesNoB: ("missing Wrong.backward", "no gradient of b"),
    ReturnsNothing: ("missing Wrong.backward", "no gradient of x"),
    NaNInForward: ("not finite Wrong.forward", "NaN"),
    Integers: ("dtype Wrong.forward", "y is int64"),
    NarrowsGx: ("dtype Wrong.backward -> gx", "is float32 where y is float64"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_every_property_has_its_message(fault):
    kind, summary = FAULTS[fault]
    report = check(fault(), normal(4, 3))
    found = {problem.kind + " " + problem.where: problem.summary for problem in report.problems}
    expected = kind.replace("Wrong", fault.__name__)
    assert expected in found, report
    assert summary in found[expected]
    assert "GRADIENT" not in str(report) or fault in (AddsAConstant, Clips, NaNInB, ChangesCache)


def test_accumulation_is_declared():
    assert check(Accumulates(), normal(4, 3), accumulates=True).ok

    class AccumulatesWrongly(Accumulates):
        def backward(self, gy):
            gx = super().backward(gy)
            self.grads["b"] *= 1.1
            return gx

    assert not check(AccumulatesWrongly(), normal(4, 3), accumulates=True).ok


def test_a_layer_that_was_declared_to_accumulate_and_assigns():
    report = check(Wrong(), normal(4, 3), accumulates=True)
    assert kinds(report) == ["not repeatable Wrong.backward -> gW"]
    assert "declared to accumulate" in str(report)


# dtypes


def dense32(**changes):
    layer = Dense(normal(3, 2).astype("float32"))
    for name, method in changes.items():
        setattr(layer, name, method.__get__(layer))
    return layer


def forward_through_zeros(self, x):
    y = np.zeros((len(x), 2))  # without dtype
    y += Dense.forward(self, x)
    return y if x.dtype.kind == "f" else Dense.forward(self, x)


def backward_through_eye(self, gy):
    return Dense.backward(self, gy @ np.eye(2))


def test_float32_asks_for_float32_throughout():
    x = normal(4, 3).astype("float32")
    assert check(dense32(), x).ok
    for layer, where in (
        (dense32(forward=forward_through_zeros), "Dense.forward -> y"),
        (dense32(backward=backward_through_eye), "Dense.backward -> gx"),
    ):
        report = check(layer, x)
        assert kinds(report) == [f"dtype {where}"]
        assert "without dtype (np.zeros) widens it" in str(report)


def test_a_float32_gradient_is_checked_to_better_than_float32():
    def backward(self, gy):
        return Dense.backward(self, gy) * (1 + 1e-6)

    assert not check(dense32(backward=backward), normal(4, 3).astype("float32")).ok


def test_float32_weights_may_have_a_float32_gradient():
    """x in float64 and weights in float32: gW need not be better than W."""

    class Mixed(Dense):
        def backward(self, gy):
            gx = super().backward(gy)
            self.grads = {key: g.astype(np.float32) for key, g in self.grads.items()}
            return gx

    weights = normal(3, 2).astype("float32")
    assert check(Mixed(weights), normal(4, 3)).ok
    narrowed = check(Mixed(weights.astype("float64")), normal(4, 3))
    assert kinds(narrowed) == ["dtype Mixed.backward -> gW", "dtype Mixed.backward -> gb"]


class SingleTanh:
    """Computes in float32 whatever it is given."""

    def __init__(self, factor=1.0) -> None:
        self.factor = factor

    def forward(self, x):
        self.y = np.tanh(np.asarray(x, np.float32))
        return self.y

    def backward(self, gy):
        return np.asarray(gy, np.float32) * (1 - self.y**2) * np.float32(self.factor)


def test_a_layer_that_knows_float32_alone():
    report = check(SingleTanh(), normal(4, 3))
    assert report.ok, report
    assert "errors below 0.2 % cannot be seen" in str(report)
    assert not check(SingleTanh(1.01), normal(4, 3)).ok
    assert check(SingleTanh(), normal(4, 3).astype("float32")).ok
    with pytest.raises(InputError, match="float32"):
        check(SingleTanh(), normal(4, 3), mode="complex")


# Everything is left as it was found


def state(value):
    """Arrays as bytes, generators as their states, attributes by name."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes()
    if isinstance(value, np.random.Generator):
        return str(value.bit_generator.state)
    if isinstance(value, dict):
        return {key: state(v) for key, v in value.items()}
    return state(vars(value)) if hasattr(value, "__dict__") and not callable(value) else value


def generators():
    return str(np.random.get_state()), random.getstate()  # noqa: NPY002


class Everything(Dense):
    """Dense and batch normalisation and dropout, with all that a layer may remember."""

    def __init__(self, dtype) -> None:
        super().__init__(normal(3, 2).astype(dtype))
        self.W = self.params["W"]  # known by two names
        self.running_mean = np.zeros(2, dtype)
        self.calls = 0
        self.rng = np.random.default_rng(3)

    def forward(self, x, train=True):
        self.calls += 1
        self.x = x
        y = x @ self.W + self.params["b"]
        if train:
            self.running_mean = 0.9 * self.running_mean + 0.1 * y.mean(axis=0)
        self.mask = (self.rng.random(y.shape) < 0.5 if train else np.ones(y.shape)).astype(
            x.real.dtype
        )
        return y * self.mask

    def backward(self, gy):
        return super().backward(gy * self.mask)


class EverythingWrong(Everything):
    def backward(self, gy):
        self.running_mean *= 2
        self.params["W"] += 1
        return super().backward(gy)


class EverythingRaises(Everything):
    def backward(self, gy):
        if self.calls > 3:
            raise RuntimeError("in the middle of it")
        return super().backward(gy)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", [Everything, EverythingWrong, EverythingRaises])
def test_everything_is_left_as_it_was_found(make, dtype):
    layer, x = make(dtype), normal(4, 3).astype(dtype)
    layer.forward(x)
    gy = normal(4, 2, seed=1)
    before = [state(v) for v in (layer, x, gy)]
    arrays = layer.params["W"], layer.grads["b"], layer.running_mean
    shared = generators()
    try:
        assert check(layer, x, gy=gy).ok == (make is Everything)
    except RuntimeError:
        assert make is EverythingRaises
    assert [state(v) for v in (layer, x, gy)] == before
    now = layer.params["W"], layer.grads["b"], layer.running_mean
    assert all(a is b for a, b in zip(arrays, now, strict=True))
    assert layer.W is layer.params["W"]
    assert generators() == shared


# Scales


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scale", [1e-8, 1e-6, 1e6, 1e8])
def test_scales(mode, scale):
    """Pixels, volts and light years: a step is relative to what it moves."""
    x = scale * (1 + np.abs(normal(3, 4)))
    for f, slope in (
        (np.log, lambda x: 1 / x),
        (np.square, lambda x: 2 * x),
        (lambda x: 1e8 * scale + x, lambda x: x**0),
        (lambda x: x * (x > 1.5 * scale), lambda x: 1.0 * (x > 1.5 * scale)),
    ):
        if f is not np.log or scale < 1:
            assert check(Elementwise(f, slope), x, mode=mode).ok
        wrong = Elementwise(f, lambda x, slope=slope: 1.001 * slope(x))
        assert not check(wrong, x, mode=mode, geometry="as given").ok


@pytest.mark.parametrize("mode", MODES)
def test_values_far_from_zero(mode):
    """Rounding leaves 1e-10 of y: a gradient may be right and differences say little."""

    def f(x):
        return x - x.mean()

    class Centred:
        def forward(self, x):
            return f(x)

        def backward(self, gy):
            return f(gy)

    report = check(Centred(), 1e6 + normal(3, 4), mode=mode)
    assert report.ok, report


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: np.sin(50 * x), lambda x: 50 * np.cos(50 * x)),
        (lambda x: x * (np.floor(x.real) % 2), lambda x: np.floor(x) % 2),
        (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    ],
    ids=["sine", "teeth", "tanh"],
)
def test_what_happens_on_a_scale_of_its_own(f, slope, mode):
    """A step that suits x may be far too long for f, or far too short."""
    for x in (1e5 + normal(3, 4), normal(3, 4) * 10.0 ** np.arange(-6, 6).reshape(3, 4)):
        report = check(Elementwise(f, slope), x, mode=mode)
        assert report.ok, report
        wrong = Elementwise(f, lambda x: 1.01 * slope(x))
        assert not check(wrong, normal(3, 4), mode=mode).ok


# Input that cannot be checked


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "exact"}, "mode='exact' is not one of 'auto'"),
        ({"geometry": "varied"}, "geometry='varied' is not one of"),
        ({"gy": np.ones((2, 3))}, r"gy of shape \(2, 3\) for y of shape \(4, 2\)"),
        ({"x": np.arange(12).reshape(4, 3)}, "no input is a floating-point array"),
        ({"x": normal(4, 3) * 1j}, "no input is a floating-point array"),
        ({"x": normal(0, 3)}, "empty"),
        ({"layer": Dense}, "no object with"),
        ({"layer": np.tanh}, "no object with"),
    ],
    ids=["mode", "geometry", "gy", "integers", "complex", "empty", "class", "function"],
)
def test_what_cannot_be_checked(settings, message):
    settings = {
        "layer": Elementwise(lambda x: x @ np.ones((3, 2)), None),
        "x": normal(4, 3),
    } | settings
    with pytest.raises(InputError, match=message):
        check(settings.pop("layer"), settings.pop("x"), **settings)


def test_it_raises_unless_told_not_to():
    wrong = Elementwise(np.square, lambda x: x)
    with pytest.raises(GradientMismatch, match="GRADIENT MISMATCH") as raised:
        check_layer(wrong, normal(3, 4))
    assert isinstance(raised.value, AssertionError)
    assert str(raised.value).strip() == str(raised.value.report)
    assert not check(wrong, normal(3, 4)).ok
