"""LRN against PyTorch and against the formula written out.

    S_i = k + c sum x_j^2 over the window of i,    y_i = x_i S_i^-beta
    gx_i = gy_i S_i^-beta - 2 c beta x_i sum gy_m y_m / S_m over the m whose window holds i

The second window is the mirror of the first, which differs from it where n is even.
"""

import numpy as np
import pytest
import torch
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.layers import LRN
from minialex.strategies import LRNCase, distinct_array, features_drawn, lrn_geometry, seeds


def parameters(case: LRNCase) -> dict:
    names = ("n", "k", "alpha", "beta", "alpha_over_n", "groups")
    return {name: getattr(case, name) for name in names}


def formula(x, gy, *, n, k, alpha, beta, alpha_over_n, groups):
    """Return y and gx, channel by channel."""
    c = alpha / n if alpha_over_n else alpha
    channels, width = x.shape[-1], x.shape[-1] // groups
    windows = [
        [
            j
            for j in range(i - n // 2, i - n // 2 + n)
            if 0 <= j < channels and j // width == i // width
        ]
        for i in range(channels)
    ]
    S, y, gx = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    for i, window in enumerate(windows):
        S[..., i] = k + c * sum(x[..., j] ** 2 for j in window)
        y[..., i] = x[..., i] * S[..., i] ** -beta
    for i in range(channels):
        back = sum(gy[..., m] * y[..., m] / S[..., m] for m in range(channels) if i in windows[m])
        gx[..., i] = gy[..., i] * S[..., i] ** -beta - 2 * c * beta * x[..., i] * back
    return y, gx


@given(case=lrn_geometry(), seed=seeds())
def test_both_passes_agree_with_pytorch(form, workers, dtype, case, seed):
    x = distinct_array(case.shape, np.random.default_rng(seed), dtype)
    layer = LRN(**parameters(case))
    twin.check(layer, lambda x: twin.lrn(x, **parameters(case)), x, seed)


@given(case=lrn_geometry(), seed=seeds())
def test_both_passes_agree_with_the_formula(form, case, seed):
    rng = np.random.default_rng(seed)
    x, gy = distinct_array(case.shape, rng), rng.standard_normal(case.shape)
    found = twin.results(LRN(**parameters(case)), x, gy)
    for (name, ours), expected in zip(
        found.items(), formula(x, gy, **parameters(case)), strict=True
    ):
        twin.assert_close(ours, expected, 1e-10, name)


def test_the_strategy_draws_every_feature():
    wanted = "several images, n even, n odd, n beyond the channels, interior channels, groups, " \
        "alpha over n, beta not .75"  # fmt: skip
    assert set(wanted.split(", ")) == features_drawn(lrn_geometry()).keys()


@pytest.mark.parametrize("n", [4, 5])
def test_activations_of_100(form, dtype, n, rng):
    x = (100 * rng.standard_normal((3, 2, 4, 12))).astype(dtype)
    strong = {"n": n, "alpha": 0.5}
    twin.check(LRN(**strong), lambda x: twin.lrn(x, **strong), x, seed=3)


def test_a_large_activation_leaves_no_trace_behind_its_window(form, rng):
    """A running sum that subtracts would have lost the digits of the channels behind it."""
    x = rng.standard_normal((1, 1, 1, 16)).astype("float32")
    x[..., 3] = 1e4
    y = LRN(n=5, alpha=0.5).forward(x)
    expected, _ = formula(
        x.astype("float64"), x, n=5, k=2.0, alpha=0.5, beta=0.75, alpha_over_n=False, groups=1
    )
    np.testing.assert_allclose(y, expected, rtol=1e-5)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_inf_and_nan_stay_in_their_window(form, dtype, value):
    x = np.ones((1, 1, 1, 9), dtype)
    x[..., 0] = value
    with np.errstate(invalid="ignore"):
        y = LRN(n=3).forward(x)
    assert np.isfinite(y[..., 2:]).all()
    assert np.isnan(y[..., 0]).all()


def test_the_papers_sum_and_the_frameworks_mean(rng):
    x = rng.standard_normal((2, 3, 3, 8))
    paper = LRN(n=5, alpha=0.1).forward(x)
    frameworks = LRN(n=5, alpha=0.5, alpha_over_n=True).forward(x)
    np.testing.assert_allclose(paper, frameworks, rtol=1e-12)


# y_i = x_i / (k + c sum x_j^2)^beta over the channels j = i - before ... i + after that there are.
CONVENTIONS = {  # layer, before, after, k, c, beta
    "paper, section 3.3": (LRN.paper(), 2, 2, 2.0, 1e-4, 0.75),
    "cuda-convnet, run 145": (LRN.krizhevsky(k=2), 2, 2, 2.0, 2e-5, 0.75),
    "cuda-convnet, 11 % on CIFAR-10": (LRN.krizhevsky(9, 1e-3, k=1), 4, 4, 1.0, 1e-3 / 9, 0.75),
    "cuda-convnet, even size": (LRN.krizhevsky(4, 8e-3, 0.5, k=1), 2, 1, 1.0, 2e-3, 0.5),
    "Caffe, caffe.proto": (LRN.caffe(), 2, 2, 1.0, 1 / 5, 0.75),
    "Caffe, bvlc_alexnet": (LRN.caffe(5, 1e-4, 0.75), 2, 2, 1.0, 2e-5, 0.75),
    "PyTorch, nn.LocalResponseNorm": (LRN.torch(5), 2, 2, 1.0, 2e-5, 0.75),
    "TensorFlow, tf.nn.lrn": (LRN.tensorflow(), 5, 5, 1.0, 1.0, 0.5),
    "TensorFlow, its AlexNet": (LRN.tensorflow(2, 2.0, 1e-4, 0.75), 2, 2, 2.0, 1e-4, 0.75),
}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_house_has_its_own_formula(convention, rng):
    layer, before, after, k, c, beta = CONVENTIONS[convention]
    x = 100 * rng.standard_normal((2, 2, 3, 13))
    expected = np.empty_like(x)
    for i in range(13):
        squares = sum(x[..., j] ** 2 for j in range(max(0, i - before), min(12, i + after) + 1))
        expected[..., i] = x[..., i] / (k + c * squares) ** beta
    np.testing.assert_allclose(layer.forward(x), expected, rtol=1e-12)


@given(
    size=st.integers(1, 7),
    options=st.fixed_dictionaries(
        {},
        optional={
            "alpha": st.floats(0.3, 1),
            "beta": st.sampled_from((0.5, 1.0)),
            "k": st.sampled_from((1.5, 2.0)),
        },
    ),
    seed=seeds(),
)
def test_pytorchs_parameters_and_defaults_are_pytorchs(size, options, seed):
    x = 10 * distinct_array((2, 2, 3, 6), np.random.default_rng(seed))
    theirs = torch.nn.LocalResponseNorm(size, **options)(torch.tensor(x).permute(0, 3, 1, 2))
    ours = LRN.torch(size, **options).forward(x)
    np.testing.assert_allclose(ours, theirs.permute(0, 2, 3, 1).numpy(), rtol=1e-10)


def test_both_towers_of_the_paper_and_of_its_code(rng):
    x = 100 * rng.standard_normal((1, 2, 2, 12))
    for both, one in (
        (LRN.paper(groups=2), LRN.paper()),
        (LRN.krizhevsky(k=2, groups=2), LRN.krizhevsky(k=2)),
    ):
        towers = [one.forward(x[..., :6]).copy(), one.forward(x[..., 6:])]
        np.testing.assert_allclose(both.forward(x), np.concatenate(towers, axis=-1), rtol=1e-12)


def test_caffes_even_sizes_are_refused_as_by_caffe():
    with pytest.raises(InputError, match=r"local_size=4.*odd"):
        LRN.caffe(4)


def test_windows_do_not_cross_towers(form, rng):
    x = rng.standard_normal((2, 3, 2, 8))
    both = LRN(alpha=0.5, groups=2).forward(x)
    towers = [LRN(alpha=0.5).forward(x[..., c]) for c in (slice(0, 4), slice(4, 8))]
    np.testing.assert_allclose(both, np.concatenate(towers, axis=-1), rtol=1e-12)


def test_the_defaults_are_the_papers(rng):
    x = 30 * rng.standard_normal((1, 2, 2, 9))
    papers = formula(x, x, n=5, k=2.0, alpha=1e-4, beta=0.75, alpha_over_n=False, groups=1)
    np.testing.assert_allclose(LRN().forward(x), papers[0], rtol=1e-12)


@pytest.mark.parametrize(
    "options",
    [{"n": 0}, {"n": 2.5}, {"groups": 0}, {"groups": 1.5}, {"k": 0.0}, {"k": -1.0}, {"k": np.nan},
     {"alpha": np.nan}],
    ids=str,
)  # fmt: skip
def test_senseless_parameters_are_refused(options):
    with pytest.raises(InputError, match="lrn"):
        LRN(**options)


def test_towers_that_do_not_divide_the_channels_are_refused_by_name():
    layer = LRN(groups=2)
    layer.name = "lrn1"
    with pytest.raises(InputError, match=r"lrn1.*2"):
        layer.output_shape((5, 5, 7))
