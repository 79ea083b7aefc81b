"""The test of a test: whether what it draws can tell a wrong layer from a right one."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def features_drawn(strategy: st.SearchStrategy, examples: int = 300) -> Counter[str]:
    """Return how often each of a strategy's `features()` was drawn; equal calls return the same.

    A `.filter`, or an argument that leaves something out, may have left out more than was meant::

        assert features_drawn(my_cases)["windows overlap"] > 30

    Parameters
    ----------
    strategy : SearchStrategy
        Of cases with a method `features()`.
    examples : int
        Cases to draw.
    """
    seen: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(case):
        seen.update(case.features())

    draw()
    return seen
