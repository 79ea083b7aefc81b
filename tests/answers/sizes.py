"""A right answer to exercise 1, and what turns it into plausible wrong ones."""


def output_size(size, kernel, stride, pad, rounding="floor"):
    room = size + 2 * pad - kernel
    return 1 + (room // stride if rounding == "floor" else -(-room // stride))


def alexnet_sizes():
    pool, conv = (3, 2, 0), (3, 1, 1)
    layers = [(11, 4, 0), pool, (5, 1, 2), pool, conv, conv, conv, pool]
    sizes = [227]
    for kernel, stride, pad in layers:
        sizes.append(output_size(sizes[-1], kernel, stride, pad))
    return sizes[1:]


def conv_parameters(kernel, channels, filters, groups=1):
    seen = channels // groups
    return kernel * kernel * seen * filters + filters


WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    ("size + 2 * pad", "size + pad", "output_size(1, 1, 1, 1) gave 2, and should give 3"),
    ("return 1 + (", "return (", "gave 0, and should give 1"),
    ("-(-room // stride)", "room // stride + 1", "Where windows fit exactly"),
    ("sizes = [227]", "sizes = [224]", "gave 54, and should give 55"),
    ("return 1 + (", "1 + (", "is it written yet?"),
    ("    return sizes[1:]", "    sizes[1:]", "alexnet_sizes() returned None: is it written"),
    ("room // stride if rounding", "round(room / stride) if rounding", "Move a window of"),
    ("seen * filters + filters", "seen * filters", "and a bias each"),
    ("seen = channels // groups", "seen = channels", "sees 1 of the 2 channels"),
    ("seen * filters + filters", "seen * filters // groups + filters", "sees 1 of the 2 channels"),
    ("seen * filters + filters", "seen * (filters + 1)", "and a bias each"),
    ("kernel * kernel * seen", "kernel * seen", "filters of 2 x 2 pixels"),
)
