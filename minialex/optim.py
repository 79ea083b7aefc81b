"""What every update rule shares, and the rule of the paper."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from minialex.backend import Array, np, xp_of
from minialex.errors import InputError
from minialex.forms import has_kernel
from minialex.threads import parallel

PIECE = 1 << 18  # numbers that a worker updates at a time


class Optimiser:
    """Changes parameters in place, given their gradients.

    A subclass has an `update` for one piece of one parameter, and a `state`.

    Parameters
    ----------
    params : dict
        C-contiguous arrays by name, such as "conv1.W".
    weight_decay : float
    lr_scale : dict
        Factors of the learning rate by pattern, such as `{"*.b": 2}`. The last pattern that matches
        a name counts. A factor of 0 freezes: neither parameter nor state change.
    decay : dict
        Weight decay by pattern, in place of `weight_decay`, such as `{"*.b": 0}`.

    Raises
    ------
    InputError
        A pattern matches no parameter, or a parameter is not C-contiguous.
    """

    prefix: str  # of the names in `state`

    def __init__(
        self,
        params: dict[str, Array],
        weight_decay: float,
        lr_scale: Mapping[str, float] | None = None,
        decay: Mapping[str, float] | None = None,
    ) -> None:
        for name, w in params.items():
            if not w.flags.c_contiguous:
                raise InputError(f"{name} is not C-contiguous: give np.ascontiguousarray of it")
        self.params = params
        self.lr_scale = by_name(params, lr_scale or {}, 1.0, "lr_scale")
        self.decay = by_name(params, decay or {}, weight_decay, "decay")

    def state(self) -> dict[str, Array]:
        """Return what it remembers of earlier steps: the arrays themselves, to store or to set."""
        raise NotImplementedError

    def update(self, name: str, piece: slice, g: Array, lr: float) -> None:
        """Learn from the flat gradient of a piece of a parameter, at this rate."""
        raise NotImplementedError

    def step(self, grads: Mapping[str, Array], lr: float) -> None:
        """Update every parameter, given gradients under the same names."""
        pieces = [
            (name, piece)
            for name, w in self.params.items()
            if self.lr_scale[name]
            for piece in pieces_of(w)
        ]

        def work(worker: int, start: int, stop: int) -> None:
            for name, piece in pieces[start:stop]:
                g = grads[name].reshape(-1)[piece]
                self.update(name, piece, g, lr * self.lr_scale[name])

        if pieces:
            parallel(work, len(pieces), 1, self.params[pieces[0][0]])


class SGD(Optimiser):
    """Stochastic gradient descent with momentum, Krizhevsky et al. 2012, section 5.

    The learning rate acts inside the velocity::

        v <- momentum v - lr decay w - lr g
        w <- w + v

    PyTorch's v <- momentum v + g, w <- w - lr v is the same until the rate changes, and differs
    from then on. `Optimiser` explains the patterns.
    """

    prefix = "velocity."

    def __init__(
        self,
        params: dict[str, Array],
        momentum: float = 0.9,
        weight_decay: float = 5e-4,
        lr_scale: Mapping[str, float] | None = None,
        decay: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(params, weight_decay, lr_scale, decay)
        self.momentum = momentum
        self.velocity = {name: xp_of(w).zeros_like(w) for name, w in params.items()}

    def state(self) -> dict[str, Array]:
        return {f"velocity.{name}": v for name, v in self.velocity.items()}

    def update(self, name: str, piece: slice, g: Array, lr: float) -> None:
        w, v = (array[name].reshape(-1)[piece] for array in (self.params, self.velocity))
        sgd_update(w, v, g, lr, self.momentum, self.decay[name])


@has_kernel("sgd.update")
def sgd_update(w: Array, v: Array, g: Array, lr: float, momentum: float, decay: float) -> None:
    """Change v and w in place."""
    v *= momentum
    v -= lr * (decay * w + g)
    w += v


def pieces_of(w: Array) -> list[slice]:
    """Return what a worker updates at a time; a GPU takes the whole parameter."""
    size = PIECE if xp_of(w) is np else max(w.size, 1)
    return [slice(i, i + size) for i in range(0, w.size, size)]


def by_name(
    names: Iterable[str], values: Mapping[str, float], default: float, what: str
) -> dict[str, float]:
    """Return a value for every name: the default, or that of the last pattern that matches.

    >>> by_name(["conv1.W", "conv1.b"], {"*.b": 2}, 1.0, "lr_scale")
    {'conv1.W': 1.0, 'conv1.b': 2}
    """
    chosen = dict.fromkeys(names, default)
    for pattern, value in values.items():
        chosen.update(dict.fromkeys(matching(chosen, pattern, what), value))
    return chosen


def matching(names: Iterable[str], pattern: str, what: str) -> list[str]:
    """Return the names that a pattern matches; InputError, with `what` it is for, if none."""
    found = [name for name in names if fnmatchcase(name, pattern)]
    if not found:
        raise InputError(f"{what}: {pattern!r} matches none of {', '.join(names)}")
    return found
