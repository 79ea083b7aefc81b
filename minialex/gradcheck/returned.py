"""What a reader's backward returns, in one form."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minialex.errors import InputError
from minialex.gradcheck.arrays import differentiable

SPELLINGS = ("d{}", "g{}", "grad_{}", "{}_grad")  # of the gradient of W


def spelt(gradients: dict[str, Any], name: str) -> Any:
    """Return what a dictionary holds as the gradient of `name`: dW, gW, ...; None if nothing."""
    return next((gradients[s] for form in SPELLINGS if (s := form.format(name)) in gradients), None)


def by_name(
    returned: Any, inputs: Sequence[Any], names: Sequence[str]
) -> tuple[dict[str, Any], list[Any]]:
    """Return the gradients of the differentiable inputs, by name, and what is left.

    Backward may return one array; a tuple or list, with or without None for labels; or a
    dictionary with keys such as "x" or "dx".

    Raises
    ------
    InputError
        There are too few.
    """
    if isinstance(returned, dict):
        found = {name: returned.get(name, spelt(returned, name)) for name in names}
        rest: list[Any] = []
    else:
        many = _listed(returned, inputs)
        found, rest = dict(zip(names, many, strict=False)), many[len(names) :]
    missing = [name for name in names if found.get(name) is None]
    if missing:
        raise InputError(
            f"there is no gradient of {' and '.join(missing)} in what it returns; an input that "
            "needs none (labels) is passed as integers"
        )
    return found, rest


def _listed(returned: Any, inputs: Sequence[Any]) -> list[Any]:
    wanted = [differentiable(x) for x in inputs]
    if not isinstance(returned, (tuple, list)) or _is_one_array(returned, inputs):
        return [returned] if any(wanted) else []
    skipped = [g for g, want in zip(returned, wanted, strict=False) if not want]
    if len(returned) == len(inputs) and all(g is None for g in skipped):
        return [g for g, want in zip(returned, wanted, strict=True) if want]
    return list(returned)


def _is_one_array(returned: Any, inputs: Sequence[Any]) -> bool:
    """Tell whether this is a list of rows, written as a list, for the one input."""
    if isinstance(returned, tuple) or len(inputs) != 1 or any(g is None for g in returned):
        return False
    try:
        return np.shape(returned) == inputs[0].shape
    except (TypeError, ValueError):  # arrays of different shapes, or on a GPU
        return False
