"""Right layers pass, whatever the geometry: a checker that cries wolf is switched off.

The layers of `mutants` without their faults, right layers that careless checkers flag, and all of
minialex' own, on drawn geometries. Most draws are checked as they are; every fourth also on the
variations that the checker derives from it.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutants.case import Case, normal
from mutants.drawn import CONV, DECEPTIVE, NORM, PICTURES, POOL, READERS, ROWS, labelled, layer

from minialex import layers
from minialex.gradcheck import check_layer
from minialex.strategies import distinct_array, seeds

PROFILE = settings.default.max_examples  # the dev and CI profiles draw few, the thorough one all
EXAMPLES = PROFILE if PROFILE > 1000 else PROFILE // 10


def ours(strategy, make, shape=lambda geometry: geometry):
    """Return the pair for a layer that is made for a geometry and built for its shape."""

    def case(geometry, draw):
        new_layer, x = make(geometry), draw(*shape(geometry))
        new_layer.build(x.shape[1:], np.random.default_rng(0), "float64")
        for param in new_layer.params.values():
            param[...] = draw(*param.shape)
        return Case(new_layer, x)

    return strategy, case


def on_windows(strategy, make):
    return ours(strategy, make, lambda c: c.shape)


def windows(c) -> dict:
    return {"kernel": c.kernel, "stride": c.stride, "pad": c.pad, "rounding": c.rounding}


def conv(c):
    return layers.Conv2d(c.filters, groups=c.groups, algorithm="im2col", **windows(c))


def winograd(c):
    pad = c.pad if isinstance(c.pad, str) else 1
    return layers.Conv2d(c.filters, 3, pad=pad, groups=c.groups, algorithm="winograd")


def lrn(c):
    return layers.LRN(c.n, c.k, c.alpha, c.beta, c.alpha_over_n, c.groups)


SIMPLE = (
    layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.RReLU, layers.Softplus, layers.Sigmoid,
    layers.Tanh, layers.Dropout, layers.Flatten,
)  # fmt: skip
OURS = {
    "Conv2d": on_windows(CONV, conv),
    "Conv2d, Winograd": on_windows(CONV, winograd),
    "LocallyConnected2d": on_windows(
        CONV, lambda c: layers.LocallyConnected2d(c.filters, **windows(c))
    ),
    "MaxPool2d": on_windows(POOL, lambda c: layers.MaxPool2d(**windows(c))),
    "AvgPool2d": on_windows(POOL, lambda c: layers.AvgPool2d(**windows(c))),
    "LRN": on_windows(NORM, lrn),
    "MapLRN": ours(PICTURES, lambda s: layers.MapLRN(1 + sum(s) % 4, alpha=0.5)),
    "ZeroPad2d": ours(PICTURES, lambda s: layers.ZeroPad2d((s[1] % 3, 1, 0, s[2] % 3))),
    **{cls.__name__: ours(PICTURES, lambda s, cls=cls: cls()) for cls in SIMPLE},
    "Dropout, paper": ours(PICTURES, lambda s: layers.Dropout(0.3, mode="paper")),
    "Linear": ours(ROWS, lambda s: layers.Linear(3)),
    "Softmax": layer(ROWS, layers.Softmax),
    "SoftmaxCrossEntropy": labelled(layers.SoftmaxCrossEntropy),
}


def passes(strategy, make) -> None:
    """Check drawn cases: geometry, values, and the layer made again for each."""

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy, st.sampled_from(("as given",) * 3 + ("vary",)), seeds())
    def check(geometry, variations, seed):
        rng = np.random.default_rng(seed)
        case = make(geometry, lambda *shape: distinct_array(shape, rng))
        report = case.check(geometry=variations, seed=seed)
        assert report.ok, report

    check()


@pytest.mark.parametrize("name", READERS)
def test_right_layers_of_readers(name):
    passes(*READERS[name])


@pytest.mark.parametrize("name", DECEPTIVE)
def test_right_layers_that_look_wrong(name):
    passes(*DECEPTIVE[name])


@pytest.mark.parametrize("name", OURS)
def test_our_own_layers(name):
    passes(*OURS[name])


def test_all_our_layers_take_part():
    tested = {name.split(",")[0] for name in OURS}
    assert tested == set(layers.__all__)


@pytest.mark.parametrize("make", [lambda: layers.Conv2d(2, 3), layers.Softplus, layers.LRN])
def test_float32_arrays_are_right_too(make):
    """x in float32 asks for float32 throughout; differences alone would be too coarse."""
    x = normal(2, 5, 4, 2).astype("float32")
    new_layer = make()
    new_layer.build(x.shape[1:], np.random.default_rng(0), "float32")
    assert check_layer(new_layer, x).ok
