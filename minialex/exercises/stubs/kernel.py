"""Exercise 15: a kernel that is equal to its reference.

Write it, then: minialex exercise check 15
"""


def window_sum(a, sums, n):
    """Write to sums[p, i] the sum of a[p, j] over the window of channel i.

    a, sums: (pixels, channels), of one dtype. The window begins at channel i - n // 2, is n
    channels wide, and is clipped where there are no channels. n may exceed their number.

    Only loops, numbers and the elements of both arrays: Numba will compile this function. Nothing
    is returned, and `a` stays as it is.
    """
