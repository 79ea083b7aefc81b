"""Exercise 4: softplus and leaky ReLU, forward and backward.

Write the four functions, then: minialex exercise check 4

Arrays have any shape, and are float64 or float32; results have the shape and the dtype of x. No
input is changed. Nothing overflows, whatever x is: NumPy has no reason to warn.
"""

import numpy as np


def softplus_forward(x):
    """Return y = log(1 + e^x), and whatever softplus_backward needs.

    y is good to nearly all digits, also where it is as small as e^-40.
    """


def softplus_backward(gy, cache):
    """Return gx, given gy = dL/dy and the second thing that softplus_forward returned."""


def leaky_forward(x, slope=0.01):
    """Return y = x where x > 0, else slope * x, and whatever leaky_backward needs.

    Any slope of at least 0 may be given, also one above 1.
    """


def leaky_backward(gy, cache):
    """Return gx. Where x is 0, the derivative is the slope."""
