"""The numbers of a thread: what is cast where, and functions that Python has not.

Numba adds uint32 and uint32 in 64 bits, and uint64 and a plain 1, which is signed, in float64. So
sums are cast: `u32(a + b)` is one addition of 32 bits, and `i + u64(1)` stays whole. Indices are
unsigned: a signed one costs two to four more instructions at each access, because Python's
negative indices count from the end.

What would be negative wraps to a huge number, as in C. One comparison then tells both ends: with
i = 1, `u32(i - 2) < size` is false.
"""

import math

import numpy as np
from numba.cuda import libdevice
from numba.cuda.extending import overload, register_jitable

u32, u64, f32 = np.uint32, np.uint64, np.float32

device = register_jitable  # marks a function that kernels call


def rsqrt(s):
    """Return 1 / sqrt(s): on a GPU one instruction, and off by some units of the last place."""
    return f32(1) / f32(math.sqrt(s))


def power(s, exponent):
    """Return s^exponent, s >= 0."""
    return s**exponent


@overload(rsqrt)
def _rsqrt_on_a_gpu(s):
    return lambda s: libdevice.rsqrtf(s)


@overload(power)
def _power_on_a_gpu(s, exponent):
    return lambda s, exponent: libdevice.exp2f(exponent * libdevice.log2f(s))


@device
def has_channel(lane, part, lanes, channels):
    """Return whether a lane has a channel in the part that starts here: lanes of the last may not.

    part, lanes and channels are constants: for the other parts nothing is left to compare.
    """
    return part + lanes <= channels or u32(lane + u32(part)) < u32(channels)
