"""The checks to call."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

from minialex.backend import Array
from minialex.errors import InputError
from minialex.gradcheck.arrays import copies
from minialex.gradcheck.cases import run_cases
from minialex.gradcheck.layer_subject import LayerSubject
from minialex.gradcheck.report import GradientMismatch, Report
from minialex.gradcheck.restore import left_as_found
from minialex.gradcheck.subject import FunctionSubject, train_flag


def check_layer(
    layer: Any,
    x: Array | Sequence[Any],
    *,
    mode: str = "auto",
    gy: Array | None = None,
    train: Sequence[bool] = (False, True),
    geometry: str = "vary",
    seed: int = 0,
    accumulates: bool = False,
    rngs: Sequence[Any] = (),
    raises: bool = True,
    replay: str = "",
) -> Report:
    """Check the backward pass of a layer against its forward pass, in every respect.

    Parameters
    ----------
    layer : object
        With forward(x) and backward(gy), in any memory layout. Its parameters are found in
        `params` and `grads` (dictionaries or lists) or in attributes such as W beside dW; backward
        may also return their gradients behind gx. A loss has a forward that returns a number; its
        backward needs no argument. The layer is left as it was found.
    x : array, or tuple of forward's arguments
        Floating-point arrays are differentiated, integer ones (labels) passed on. A float32 x
        asks that everything stays float32.
    mode : "auto", "complex" or "central"
        "auto" takes the complex step, and central differences where the layer does not carry
        complex numbers.
    gy : array, optional
        dL/dy; default: drawn from N(0, 1).
    train : sequence of bool
        States to check, where forward takes a flag `train` (or `training`, ...), one after the
        other, and then the first again.
    geometry : "vary" or "as given"
        "vary" also checks inputs derived from x: one more image, larger pictures, other strides,
        padding and kernels where the layer can be made again, and updated parameters.
    seed : int
        Decides gy and the derived inputs.
    accumulates : bool
        Backward adds to the old gradients of its parameters, on purpose.
    rngs : sequence
        Generators that the layer draws from and that its attributes do not lead to.
    raises : bool
    replay : str
        How to repeat the check, for the message.

    Returns
    -------
    Report

    Raises
    ------
    GradientMismatch
        Something is wrong, unless `raises` is False.
    InputError
        The check cannot be made: nothing to differentiate, an unknown mode.

    Examples
    --------
    >>> import numpy as np
    >>> from minialex.layers import LRN
    >>> x = np.random.default_rng(0).standard_normal((2, 3, 4, 7))
    >>> check_layer(LRN(alpha=0.5), x).ok
    True
    """
    for method in ("forward", "backward"):
        if isinstance(layer, type) or not callable(getattr(layer, method, None)):
            raise InputError(f"{layer!r} is no object with the methods forward and backward")
    inputs = list(x) if isinstance(x, (tuple, list)) else [x]
    how = mode, gy, geometry, seed, replay or f"check_layer(..., seed={seed})"
    with left_as_found(layer, rngs):
        states: Sequence[bool | None] = [None]
        if train_flag(layer.forward) and train:
            states = list(train)
        subjects = [LayerSubject(layer, copies(inputs), on, accumulates, rngs) for on in states]
        report = run_cases(subjects, *how)
    return _returned(report, raises)


def check_function(
    forward: Callable,
    backward: Callable | None,
    inputs: Sequence[Any],
    *,
    options: dict[str, Any] | None = None,
    names: Sequence[str] | None = None,
    mode: str = "auto",
    gy: Array | None = None,
    geometry: str = "vary",
    seed: int = 0,
    rngs: Sequence[Any] = (),
    raises: bool = True,
    replay: str = "",
) -> Report:
    """Check a pair of functions, as courses write them.

    Parameters
    ----------
    forward : function
        `out, cache = forward(*inputs, **options)`
    backward : function or None
        gradients = backward(dout, cache), one for each floating-point input, in their order.
        None: forward is a loss and returns (loss, gradients) at once.
    inputs : sequence
        Arrays are differentiated; integers and settings, such as {"stride": 2}, are passed on.
    options : dict, optional
        Keyword arguments of forward.
    names : sequence of str, optional
        Of the inputs in messages; default: forward's argument names.
    mode, gy, geometry, seed, rngs, raises, replay
        See `check_layer`.

    Examples
    --------
    >>> import numpy as np
    >>> def square(x):
    ...     return x * x, x
    >>> def square_backward(dout, x):
    ...     return x * dout
    >>> x = np.linspace(-1, 2, 6).reshape(3, 2)
    >>> report = check_function(square, square_backward, [x], raises=False)
    >>> dict(report.problems[0].details)["pattern"]
    'yours == numeric * 1/2'
    """
    how = mode, gy, geometry, seed, replay or f"check_function(..., seed={seed})"
    with left_as_found(rngs):
        options = copy.deepcopy(options or {})
        subject = FunctionSubject(forward, backward, copies(inputs), options, names, rngs)
        report = run_cases([subject], *how)
    return _returned(report, raises)


def _returned(report: Report, raises: bool) -> Report:
    if raises and not report.ok:
        raise GradientMismatch(report)
    return report
