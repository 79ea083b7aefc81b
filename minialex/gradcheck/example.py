"""How a class says in one line how it is made and fed.

class MyConv:
    gradcheck_example = dict(args=(3, 8, 3), x=(2, 3, 7, 5))
"""

from typing import Any

import numpy as np

from minialex.errors import InputError, nearest
from minialex.gradcheck.arrays import is_array
from minialex.gradcheck.distinct import distinct_array

KEYS = ("args", "kwargs", "x", "labels", "accumulates", "train")
DECLARE = "say in it how: gradcheck_example = dict(args=(3, 8, 3), x=(2, 7, 5, 3))"


def example_of(name: str, thing: Any) -> dict[str, Any]:
    """Return what a class or function declares, or {}.

    args, kwargs
        Of the constructor; of a pair of functions, what forward takes behind the arrays.
    x : tuple, list of tuples, or function
        Shape of the input, shapes of several, or a function rng -> array or tuple of arrays.
    labels : int
        A number of classes: as many integers as there are images are passed behind x.
    accumulates : bool
    train : tuple of bool
        See `minialex.gradcheck.check_layer`.

    Raises
    ------
    InputError
        It is no dictionary, or has another key.
    """
    example = getattr(thing, "gradcheck_example", {})
    if not isinstance(example, dict):
        raise InputError(f"{name}: gradcheck_example={example!r} is no dictionary; {DECLARE}")
    for key in example:
        if key not in KEYS:
            known = nearest(str(key), KEYS) or f"; it may have {', '.join(KEYS)}"
            raise InputError(f"{name}: gradcheck_example has {key!r}{known}")
    labels = example.get("labels", 1)
    if type(labels) is not int or labels < 1:
        raise InputError(f"{name}: labels={labels!r} is not a number of classes")
    train = example.get("train", ())
    if not isinstance(train, (tuple, list)) or not all(type(flag) is bool for flag in train):
        raise InputError(f"{name}: train={train!r} is no tuple of True and False, such as (True,)")
    return example


def inputs_of(name: str, x: Any, example: dict[str, Any], rng: np.random.Generator) -> list[Any]:
    """Return the inputs that `x` describes, distinct and away from zero, and labels if any."""
    if callable(x):
        made = x(rng)
        inputs = list(made) if isinstance(made, (tuple, list)) else [made]
    elif _is_shape(x):
        inputs = [distinct_array(x, rng)]
    elif isinstance(x, (tuple, list)) and x and all(map(_is_shape, x)):
        inputs = [distinct_array(shape, rng) for shape in x]
    else:
        raise InputError(
            f"{name}: x={x!r} is not a shape, a list of shapes, or a function rng -> array; "
            f"{DECLARE}"
        )
    if not any(map(is_array, inputs)):
        raise InputError(f"{name}: x makes no array")
    if "labels" in example:
        inputs.append(rng.integers(example["labels"], size=len(inputs[0])))
    return inputs


def _is_shape(x: Any) -> bool:
    return isinstance(x, tuple) and len(x) > 0 and all(type(n) is int and n > 0 for n in x)
