"""The update rule of the paper."""

from collections.abc import Mapping
from fnmatch import fnmatch

from minialex.backend import Array, xp_of
from minialex.errors import InputError
from minialex.forms import has_kernel
from minialex.threads import parallel, workers_for

PIECE = 1 << 18  # numbers that a worker updates at a time


class SGD:
    """Stochastic gradient descent with momentum, Krizhevsky et al. 2012, section 5.

    v <- momentum v - lr decay w - lr g;   w <- w + v

    The learning rate acts inside the velocity. PyTorch's v <- momentum v + g, w <- w - lr v is the
    same until the rate changes, and differs from then on.

    Parameters
    ----------
    params : dict
        C-contiguous arrays by name, such as "conv1.W"; `step` changes them in place.
    momentum, weight_decay : float
    lr_scale, decay_scale : dict
        Factors by pattern, such as {"*.b": 2}: Krizhevsky's code runs biases at twice the rate.
        The last pattern that matches a name counts.

    Raises
    ------
    InputError
        A pattern matches no parameter, or a parameter is not C-contiguous.
    """

    def __init__(
        self,
        params: dict[str, Array],
        momentum: float = 0.9,
        weight_decay: float = 5e-4,
        lr_scale: Mapping[str, float] | None = None,
        decay_scale: Mapping[str, float] | None = None,
    ) -> None:
        for name, w in params.items():
            if not w.flags.c_contiguous:
                raise InputError(f"{name} is not C-contiguous: give np.ascontiguousarray of it")
        self.params, self.momentum, self.weight_decay = params, momentum, weight_decay
        self.velocity = {name: xp_of(w).zeros_like(w) for name, w in params.items()}
        self.lr_scale = _by_name(params, lr_scale or {}, "lr_scale")
        self.decay_scale = _by_name(params, decay_scale or {}, "decay_scale")

    def step(self, grads: Mapping[str, Array], lr: float) -> None:
        """Update every parameter, given gradients under the same names."""
        pieces = [(name, i) for name, w in self.params.items() for i in range(0, w.size, PIECE)]

        def update(worker: int, start: int, stop: int) -> None:
            for name, i in pieces[start:stop]:
                arrays = self.params[name], self.velocity[name], grads[name]
                w, v, g = (array.reshape(-1)[i : i + PIECE] for array in arrays)
                rate, decay = lr * self.lr_scale[name], self.weight_decay * self.decay_scale[name]
                sgd_update(w, v, g, rate, self.momentum, decay)

        if pieces:
            parallel(update, len(pieces), 1, workers_for(self.params[pieces[0][0]]))


@has_kernel("sgd.update")
def sgd_update(w: Array, v: Array, g: Array, lr: float, momentum: float, decay: float) -> None:
    """Change v and w in place."""
    v *= momentum
    v -= lr * (decay * w + g)
    w += v


def _by_name(
    params: Mapping[str, Array], factors: Mapping[str, float], what: str
) -> dict[str, float]:
    """Return a factor for every parameter: 1, or that of the last pattern that matches."""
    for pattern in factors:
        if not any(fnmatch(name, pattern) for name in params):
            raise InputError(f"{what}: {pattern!r} matches none of {', '.join(params)}")
    scale = dict.fromkeys(params, 1.0)
    for pattern, factor in factors.items():
        scale.update({name: factor for name in params if fnmatch(name, pattern)})
    return scale
