"""The one switch between NumPy and CuPy."""

import sys
from types import ModuleType
from typing import Any

import numpy as np

Array = Any  # a numpy.ndarray or a cupy.ndarray


def xp_of(x: Array) -> ModuleType:
    """Return the module whose arrays `x` belongs to: `cupy` for an array on a GPU, else `numpy`.

    CuPy is never imported here: an array of it can exist only after the caller imported it.
    """
    cupy = sys.modules.get("cupy")
    return cupy if cupy is not None and isinstance(x, cupy.ndarray) else np
