"""The test of the tests: what is drawn can tell wrong layers from right ones, and shrinks."""

import subprocess
import sys
from random import Random

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.strategies import (
    batches,
    conv_geometry,
    distinct_array,
    distinct_arrays,
    features_drawn,
    lrn_geometry,
    pool_geometry,
    seeds,
)

DRAWN, OFTEN = 300, 15  # 5 % of the cases
WINDOWS = {
    "empty batch", "several images", "height is not width", "kernel not square",
    "stride not square", "windows overlap", "stride beyond kernel", "leftover",
    "asymmetric padding", "padding of kernel - 1", "ceil",
}  # fmt: skip
READERS_CONV = conv_geometry(
    rounding="floor", padding="equal", square=True, groups=1, batch=batches(1)
)
FEATURES = {
    "conv": (conv_geometry(), {*WINDOWS, "groups", "same", "windows of padding alone"}),
    "a reader's conv": (
        READERS_CONV,
        {"several images", "height is not width", "windows overlap", "stride beyond kernel",
         "leftover", "padding of kernel - 1", "windows of padding alone"},
    ),
    "pool": (pool_geometry(), WINDOWS),
    "overlapping pool": (pool_geometry(overlap=True), WINDOWS),
    "tiling pool": (pool_geometry(overlap=False), WINDOWS - {"windows overlap"}),
    "lrn": (
        lrn_geometry(),
        {"several images", "n even", "n odd", "n beyond the channels", "interior channels",
         "groups", "alpha over n", "beta not .75"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_is_drawn_often(name):
    strategy, wanted = FEATURES[name]
    drawn = features_drawn(strategy, DRAWN)
    assert drawn.keys() == wanted
    rare = {feature: count for feature, count in drawn.items() if count < OFTEN}
    assert not rare


@given(case=pool_geometry(overlap=True), other=pool_geometry(overlap=False))
def test_overlap_is_what_was_asked_for(case, other):
    assert "windows overlap" in case.features()
    assert "windows overlap" not in other.features()


@given(case=st.one_of(conv_geometry(rounding=("floor", "same")), pool_geometry(rounding="floor")))
def test_the_output_has_as_many_windows_as_fit(case):
    top, bottom, left, right = case.padding
    for axis, sides in ((case.rows, top + bottom), (case.columns, left + right)):
        starts = range(0, axis.size + sides - axis.kernel + 1, axis.stride)
        assert axis.output == len(starts)
        assert axis.size >= 1
        assert axis.leftover == max(axis.before + axis.size - starts[-1] - axis.kernel, 0)


@given(case=st.one_of(conv_geometry(), pool_geometry()))
def test_both_layouts_name_the_same_array(case):
    for here, there in (
        (case.shape, case.shape_nchw),
        (case.output_shape, case.output_shape_nchw),
    ):
        assert np.empty(here).transpose(0, 3, 1, 2).shape == there


@given(data=st.data())
def test_a_layer_is_given_only_what_it_can_do(data):
    equal = data.draw(conv_geometry(rounding="floor", padding="equal", square=True, groups=1))
    assert (type(equal.pad), type(equal.kernel), type(equal.stride)) == (int, int, int)
    assert (equal.rounding, equal.groups) == ("floor", 1)
    top, bottom, left, right = data.draw(
        conv_geometry(rounding="floor", padding="symmetric")
    ).padding
    assert (top, left) == (bottom, right)
    assert data.draw(pool_geometry(rounding="floor", padding="none")).padding == (0, 0, 0, 0)
    small = data.draw(conv_geometry(outputs=2, kernels=2, strides=1, channels=1, filters=2))
    assert max(small.output_shape[1:3]) <= 2
    assert max(small.kernels) <= 2
    assert max(small.strides) == 1
    assert small.channels == small.groups
    assert 2 <= data.draw(batches(2, 3)) <= 3


# Shrinking -------------------------------------------------------------------------------------


def smallest(strategy, fault):
    """The case that hypothesis would print for a layer with this fault."""
    quiet = settings(max_examples=2000, database=None)
    return find(strategy, fault, settings=quiet, random=Random(3))


def pool_gradient(case, seed: int, add: bool) -> np.ndarray:
    """gx of one channel of max-pooling, for a gy of ones; `=` in place of `+=` if not `add`."""
    x = np.pad(distinct_array(case.shape, seed)[..., 0], ((0, 0), *_pads(case)), constant_values=-9)
    gx = np.zeros_like(x)
    (kh, kw), (sh, sw), (_, OH, OW, _) = case.kernels, case.strides, case.output_shape
    for n, i, j in np.ndindex(len(x), OH, OW):
        window = x[n, i * sh : i * sh + kh, j * sw : j * sw + kw]
        u, v = np.unravel_index(window.argmax(), window.shape)
        at = n, i * sh + u, j * sw + v
        gx[at] = gx[at] + 1 if add else 1
    return gx


def _pads(case):
    top, bottom, left, right = case.padding
    return (top, bottom), (left, right)


def test_pooling_that_assigns_shrinks_to_two_windows_that_share_a_cell():
    def is_wrong(case) -> bool:
        return any(
            (pool_gradient(case, seed, add=True) != pool_gradient(case, seed, add=False)).any()
            for seed in range(5)
        )

    case = smallest(pool_geometry(), is_wrong)
    assert case.batch == case.channels == 1
    assert case.padding == (0, 0, 0, 0)
    trivial, overlapping = sorted((case.rows, case.columns), key=lambda axis: axis.output)
    assert (trivial.size, trivial.kernel, trivial.stride) == (1, 1, 1)
    assert (overlapping.size, overlapping.kernel, overlapping.stride) == (3, 2, 1)


def test_a_bias_gradient_of_image_0_shrinks_to_two_images():
    case = smallest(conv_geometry(), lambda case: case.batch > 1)
    assert case.shape == (2, 1, 1, 1)
    assert case.filters == 1
    assert (case.kernel, case.stride, case.pad) == (1, 1, 0)


def test_rows_left_over_shrink_to_one():
    case = smallest(conv_geometry(), lambda case: case.rows.leftover)
    assert case.shape == (1, 2, 1, 1)
    assert (case.kernel, case.stride, case.pad) == (1, (2, 1), 0)


def test_swapped_kernel_axes_shrink_to_two_weights():
    case = smallest(conv_geometry(), lambda case: case.rows.kernel != case.columns.kernel)
    assert sorted(case.kernels) == [1, 2]
    assert case.batch == case.channels == case.filters == 1
    assert sorted(case.shape[1:3]) == [1, 2]


def test_a_missing_neighbour_shrinks_to_two_channels():
    case = smallest(lrn_geometry(), lambda case: case.n > 1 and case.shape[-1] > case.groups)
    assert case.shape == (1, 1, 1, 2)
    assert (case.n, case.groups, case.alpha_over_n) == (2, 1, False)


# Arrays ----------------------------------------------------------------------------------------


@given(shape=st.lists(st.integers(0, 9), max_size=4).map(tuple), seed=seeds())
def test_distinct_arrays_have_no_kink_and_no_tie_near(shape, seed):
    a = distinct_array(shape, seed)
    assert a.shape == shape
    unit = 4 / max(a.size, 4)
    magnitudes = np.sort(np.abs(a).reshape(-1))
    assert (magnitudes >= 0.8 * unit - 1e-12).all()
    assert (np.diff(magnitudes) >= 0.6 * unit - 1e-12).all()
    assert magnitudes.max(initial=0) <= 5


def test_equal_seeds_give_equal_arrays_and_a_generator_other_ones():
    a, b = (distinct_array((3, 4), 5, "float32") for _ in range(2))
    assert a.dtype == "float32"
    np.testing.assert_array_equal(a, b)
    rng = np.random.default_rng(5)
    first, second = distinct_array((3, 4), rng), distinct_array((3, 4), rng)
    np.testing.assert_array_equal(a, first.astype("float32"))
    assert (first != second).any()
    found = find(distinct_arrays((2, 2)), lambda a: (a < 0).any() and (a > 0).any())
    assert found.shape == (2, 2)


# Bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: conv_geometry(padding="half"), "conv_geometry(padding='half'): choose from 'any'"),
        (lambda: conv_geometry(rounding=("floor", "up")), "'floor', 'ceil', 'same'"),
        (lambda: conv_geometry(rounding=()), "choose from"),
        (lambda: pool_geometry(rounding="same"), "pool_geometry(rounding='same')"),
        (lambda: pool_geometry(kernels=0), "pool_geometry(kernels=0): the largest must be"),
        (lambda: pool_geometry(overlap=True, kernels=1), "windows overlap where"),
        (lambda: batches(3, 2), "0 <= smallest <= largest"),
    ],
)
def test_senseless_limits_are_refused_at_once(call, said):
    with pytest.raises(InputError) as error:
        call()
    assert said in str(error.value)


def test_without_hypothesis_the_import_says_what_to_install():
    code = "import sys; sys.modules['hypothesis'] = None; import minialex.strategies"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == (
        "ImportError: minialex.strategies needs hypothesis: pip install hypothesis, or "
        "minialex[gradcheck]"
    )
