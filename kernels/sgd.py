"""The update of the paper in one pass over memory, equal to `sgd_update`."""

from numba import njit


def update(w, v, g, lr, momentum, decay):
    """Change v and w in place: v <- momentum v - lr (decay w + g), w <- w + v. Flat arrays."""
    real = w.dtype.type
    _update(w, v, g, real(lr), real(momentum), real(decay))


@njit(nogil=True, cache=True)
def _update(w, v, g, lr, momentum, decay):
    for i in range(w.size):
        v[i] = momentum * v[i] - lr * (decay * w[i] + g[i])
        w[i] += v[i]
