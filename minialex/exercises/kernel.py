"""Exercise 15: a kernel that is equal to its reference."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, expect, for_all

CASES: dict[str, Any] = {
    "rows": st.integers(1, 4), "channels": st.integers(1, 9), "n": st.integers(1, 7),
    "seed": st.integers(0, 99),
}  # fmt: skip


def drawn(rows: int, channels: int, seed: int, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(seed).integers(-9, 10, (rows, channels)).astype(dtype)


def window_sum(a: np.ndarray, n: int) -> np.ndarray:
    """Return the sums by the definition: a slice for every channel."""
    channels, sums = a.shape[1], np.empty_like(a)
    for i in range(channels):
        start = max(i - n // 2, 0)
        stop = max(min(i - n // 2 + n, channels), start)
        sums[:, i] = a[:, start:stop].sum(axis=1)
    return sums


def run(answer, a: np.ndarray, n: int, compiled: bool = False) -> np.ndarray:
    """Return what the answer writes, in memory that held something else before."""
    sums = np.full_like(a, 77)
    given = a.copy()
    function = answer.window_sum
    if compiled:
        from numba import njit

        function = njit(boundscheck=True)(getattr(function, "py_func", function))
    with np.errstate(all="ignore"):  # inf - inf
        returned = function(given, sums, n)
    if returned is not None:
        raise Wrong("window_sum writes to `sums`, whose memory the caller gives; it returns None")
    if not np.array_equal(given, a, equal_nan=True):
        raise Wrong("window_sum changed `a`, which belongs to the caller")
    return sums


def check_sums(answer) -> None:
    """equal to the reference, for even and odd n, clipped at both ends"""

    @for_all(**CASES)
    def _(rows, channels, n, seed):
        a = drawn(rows, channels, seed)
        if (run(answer, a, n) == 77).all():
            raise Wrong(f"window_sum(a, sums, {n}) left `sums` as it was: is it written yet?")
        hint = f"Channel i sums from i - {n} // 2 on, {n} channels, without those that are not."
        expect(run(answer, a, n), window_sum(a, n), f"sums of a = {a.tolist()}, n = {n}: ", hint)


def check_infinity(answer) -> None:
    """an infinity reaches the windows that hold it, and no other"""

    @for_all(**CASES)
    def _(rows, channels, n, seed):
        a = drawn(rows, channels, seed)
        a[0, seed % channels] = np.inf
        got, right = run(answer, a, n), window_sum(a, n)
        if not np.array_equal(np.isfinite(got), np.isfinite(right)):
            raise Wrong(
                f"a = {a[0].tolist()}, n = {n} gives {got[0].tolist()}, and should give "
                f"{right[0].tolist()}. What was added and subtracted again leaves something "
                "behind: sum every window anew"
            )


def check_digits(answer) -> None:
    """a large number in float32 costs the windows behind it no digit"""
    a = np.ones((1, 12), "float32")
    a[0, 1] = 1e8
    expect(
        run(answer, a, 3)[:, 3:], window_sum(a, 3)[:, 3:],
        "sums[:, 3:] of a = [[1, 1e8, 1, 1, ...]] in float32, n = 3: ",
        "1e8 + 1 is 1e8 in float32: a sum that subtracts it again has lost the ones",
    )  # fmt: skip


def check_compiled(answer) -> None:
    """the same when Numba compiles it, with every index checked"""
    try:
        import numba  # noqa: F401
    except ModuleNotFoundError:
        return  # the loops are right, and without Numba they stay loops
    for channels, n in ((1, 5), (5, 2), (7, 3), (3, 7)):
        for dtype in ("float32", "float64"):
            a = drawn(3, channels, channels, dtype)
            try:
                got = run(answer, a, n, compiled=True)
            except IndexError:
                raise Wrong(
                    f"{channels} channels, n = {n}: an index lies outside of its array. NumPy "
                    "takes -1 for the last element; a kernel reads foreign memory"
                ) from None
            except Exception as error:
                if "numba" not in type(error).__module__:
                    raise
                line = str(error).strip().splitlines()[-1]
                raise Wrong(f"Numba cannot compile window_sum: {line}") from None
            expect(got, window_sum(a, n), f"compiled, {channels} channels, n = {n}: sums")


CHECKS = (check_sums, check_infinity, check_digits, check_compiled)
