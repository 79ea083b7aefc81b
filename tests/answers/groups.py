"""A right answer to exercise 12, and what turns it into plausible wrong ones."""

import numpy as np


def conv_forward(x, W, b):
    """Return y and what conv_backward needs: a convolution without groups, padding or stride.

    x (N, H, W, C), W (kh, kw, C, F), b (F,) -> y (N, H - kh + 1, W - kw + 1, F)
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, W.shape[:2], axis=(1, 2))
    y = np.einsum("nijcuv,uvcf->nijf", windows, W) + b
    return y, (x, W)


def conv_backward(gy, cache):
    """Return gx, gW and gb, in the shapes of x, W and b."""
    x, W = cache
    windows = np.lib.stride_tricks.sliding_window_view(x, W.shape[:2], axis=(1, 2))
    gx = np.zeros_like(x, dtype=np.result_type(gy, W))
    _, height, width, _ = gy.shape
    for u in range(W.shape[0]):
        for v in range(W.shape[1]):
            gx[:, u : u + height, v : v + width] += gy @ W[u, v].T
    gW = np.einsum("nijcuv,nijf->uvcf", windows, gy)
    return gx, gW, gy.sum(axis=(0, 1, 2))


def group_slices(W, groups):
    channels, filters = W.shape[2], W.shape[3] // groups
    return [
        (slice(g * channels, (g + 1) * channels), slice(g * filters, (g + 1) * filters))
        for g in range(groups)
    ]


def grouped_forward(x, W, b, groups):
    parts, caches = [], []
    for c, f in group_slices(W, groups):
        y, cache = conv_forward(x[..., c], W[..., f], b[f])
        parts.append(y)
        caches.append(cache)
    return np.concatenate(parts, axis=-1), (caches, W, groups)


def grouped_backward(gy, cache):
    caches, W, groups = cache
    slices = group_slices(W, groups)
    grads = [conv_backward(gy[..., f], part) for (_, f), part in zip(slices, caches, strict=True)]
    return tuple(np.concatenate(arrays, axis=-1) for arrays in zip(*grads, strict=True))


WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    (  # every group sees the first channels
        "conv_forward(x[..., c],",
        "conv_forward(x[..., : W.shape[2]],",
        "Group g has the channels g C/G to (g + 1) C/G of x",
    ),
    (  # filters dealt out like cards: 0, G, 2G, ... to the first group
        "slice(g * filters, (g + 1) * filters)",
        "slice(g, None, groups)",
        "the filters g F/G to (g + 1) F/G",
    ),
    (  # W is cut along its channels, which it has only one group of
        "x[..., c], W[..., f], b[f]",
        "x[..., c], W[:, :, c, f], b[f]",
        "grouped",
    ),
    ("np.concatenate(parts, axis=-1), (", "sum(parts), (", "should have"),
    ("np.concatenate(parts, axis=-1), (", "np.concatenate(parts), (", "should have"),
    (  # backward joins the gradients of W along the channels, as it does those of x
        "np.concatenate(arrays, axis=-1) for arrays in zip(*grads, strict=True)",
        "np.concatenate(arrays, axis) for axis, arrays in zip((3, 2, 0), zip(*grads))",
        "gW has shape (2, 3, 6, 2), and should have (2, 3, 3, 4)",
    ),
    (  # backward hands every group the gradient of the first
        "conv_backward(gy[..., f], part)",
        "conv_backward(gy[..., slices[0][1]], part)",
        "where gy is 0 in the second of two groups",
    ),
    (  # backward in the wrong order
        "(_, f), part in zip(slices, caches",
        "(_, f), part in zip(slices[::-1], caches",
        "where gy is 0 in the second of two groups",
    ),
    (  # the gradient of b is that of the last group, for all
        "return tuple(",
        "grads = [(gx, gW, grads[-1][2]) for gx, gW, _ in grads]\n    return tuple(",
        "GRADIENT MISMATCH grouped_backward -> db",
    ),
    (  # a mean over the groups
        "conv_backward(gy[..., f], part)",
        "conv_backward(gy[..., f] / groups, part)",
        "GRADIENT MISMATCH",
    ),
    ("np.concatenate(parts, axis=-1), (", "np.concatenate(parts[::-1], axis=-1), (", "Group g has"),
)
