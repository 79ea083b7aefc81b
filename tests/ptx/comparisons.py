"""What setp compares."""

import numpy as np

COMPARISONS = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lo": np.less,  # unsigned: lower, lower or same, higher, higher or same
    "ls": np.less_equal,
    "hi": np.greater,
    "hs": np.greater_equal,
    "num": lambda a, b: ~(np.isnan(a) | np.isnan(b)),
    "nan": lambda a, b: np.isnan(a) | np.isnan(b),
}


def comparable(name: str, dtype: np.dtype) -> bool:
    """Return whether a comparison exists for a type."""
    if dtype.kind == "f":
        return name in COMPARISONS or (name.endswith("u") and name[:-1] in COMPARISONS)
    return name in COMPARISONS and name not in ("num", "nan")


def compare(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a comparison. With a NaN all are false, `ne` too; those that end in u are true."""
    if a.dtype.kind != "f" or name in ("num", "nan"):
        return COMPARISONS[name](a, b)
    unordered = np.isnan(a) | np.isnan(b)
    if name.endswith("u"):
        return COMPARISONS[name[:-1]](a, b) | unordered
    return COMPARISONS[name](a, b) & ~unordered
