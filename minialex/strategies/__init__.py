"""Strategies for hypothesis: geometries at which a wrong layer cannot look right.

A wrong backward hides at friendly shapes: `gx =` for `gx +=` is right where windows do not overlap,
a bias gradient from image 0 is right for one image, swapped axes are right on squares. So a case
draws the size of the OUTPUT and then the rows and columns that are left over; height and width,
with their kernels, strides and paddings, are drawn apart. A case that fails shrinks to the smallest
that does: one image, one channel, kernel 1, stride 1, no padding, as far as the fault allows.

A complete test of somebody's convolution, whose arrays are (N, C, H, W)::

    import numpy as np
    from hypothesis import given, settings
    from minialex.strategies import batches, conv_geometry, distinct_array, seeds
    from mycourse import Conv  # x (N, C, H, W), W (F, C, k, k): Conv(C, F, k, stride, pad)

    CASES = conv_geometry(
        rounding="floor", padding="equal", square=True, groups=1, batch=batches(1)
    )

    @settings(deadline=None)
    @given(case=CASES, seed=seeds())
    def test_conv(gradcheck, case, seed):
        layer = Conv(case.channels, case.filters, case.kernel, case.stride, case.pad)
        gradcheck(layer, distinct_array(case.shape_nchw, seed), geometry="as given")

`gradcheck` is a pytest fixture that comes with minialex. Arrays are made from a seed, so that a
failure prints a case and a number, and not a picture. What a layer cannot do is left out by the
arguments of the strategies; `features_drawn` tells what then remains.
"""

try:
    import hypothesis as _hypothesis  # noqa: F401
except ModuleNotFoundError as _missing:
    raise ImportError(
        "minialex.strategies needs hypothesis: pip install hypothesis, or minialex[gradcheck]"
    ) from _missing

from minialex.gradcheck.distinct import distinct_array
from minialex.strategies.arrays import batches, distinct_arrays, seeds
from minialex.strategies.conv import conv_geometry
from minialex.strategies.features import features_drawn
from minialex.strategies.lrn import LRNCase, lrn_geometry
from minialex.strategies.pool import pool_geometry
from minialex.strategies.windows import Axis, WindowCase

__all__ = [
    "Axis",
    "LRNCase",
    "WindowCase",
    "batches",
    "conv_geometry",
    "distinct_array",
    "distinct_arrays",
    "features_drawn",
    "lrn_geometry",
    "pool_geometry",
    "seeds",
]
