"""Rectifiers that leak: a small slope below zero, given, learnt or drawn."""

import numpy as np

from minialex.backend import Array, random, xp_of
from minialex.errors import InputError
from minialex.layer import Layer, Shape
from minialex.threads import images_per_block, parallel, sum_of_workers, workers_for, zeros


class LeakyReLU(Layer):
    """y = x where x > 0, else slope * x; Maas, Hannun, Ng 2013.   Any shape.

    The derivative at 0 is the slope. A NaN stays NaN.

    Parameters
    ----------
    slope : float
        At least 0; 0 is ReLU of finite numbers.
    """

    kind = "leaky"

    def __init__(self, slope: float = 0.01) -> None:
        super().__init__()
        if not slope >= 0:
            raise InputError(f"leaky: slope={slope} is not a number of at least 0")
        self.slope = slope

    def slopes(self, x: Array, train: bool) -> Array | float:
        """Return the slope below zero: one, one a channel or one a number of x."""
        return self.slope

    def forward(self, x: Array, train: bool = False) -> Array:
        xp = xp_of(x)
        self.x, y = x, self.buffer("y", x.shape, x)
        self.a = a = xp.broadcast_to(xp.asarray(self.slopes(x, train), x.dtype), x.shape)

        def leak(worker: int, start: int, stop: int) -> None:
            xs = x[start:stop]
            y[start:stop] = xp.where(xs > 0, xs, a[start:stop] * xs)

        parallel(leak, len(x), images_per_block(x), x)
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        if not need_gx:
            return None
        x, a, gx = self.x, self.a, self.buffer("gx", gy.shape, gy)

        def pass_on(worker: int, start: int, stop: int) -> None:
            gys = gy[start:stop]
            gx[start:stop] = xp_of(gy).where(x[start:stop] > 0, gys, a[start:stop] * gys)

        parallel(pass_on, len(gy), images_per_block(gy), gy)
        return gx

    def details(self) -> str:
        return f"slope {self.slope:g}"


class PReLU(LeakyReLU):
    """LeakyReLU with a slope a that is learnt, one a channel; He et al. 2015, section 2.1.

    x, y: (N, ..., C), a: (C,)::

        y = x where x > 0, else a * x
        ga = sum of gy * x over the x <= 0 of the channel

    He et al. do not decay a: decay would pull towards ReLU.

    Parameters
    ----------
    start : float
        First value of a.
    """

    kind = "prelu"

    def __init__(self, start: float = 0.25) -> None:
        super().__init__()
        self.start = start

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {"a": input_shape[-1:]}

    def build(self, input_shape, rng, dtype="float32"):
        shape = self.param_shapes(input_shape)["a"]
        self.params = {"a": np.full(shape, self.start, dtype)}
        self.grads = {"a": np.zeros(shape, dtype)}

    def slopes(self, x: Array, train: bool) -> Array | float:
        return self.params["a"]

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        x, xp = self.x, xp_of(gy)
        ga = zeros("ga", (workers_for(gy), x.shape[-1]), gy)  # one sum a worker

        def collect(worker: int, start: int, stop: int) -> None:
            xs = x[start:stop]
            below = xp.where(xs > 0, gy.dtype.type(0), gy[start:stop] * xs)
            ga[worker] += below.sum(axis=tuple(range(x.ndim - 1)))

        parallel(collect, len(gy), images_per_block(gy), gy)
        self.grads["a"][...] = sum_of_workers(ga)
        return super().backward(gy, need_gx)

    def details(self) -> str:
        return ""


class RReLU(LeakyReLU):
    """LeakyReLU with a random slope a for each number; Xu, Wang, Chen, Li 2015.

    y = x where x > 0, else a * x, where a is uniform in [low, high) while training, and
    (low + high) / 2 at test. Any shape.

    The paper draws a divisor from 3 ... 8 and tests with its mean, 5.5, a slope of .182. As in
    PyTorch, the slope itself is drawn here, from 1/8 ... 1/3: its mean is .229.

    Parameters
    ----------
    low, high : float
        0 <= low <= high.

    Attributes
    ----------
    rng : numpy.random.Generator
        Made by `build`; its state decides all later slopes.
    """

    kind = "rrelu"

    def __init__(self, low: float = 1 / 8, high: float = 1 / 3) -> None:
        super().__init__()
        if not 0 <= low <= high:
            raise InputError(f"rrelu: low={low}, high={high} are not 0 <= low <= high")
        self.low, self.high = low, high

    def build(self, input_shape: Shape, rng: np.random.Generator, dtype: str = "float32") -> None:
        self.rng = rng.spawn(1)[0]

    def slopes(self, x: Array, train: bool) -> Array | float:
        if not train:
            return (self.low + self.high) / 2
        if self.rng is None:
            raise InputError(f"{self.label()} has no generator: call build, or set rng")
        return self.low + (self.high - self.low) * random(self.rng, x.shape, x)

    def details(self) -> str:
        return f"slope {self.low:.3g} to {self.high:.3g}"
