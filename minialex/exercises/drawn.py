"""What the checks of exercises share: drawn cases, and comparisons that explain themselves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings


class Wrong(AssertionError):
    """An answer is wrong; the message says what was asked, what came, and what should have."""


def for_all(*strategies: Any, examples: int = 100, **named: Any) -> Callable[[Callable], None]:
    """Run the function below with drawn arguments: the smallest case that fails is reported.

    It is a decorator::

        @for_all(st.integers(0, 9))
        def _(n):
            expect(answer.same(n), n, f"same({n})")
    """
    settle = settings(
        max_examples=examples,
        derandomize=True,  # every reader of a wrong answer sees the same message
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )

    def run(check: Callable) -> None:
        settle(given(*strategies, **named)(check))()

    return run


@contextmanager
def asked(call: str) -> Iterator[None]:
    """Say what was asked, where the reader's code stops with an error."""
    try:
        yield
    except Wrong:
        raise
    except Exception as error:
        error.args = (f"{error}. Asked for was: {call}".removeprefix(". "),)
        raise


def expect(got: Any, right: Any, call: str, hint: str = "", tolerance: float = 1e-9) -> None:
    """Raise `Wrong` unless an answer is right: a number, an array, or a tuple of these.

    Parameters
    ----------
    got, right : numbers, arrays or tuples
    call : str
        What was asked, as the reader would type it.
    hint : str
        A sentence that leads to the likely mistake.
    tolerance : float
        Largest error that rounding excuses, relative to the largest number of `right`, or to 1.

    Examples
    --------
    >>> expect(7, 3, "same(3)")
    Traceback (most recent call last):
    ...
    minialex.exercises.drawn.Wrong: same(3) gave 7, and should give 3
    """
    end = f". {hint}" if hint else ""
    if got is None:
        raise Wrong(f"{call} returned None: is it written yet?")
    if isinstance(right, tuple):
        if not isinstance(got, tuple | list) or len(got) != len(right):
            raise Wrong(f"{call} should give {len(right)} things, and gave {shown(got)}{end}")
        for i, (one, other) in enumerate(zip(got, right, strict=True)):
            expect(one, other, f"{call}[{i}]", hint, tolerance)
        return
    try:
        value = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"{call} gave {shown(got)}, which is no number and no array{end}") from None
    wanted = np.asarray(right, dtype=float)
    if value.shape != wanted.shape:
        raise Wrong(f"{call} has shape {value.shape}, and should have {wanted.shape}{end}")
    if np.allclose(value, wanted, rtol=0, atol=tolerance * max(1.0, np.abs(wanted).max(initial=0))):
        return
    if wanted.ndim == 0:
        raise Wrong(f"{call} gave {shown(got)}, and should give {shown(right)}{end}")
    error = np.nan_to_num(np.abs(value - wanted), nan=np.inf)
    worst = np.unravel_index(error.argmax(), value.shape)
    where = ", ".join(map(str, worst))
    raise Wrong(
        f"{call}[{where}] is {value[worst]:.6g}, and should be {wanted[worst]:.6g} "
        f"({int((~np.isclose(value, wanted)).sum())} of {value.size} entries differ){end}"
    )


def shown(value: Any) -> str:
    """Return a value as a message shows it.

    >>> shown(0.1 + 0.2), shown("three"), shown(np.zeros((2, 3)))
    ('0.3', "'three'", 'an array (2, 3)')
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array {value.shape}"
    return f"{value:.6g}" if isinstance(value, float | np.floating) else repr(value)
