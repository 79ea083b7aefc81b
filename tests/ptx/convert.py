"""cvt: from one type to another."""

import numpy as np

# To a whole number: nearest (of two, the even one), towards zero, down, up.
WHOLE = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}
MODIFIERS = {*WHOLE, "rn", "ftz", "sat"}


def convert(values: np.ndarray, target: np.dtype, modifiers: tuple[str, ...]) -> np.ndarray | None:
    """Return values as another type; None where this conversion is not emulated.

    Source: PTX ISA 9.1, section 9.7.9.21.
    """
    whole = next((WHOLE[word] for word in modifiers if word in WHOLE), None)
    source, saturate = values.dtype.kind, "sat" in modifiers
    if source == "f" and target.kind in "iu":
        return None if whole is None or saturate else _to_integer(whole(values), target)
    if source == "f":
        values = values if whole is None else whole(values)
        if saturate:  # to [0, 1]; a NaN to 0
            values = np.where(np.isnan(values), 0, np.clip(values, 0, 1))
        return values.astype(target)
    if saturate or whole is not None:
        return None
    return values.astype(target)  # wraps around; to a float, rounds to nearest


def _to_integer(values: np.ndarray, target: np.dtype) -> np.ndarray:
    """Return whole floats as integers: too large ones become the largest, NaN becomes 0.

    From float64, or to 64 bits, NaN becomes the number whose only bit is the highest.
    """
    large = values.dtype == np.float64 or target.itemsize == 8
    values, limits = values.astype(np.float64), np.iinfo(target)
    above, below, nan = values >= limits.max, values <= limits.min, np.isnan(values)
    result = np.where(above | below | nan, 0, values).astype(target)
    result = np.where(above, target.type(limits.max), result)
    result = np.where(below, target.type(limits.min), result)
    highest = limits.min or limits.max // 2 + 1
    return np.where(nan, target.type(highest if large else 0), result)
