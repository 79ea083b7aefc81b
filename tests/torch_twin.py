"""PyTorch as the oracle, in one place.

The functions take and return tensors in minialex's layout, (N, H, W, C) and (kh, kw, C/groups, F),
and transpose inside: what autograd returns is then in our layout too. Nothing in the first part
calls the code under test; the second part holds a layer against its twin.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from minialex import threads
from minialex.strategies import distinct_array

TOLERANCE = {"float64": 1e-10, "float32": 1e-4}  # relative to a tensor's largest entry
Sides = tuple[int, int, int, int]  # top, bottom, left, right

torch.set_num_threads(1)  # the cases are small: a second thread makes them ten times slower


def conv2d(x, W, b, *, stride=1, padding: Sides = (0, 0, 0, 0), groups: int = 1):
    """Cross-correlation of x (N, H, W, C) with W (kh, kw, C // groups, F)."""
    W = W.permute(3, 2, 0, 1).contiguous()
    y = F.conv2d(_padded(x, padding), W, b, stride, groups=groups)
    return y.permute(0, 2, 3, 1)


def max_pool2d(x, *, kernel, stride, padding: Sides = (0, 0, 0, 0)):
    """Max-pooling; the padding is ours, because PyTorch's own ends at half a kernel."""
    y = F.max_pool2d(_padded(x, padding, -float("inf")), kernel, stride)
    return y.permute(0, 2, 3, 1)


def avg_pool2d(x, *, kernel, stride, padding: Sides = (0, 0, 0, 0)):
    """The sum of every window divided by how many of its cells are no padding."""
    sums = [
        F.avg_pool2d(_padded(a, padding), kernel, stride, divisor_override=1)
        for a in (x, torch.ones_like(x))
    ]
    return (sums[0] / sums[1]).permute(0, 2, 3, 1)


def locally_connected2d(x, W, b, *, stride=1, padding: Sides = (0, 0, 0, 0)):
    """Cross-correlation with W (OH, OW, kh, kw, C, F): own filters at every position."""
    out_height, out_width, kh, kw, channels, _ = W.shape
    cols = F.unfold(_padded(x, padding), (kh, kw), stride=stride)  # (N, C kh kw, OH OW)
    cols = cols.reshape(len(x), channels, kh, kw, out_height, out_width)
    return torch.einsum("nchwij,ijhwcf->nijf", cols, W) + b


def lrn(x, *, n=5, k=2.0, alpha=1e-4, beta=0.75, alpha_over_n=False, groups: int = 1):
    """Normalisation within each group of channels; PyTorch always divides alpha by n."""
    alpha = alpha if alpha_over_n else alpha * n
    towers = x.permute(0, 3, 1, 2).chunk(groups, dim=1)
    y = torch.cat([F.local_response_norm(t, n, alpha, beta, k) for t in towers], dim=1)
    return y.permute(0, 2, 3, 1)


def map_lrn(x, *, size, k, alpha, beta):
    """Normalisation by the sum of squares over size x size pixels of the same map."""
    before, after = size // 2, size - 1 - size // 2
    squares = _padded(x * x, (before, after, before, after))
    scale = k + alpha * F.avg_pool2d(squares, size, stride=1)  # the mean divides by size^2
    return x / scale.permute(0, 2, 3, 1) ** beta


def zero_pad2d(x, sides: Sides):
    return _padded(x, sides).permute(0, 2, 3, 1)


def flatten(x):
    """(N, H, W, C) -> (N, H*W*C), in our order of the axes."""
    return x.flatten(1)


def linear(x, W, b):
    """x (N, D) times W (D, M)."""
    return x @ W + b


def relu(x):
    return F.relu(x)


def leaky_relu(x, slope):
    return F.leaky_relu(x, slope)


def prelu(x, a):
    """PyTorch's channels are axis 1."""
    return F.prelu(x.movedim(-1, 1), a).movedim(1, -1)


def sigmoid(x):
    return torch.sigmoid(x)


def tanh(x):
    return torch.tanh(x)


def softplus(x):
    return F.softplus(x, threshold=40)  # above, PyTorch's is x itself; its default is 20


def softmax(x):
    return F.softmax(x, dim=-1)


def _padded(x, sides: Sides, value: float = 0.0):
    top, bottom, left, right = sides
    return F.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom), value=value)


def vjp(function: Callable, gy: np.ndarray, *arrays: np.ndarray) -> list[np.ndarray]:
    """Return y = function(*arrays) and the gradient of sum(gy * y) for every array."""
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = function(*tensors)
    assert tuple(y.shape) == gy.shape
    gradients = torch.autograd.grad(y, tensors, torch.tensor(gy))
    return [t.detach().numpy() for t in (y, *gradients)]


# Layers against their twins --------------------------------------------------------------------


def randomised(layer, shape: tuple[int, ...], rng: np.random.Generator, dtype: str = "float64"):
    """Return `layer`, built for x of this shape (batch included), with no parameter zero."""
    layer.build(shape[1:], rng, dtype)
    for value in layer.params.values():
        value[...] = distinct_array(value.shape, rng)
    return layer


def results(layer, x, gy, train: bool = False) -> dict[str, np.ndarray]:
    """Run both passes; return copies of y, gx and the parameters' gradients."""
    y = layer.forward(x, train)
    found = {"y": y, "gx": layer.backward(gy)}
    found |= {f"g{name}": value for name, value in layer.grads.items()}
    return {name: np.array(value) for name, value in found.items()}


def check(layer, twin: Callable, x: np.ndarray, seed: int, floor: float = 0.0) -> None:
    """Assert that both passes of a built layer agree with `twin` for a random gy.

    The twin works in float64 whatever the layer's dtype; see `assert_close` for `floor`.
    """
    rng = np.random.default_rng(seed)
    gy = rng.standard_normal((len(x), *layer.output_shape(x.shape[1:]))).astype(x.dtype)
    found = results(layer, x, gy)
    wide = [a.astype("float64") for a in (gy, x, *layer.params.values())]
    for (name, ours), theirs in zip(found.items(), vjp(twin, *wide), strict=True):
        assert ours.dtype == x.dtype, f"{name} is {ours.dtype}, x is {x.dtype}"
        assert_close(ours, theirs, TOLERANCE[x.dtype.name], name, floor)


def assert_close(actual, expected, tolerance: float, what: str = "", floor: float = 0.0) -> None:
    """Assert |actual - expected| <= tolerance * the largest |expected|, but at least `floor`.

    The floor is for sums whose terms are about 1: one that cancels has lost digits rightly.
    """
    assert actual.shape == expected.shape, f"{what}: {actual.shape} for {expected.shape}"
    scale = max(np.abs(expected).max(initial=0), floor)
    error = np.abs(actual - expected).max(initial=0)
    assert error <= tolerance * scale, f"{what} differs by {error:.3g}, its scale is {scale:.3g}"


@contextmanager
def in_blocks_of(size: int) -> Iterator[None]:
    """Give a block of windows so many bytes: with few of them it is a single row of a picture."""
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "block_bytes", lambda x, cached: asked.append(x) or size)
        yield
    assert asked  # or nothing was split
