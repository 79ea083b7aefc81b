"""The smooth activations: what networks had before the rectifier, and its smooth relative."""

from minialex.backend import Array, xp_of
from minialex.layer import Layer
from minialex.threads import images_per_block, parallel


class Smooth(Layer):
    """y = f(x), number by number, of any shape; a subclass gives f and its derivative."""

    def function(self, x: Array) -> Array:
        """Return f(x)."""
        raise NotImplementedError

    def derivative(self, x: Array, y: Array) -> Array:
        """Return f'(x), given y = f(x)."""
        raise NotImplementedError

    def forward(self, x: Array, train: bool = False) -> Array:
        self.x, self.y = x, self.buffer("y", x.shape, x)
        y = self.y

        def apply(worker: int, start: int, stop: int) -> None:
            y[start:stop] = self.function(x[start:stop])

        parallel(apply, len(x), images_per_block(x), x)
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        if not need_gx:
            return None
        x, y, gx = self.x, self.y, self.buffer("gx", gy.shape, gy)

        def pass_on(worker: int, start: int, stop: int) -> None:
            gx[start:stop] = gy[start:stop] * self.derivative(x[start:stop], y[start:stop])

        parallel(pass_on, len(gy), images_per_block(gy), gy)
        return gx


class Sigmoid(Smooth):
    """y = 1 / (1 + e^-x), the logistic function.   y' = y (1 - y), at most 1/4."""

    kind = "sigmoid"

    def function(self, x: Array) -> Array:
        return logistic(x)

    def derivative(self, x: Array, y: Array) -> Array:
        return y * (1 - y)


class Tanh(Smooth):
    """y = tanh(x), the neuron that Krizhevsky et al. 2012, section 3.1, compare ReLU with.

    y' = 1 - y^2
    """

    kind = "tanh"

    def function(self, x: Array) -> Array:
        return xp_of(x).tanh(x)

    def derivative(self, x: Array, y: Array) -> Array:
        return 1 - y * y


class Softplus(Smooth):
    """y = log(1 + e^x), a ReLU without a corner; Glorot, Bordes, Bengio 2011, section 3.

    y' = 1 / (1 + e^-x). At 0 it is log 2, not 0. PyTorch's is x itself above 20.
    """

    kind = "softplus"

    def function(self, x: Array) -> Array:
        xp = xp_of(x)
        return xp.where(x > 0, x, x.dtype.type(0)) + xp.log1p(decay(x))

    def derivative(self, x: Array, y: Array) -> Array:
        return logistic(x)


def logistic(x: Array) -> Array:
    """Return 1 / (1 + e^-x), written as e^x / (1 + e^x) below zero so that nothing overflows."""
    e = decay(x)
    return xp_of(x).where(x > 0, x.dtype.type(1), e) / (1 + e)


def decay(x: Array) -> Array:
    """Return `e^-|x|`, which is at most 1. Without abs: complex steps must pass through."""
    xp = xp_of(x)
    return xp.exp(xp.where(x > 0, -x, x))
