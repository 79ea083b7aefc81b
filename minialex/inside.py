"""Looking inside a trained network: which pixels, and which places, speak for a class.

Both answers are one backward pass that begins at a logit, where training begins at the loss.
"""

import numpy as np

from minialex.backend import Array, to_host, xp_of
from minialex.errors import InputError, nearest
from minialex.network import Sequential


def class_gradient(
    network: Sequential, x: Array, classes: Array, layer: str | None = None
) -> tuple[Array, Array]:
    """Return what a layer makes of pictures, and the gradient of a logit with respect to it.

    Without a layer this is the saliency of Simonyan, Vedaldi and Zisserman 2013, section 3.

    Parameters
    ----------
    network : Sequential
        Its last layer gives logits. It runs as at test, and its `grads` are overwritten.
    x : (N, H, W, C)
    classes : (N,) of whole numbers
        Which logit of each picture.
    layer : str, optional
        Name of a layer, such as "pool5". Default: none, so that the picture itself is meant.

    Returns
    -------
    a, ga : arrays of one shape
        a is the layer's output, or x; of a convolution that rectifies for the ReLU behind it, what
        that ReLU gives. ga[n] is d logits[n, classes[n]] / d a[n].

    Raises
    ------
    InputError
        There is no such layer, or a class is none of the network's.
    """
    names = [each.name for each in network.layers]
    if layer is not None and layer not in names:
        raise InputError(f"{network.name} has no layer {layer!r}{nearest(layer, names)}")
    behind = 0 if layer is None else names.index(layer) + 1
    chosen, xp = np.asarray(to_host(classes)), xp_of(x)
    if chosen.shape != (len(x),) or not np.isin(chosen, np.arange(network.output_shape[-1])).all():
        raise InputError(
            f"classes={chosen.tolist()}: each of the {len(x)} pictures needs one of "
            f"0 to {network.output_shape[-1] - 1}"
        )
    network.forward(x)  # checks x, and lets every layer remember what its backward needs
    a = x
    for each in network.layers[:behind]:
        a = each.forward(a)
    gy = xp.zeros((len(x), *network.output_shape), x.dtype)
    gy[xp.arange(len(x)), xp.asarray(chosen)] = 1
    for each in reversed(network.layers[behind:]):
        gy = each.backward(gy)
    return a.copy(), gy.copy()


def grad_cam(network: Sequential, x: Array, classes: Array, layer: str) -> Array:
    """Return how much each place of a layer's maps speaks for a class; Selvaraju et al. 2017.

    h[n, i, j] = max(0, sum over c of w[n, c] a[n, i, j, c]), where w[n, c] is the mean over i and j
    of the gradient of the logit with respect to a (equations 1 and 2 there).

    Parameters
    ----------
    network, x, classes
        As for `class_gradient`, which see for errors.
    layer : str
        Name of a layer whose output has places, such as "pool5" or "relu5".

    Returns
    -------
    (N, height, width) of the layer's maps, the largest value of each picture 1, or all 0.
    """
    a, ga = class_gradient(network, x, classes, layer)
    if a.ndim != 4:
        raise InputError(f"{layer} of {network.name} has no places: choose a layer before Flatten")
    xp = xp_of(a)
    w = ga.mean(axis=(1, 2), keepdims=True)  # (N, 1, 1, C)
    heat = xp.maximum((w * a).sum(axis=3), 0)
    largest = heat.max(axis=(1, 2), keepdims=True)
    return heat / xp.where(largest > 0, largest, 1)
