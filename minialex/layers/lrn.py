"""Local response normalisation across channels."""

from typing import ClassVar

from minialex.backend import Array, xp_of
from minialex.errors import InputError
from minialex.forms import has_kernel
from minialex.layer import Layer, Shape
from minialex.threads import images_per_block, parallel


class LRN(Layer):
    """Local response normalisation, Krizhevsky et al. 2012, section 3.3.

    With j in a window of n channels around channel i::

        S_i = k + alpha * sum over j of x_j^2
        y_i = x_i S_i^-beta

    x, y: (N, H, W, C). The window of channel i starts at i - n // 2, is n wide, and is clipped at
    the first and the last channel of the group.

    One name, four functions: the paper sums, Caffe, PyTorch and Krizhevsky's own code divide alpha
    by n, TensorFlow gives half the window, and the defaults are far apart. `LRN.paper()`,
    `.krizhevsky()`, `.caffe()`, `.torch()` and `.tensorflow()` take each house's parameters.

    Parameters
    ----------
    n : int
        Adjacent channels, even or odd; may exceed C.
    k, alpha, beta : float
        k > 0, or a pixel of zeros would be 0 / 0.
    alpha_over_n : bool
        Divide alpha by n, also where the window is clipped.
    groups : int
        Windows never cross the border of a group: 2 for the paper's two GPUs.
    """

    kind = "lrn"
    gradcheck_example: ClassVar = {"kwargs": {"alpha": 0.5}, "x": (2, 3, 2, 7)}

    def __init__(
        self,
        n: int = 5,
        k: float = 2.0,
        alpha: float = 1e-4,
        beta: float = 0.75,
        alpha_over_n: bool = False,
        groups: int = 1,
    ) -> None:
        super().__init__()
        whole = isinstance(n, int) and isinstance(groups, int) and min(n, groups) >= 1
        if not (whole and k > 0 and alpha >= 0):  # NaN is neither
            raise InputError(
                f"lrn: n={n}, k={k}, alpha={alpha}, groups={groups}: n and groups must be "
                "whole numbers of at least 1, k above 0, alpha at least 0"
            )
        self.n, self.k, self.alpha, self.beta, self.groups = n, k, alpha, beta, groups
        self.alpha_over_n = alpha_over_n
        self.c = alpha / n if alpha_over_n else alpha

    @classmethod
    def paper(cls, groups: int = 1) -> "LRN":
        """Return section 3.3 as printed: a sum over n = 5 channels, k = 2, alpha = 1e-4."""
        return cls(5, 2.0, 1e-4, 0.75, groups=groups)

    @classmethod
    def krizhevsky(
        cls, size: int = 5, scale: float = 1e-4, pow: float = 0.75, *, k: float, groups: int = 1
    ) -> "LRN":
        """Return cuda-convnet's `cmrnorm`: (k + scale / size * sum)^pow.

        The division is in its layer.py, NormLayerParser. k is 1 in cuda-convnet, and `minDiv`,
        default 1, in its successors; the network behind the paper (run 145) has 2, with our
        defaults: a fifth of the alpha that the paper prints.
        """
        return cls(size, k, scale, pow, alpha_over_n=True, groups=groups)

    @classmethod
    def caffe(
        cls, local_size: int = 5, alpha: float = 1.0, beta: float = 0.75, k: float = 1.0
    ) -> "LRN":
        """Return Caffe's across channels, with the defaults of caffe.proto.

        Its AlexNets give alpha and beta and leave k at 1. Even sizes are refused, as there.
        """
        if local_size % 2 == 0:
            raise InputError(f"lrn: local_size={local_size}: Caffe takes odd sizes only")
        return cls(local_size, k, alpha, beta, alpha_over_n=True)

    @classmethod
    def torch(cls, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> "LRN":
        """Return torch.nn.LocalResponseNorm.

        Its documentation sums from i - size/2 to i + size/2, which is size + 1 channels where size
        is even; its code, like this layer, sums `size` of them.
        """
        return cls(size, k, alpha, beta, alpha_over_n=True)

    @classmethod
    def tensorflow(
        cls, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5
    ) -> "LRN":
        """Return tf.nn.local_response_normalization: a sum over 2 depth_radius + 1 channels."""
        return cls(2 * depth_radius + 1, bias, alpha, beta)

    def output_shape(self, input_shape: Shape) -> Shape:
        if input_shape[-1] % self.groups:
            raise InputError(
                f"{self.label()}: {input_shape[-1]} channels cannot be split into "
                f"{self.groups} groups"
            )
        return input_shape

    def forward(self, x: Array, train: bool = False) -> Array:
        self.x = x = xp_of(x).ascontiguousarray(x)
        y = self.buffer("y", x.shape, x)

        def normalise(worker: int, start: int, stop: int) -> None:
            lrn_forward(x[start:stop], y[start:stop], *self._constants())

        parallel(normalise, len(x), images_per_block(x), x)
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        if not need_gx:
            return None
        x, gy = self.x, xp_of(gy).ascontiguousarray(gy)
        gx = self.buffer("gx", x.shape, gy)

        def propagate(worker: int, start: int, stop: int) -> None:
            lrn_backward(x[start:stop], gy[start:stop], gx[start:stop], *self._constants())

        parallel(propagate, len(x), images_per_block(x), x)
        return gx

    def _constants(self) -> tuple[int, float, float, float, int]:
        return self.n, self.k, self.c, self.beta, self.groups

    def form(self, input_shape: Shape) -> str:
        return lrn_forward.form()

    def details(self) -> str:
        return f"n {self.n}" + (f", groups {self.groups}" if self.groups > 1 else "")


@has_kernel("lrn.forward")
def lrn_forward(x: Array, y: Array, n: int, k: float, c: float, beta: float, groups: int) -> None:
    """Write y_i = x_i S_i^-beta."""
    scale = k + c * window_sum(x * x, n, n // 2, groups)
    y[...] = x * scale**-beta


@has_kernel("lrn.backward")
def lrn_backward(
    x: Array, gy: Array, gx: Array, n: int, k: float, c: float, beta: float, groups: int
) -> None:
    """Write gx_i = gy_i S_i^-beta - 2 c beta x_i * sum over m of gy_m y_m / S_m.

    m runs over the channels whose window holds i: a window mirrored about i, which matters for
    even n.
    """
    scale = k + c * window_sum(x * x, n, n // 2, groups)
    power = scale**-beta
    ratio = gy * x * power / scale
    gx[...] = gy * power - 2 * c * beta * x * window_sum(ratio, n, n - 1 - n // 2, groups)


def window_sum(a: Array, n: int, before: int, groups: int) -> Array:
    """Return, for each channel, the sum over n channels of its group, `before` of them before it.

    Every sum is fresh: a running sum that subtracts what leaves the window keeps the rounding
    error of the largest value it ever held.
    """
    xp = xp_of(a)
    split = a.reshape(*a.shape[:-1], groups, -1)
    channels = split.shape[-1]
    ends = xp.pad(split, [(0, 0)] * (split.ndim - 1) + [(before, n - 1 - before)])
    total = ends[..., :channels].copy()
    for j in range(1, n):
        total += ends[..., j : j + channels]
    return total.reshape(a.shape)
