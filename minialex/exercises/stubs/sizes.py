"""Exercise 1: the size of an output, and the number of weights.

Write the three functions, then: minialex exercise check 1
"""


def output_size(size, kernel, stride, pad, rounding="floor"):
    """Return how many windows of `kernel` pixels, `stride` apart, a row of `size` pixels has.

    `pad` pixels of padding stand at each end. "floor": every window lies inside the padded row.
    "ceil": where pixels are left over behind the last window, one more follows.
    """


def alexnet_sizes():
    """Return the heights behind conv1, pool1, conv2, pool2, conv3, conv4, conv5, pool5.

    The picture has 227 pixels. Use output_size.
    """


def conv_parameters(kernel, channels, filters, groups=1):
    """Return how many parameters a convolution has: weights and biases.

    Kernels are square. Channels and filters are split into `groups` equal groups, and a filter sees
    the channels of its own group only.
    """
