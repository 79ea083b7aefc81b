"""The layers of this package without their faults, on drawn geometries.

READERS and DECEPTIVE: name -> (strategy, make), where make(geometry, draw) returns a case and
draw(*shape) an array.
"""

import numpy as np
from hypothesis import strategies as st

from minialex.strategies import conv_geometry, lrn_geometry, pool_geometry
from mutants import (
    ON_PICTURES,
    ON_ROWS,
    activations,
    conv,
    conv_loops,
    dense,
    dropout,
    loss,
    lrn,
    norm,
    pool,
    pool_loops,
    smooth,
)
from mutants.case import Case, built


def sides(*bounds: tuple[int, int]):
    """Shapes, each side between two bounds."""
    return st.tuples(*(st.integers(low, high) for low, high in bounds))


CONV = conv_geometry(outputs=3, kernels=3, strides=4).filter(lambda c: c.batch)
POOL = pool_geometry().filter(lambda c: c.batch and max(c.rows.size, c.columns.size) < 9)
NORM = lrn_geometry().filter(lambda c: c.shape[0])
ROWS = sides((1, 4), (2, 5))
PICTURES = sides((1, 3), (1, 4), (1, 4), (1, 3))
HALF_PICTURES = sides((1, 2), (1, 2), (1, 2), (1, 2))
IN_LOOPS = st.tuples(sides((1, 2), (1, 2), (3, 5), (3, 5)), st.integers(1, 3), st.integers(1, 3),
                     st.integers(0, 1))  # shape, kernel, stride, padding  # fmt: skip


def layer(shapes, make):
    """Return the pair for layers that need nothing but an input."""
    return shapes, lambda shape, draw: Case(make(), draw(*shape))


def built_on(new_layer, x) -> Case:
    return Case(built(new_layer, x), x)


def labelled(make):
    return ROWS, lambda shape, draw: Case(
        make(), draw(*shape), np.arange(shape[0]) % shape[1]
    )  # fmt: skip


def windows(c) -> dict:
    return {"kernel": c.kernel, "stride": c.stride, "pad": c.padding}


def drawn_conv(c, draw):
    return built_on(conv.Conv(c.filters, groups=c.groups, **windows(c)), draw(*c.shape))


def conv_in_loops(geometry, draw):
    shape, k, s, p = geometry
    w, b = draw(2, shape[1], k, k), draw(2)
    return Case(conv_loops.pair_of_functions(None), draw(*shape), w, b, {"stride": s, "pad": p})


def book_conv(geometry, draw):
    shape, k, s, p = geometry
    return Case(conv_loops.Convolution(draw(2, shape[1], k, k), draw(2), s, p), draw(*shape))


def pool_in_loops(geometry, draw):
    shape, k, s, _ = geometry
    param = {"pool_height": k, "pool_width": min(k + 1, 3), "stride": s}
    return Case(pool_loops.pair_of_functions(None), draw(*shape), param)


def book_pool(geometry, draw):
    shape, k, s, _ = geometry
    return Case(pool_loops.Pooling(k, min(k + 1, 3), s), draw(*shape))


def drawn_lrn(c, draw):
    return Case(lrn.LRN(c.n, c.k, c.alpha, c.beta), draw(*c.shape))


def lrn_in_loops(c, draw):
    x = draw(*c.shape).transpose(0, 3, 1, 2)
    return Case(lrn.LRNLoops(c.n, c.k, c.alpha, c.beta), x)


def book_dense(shape, draw):
    return Case(dense.Affine(draw(int(np.prod(shape[1:])), 2), draw(2)), draw(*shape))


def batch_norm(shape, draw):
    gamma, beta = draw(shape[1]), draw(shape[1])
    return Case(norm.pair_of_functions(None), draw(*shape), gamma, beta, {"eps": 1e-5})


def even(make):
    """For right layers on pictures, whose height and width are even."""
    return lambda s, draw: make(draw(s[0], s[1], 2 * s[2], 2 * s[3]))


READERS = {
    "conv": (CONV, drawn_conv),
    "conv in loops": (IN_LOOPS, conv_in_loops),
    "book's conv": (IN_LOOPS, book_conv),
    "max-pool": (POOL, lambda c, draw: Case(pool.MaxPool(**windows(c)), draw(*c.shape))),
    "average pool": (POOL, lambda c, draw: Case(pool.AvgPool(**windows(c)), draw(*c.shape))),
    "max-pool in loops": (IN_LOOPS, pool_in_loops),
    "book's max-pool": (IN_LOOPS, book_pool),
    "global average": layer(PICTURES, pool_loops.GlobalAverage),
    "LRN": (NORM, drawn_lrn),
    "LRN in loops": (NORM, lrn_in_loops),
    "ReLU": layer(PICTURES, activations.ReLU),
    "leaky ReLU": layer(PICTURES, activations.LeakyReLU),
    "PReLU": (PICTURES, lambda s, draw: Case(activations.PReLU(draw(s[1])), draw(*s))),
    **{name: layer(ROWS, lambda pair=pair: pair(None)) for name, pair in smooth.PAIRS.items()},
    "dropout": layer(PICTURES, dropout.Dropout),
    "book's dropout": layer(ROWS, dropout.BookDropout),
    "dense": (ROWS, lambda s, draw: built_on(dense.Linear(3), draw(*s))),
    "dense, float32": (ROWS, lambda s, draw: built_on(dense.Linear(3), np.float32(draw(*s)))),
    "book's dense": (PICTURES, book_dense),
    "flatten": layer(PICTURES, dense.Flatten),
    "batch norm": (ROWS.filter(lambda s: s[0] > 1), batch_norm),
    "softmax": layer(ROWS, loss.Softmax),
    "cross-entropy": labelled(loss.SoftmaxWithLoss),
    "hinge loss": labelled(lambda: loss.svm_loss(None)),
    "mean square": (ROWS, lambda s, draw: Case(loss.mean_square(None), draw(*s), draw(*s))),
}

DECEPTIVE = {
    **{name: (ROWS, lambda s, draw, make=make: make(draw(*s))) for name, make in ON_ROWS.items()},
    **{name: (HALF_PICTURES, even(make)) for name, make in ON_PICTURES.items()},
}
