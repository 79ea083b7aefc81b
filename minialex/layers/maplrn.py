"""Local response normalisation within each map."""

from typing import ClassVar

from minialex.backend import Array, xp_of
from minialex.errors import InputError
from minialex.layer import Layer, Shape
from minialex.threads import images_per_block, parallel


class MapLRN(Layer):
    """Local response normalisation within a map; `type=rnorm` of cuda-convnet (conv_util.cu).

    With q in a square of size x size pixels around pixel p::

        S_p = k + alpha / size^2 * sum over q of x_q^2
        y_p = x_p S_p^-beta

    x, y: (N, H, W, C). The square of the pixel (i, j) starts at (i - size // 2, j - size // 2) and
    is clipped at the border of the picture; alpha is divided by size^2 there too.

    The network behind the paper has one after conv2's LRN (run 145, `cnorm2`: 5x5, scale .001,
    k = 1) that the paper does not mention. By its name it is a contrast normalisation; its type is
    rnorm, this layer. The type cnorm, which no network here has, sums squared deviations from the
    local mean. Its backward pass takes that mean for a constant: it is not the derivative.

    Parameters
    ----------
    size : int
        Side of the square in pixels, even or odd; may exceed the picture.
    k, alpha, beta : float
        k > 0, or a picture of zeros would be 0 / 0. cuda-convnet: k = 1, alpha is `scale`, beta is
        `pow`. The defaults are those of run 145.
    """

    kind = "maplrn"
    gradcheck_example: ClassVar = {"kwargs": {"size": 3, "alpha": 5.0}, "x": (2, 7, 6, 3)}

    def __init__(
        self, size: int = 5, k: float = 1.0, alpha: float = 1e-3, beta: float = 0.75
    ) -> None:
        super().__init__()
        if not isinstance(size, int) or size < 1 or not k > 0 or not alpha >= 0:
            raise InputError(
                f"maplrn: size={size}, k={k}, alpha={alpha}: size must be a whole number of at "
                "least 1, k above 0, alpha at least 0"
            )
        self.size, self.k, self.alpha, self.beta = size, k, alpha, beta

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 3:
            raise InputError(f"{self.label()} needs (height, width, channels), not {input_shape}")
        return input_shape

    def forward(self, x: Array, train: bool = False) -> Array:
        self.x = x
        y = self.buffer("y", x.shape, x)
        S = self.S = self.buffer("S", x.shape, x)

        def normalise(worker: int, start: int, stop: int) -> None:
            block = slice(start, stop)
            S[block] = self._scale(x[block])
            xp_of(x).multiply(x[block], inverse_power(S[block], self.beta), out=y[block])

        parallel(normalise, len(x), images_per_block(x), x)
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        """Return gx_p = gy_p S_p^-beta - 2 c beta x_p * sum over m of gy_m y_m / S_m.

        c = alpha / size^2. m runs over the pixels whose square holds p: a square mirrored about p,
        which matters for even sizes.
        """
        if not need_gx:
            return None
        x, gx = self.x, self.buffer("gx", self.x.shape, gy)
        c, mirrored = self.alpha / self.size**2, self.size - 1 - self.size // 2

        def propagate(worker: int, start: int, stop: int) -> None:
            block = slice(start, stop)
            S = self.S[block]
            direct = gy[block] * inverse_power(S, self.beta)
            back = square_sum(direct * x[block] / S, self.size, mirrored)
            back *= 2 * c * self.beta
            back *= x[block]
            xp_of(x).subtract(direct, back, out=gx[block])

        parallel(propagate, len(x), images_per_block(x), x)
        return gx

    def _scale(self, x: Array) -> Array:
        squares = square_sum(x * x, self.size, self.size // 2)
        return self.k + self.alpha / self.size**2 * squares

    def details(self) -> str:
        return f"{self.size}x{self.size}"


def inverse_power(S: Array, beta: float) -> Array:
    """Return S^-beta; for the 3/4 of all networks by square roots, which are faster."""
    if beta == 0.75:
        root = xp_of(S).sqrt(S)
        return 1 / (root * xp_of(S).sqrt(root))
    return S**-beta


def square_sum(a: Array, size: int, before: int) -> Array:
    """Return, for each pixel, the sum over size x size pixels, `before` of them above and left.

    Rows first, then columns: 2 size additions in place of size^2.
    """
    return window_sum(window_sum(a, size, before, axis=1), size, before, axis=2)


def window_sum(a: Array, size: int, before: int, axis: int) -> Array:
    """Return the sum over `size` neighbours along an axis, `before` of them before each.

    Every sum is fresh: a running sum that subtracts what leaves the window keeps the rounding
    error of the largest value it ever held.
    """
    total = a.copy()
    source, target = (xp_of(a).moveaxis(b, axis, 0) for b in (a, total))
    length = len(source)
    for shift in range(1, size - before):
        target[: max(length - shift, 0)] += source[shift:]
    for shift in range(1, before + 1):
        target[shift:] += source[: max(length - shift, 0)]
    return total
