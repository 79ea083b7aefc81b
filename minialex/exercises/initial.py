"""Exercise 10: initialisers and their statistics."""

import math
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, expect, for_all
from minialex.strategies import seeds

# Large enough to measure: 40,000 weights and more. Kernels are not square, groups leave few
# channels, and outputs are many or few, so that no two ways of counting agree.
CONVS = [(3, 5, 7, 400), (5, 2, 48, 100), (11, 11, 3, 120), (1, 3, 900, 16)]
DENSES = [(900, 50), (64, 700)]
SHAPES = st.sampled_from([*DENSES, *CONVS])
SMALL = st.one_of(
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.tuples(st.integers(1, 7), st.integers(1, 7), st.integers(1, 9), st.integers(1, 9)),
)

# The normal that is left between -2 and 2 has the variance 1 - 4 phi(2) / (Phi(2) - Phi(-2)).
INSIDE = math.erf(math.sqrt(2))
LEFT = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / INSIDE)


def inputs_of_one_output(shape: tuple[int, ...]) -> int:
    """Count the weights whose last index is 0."""
    return sum(place[-1] == 0 for place in np.ndindex(*shape))


def check_fan_in(answer) -> None:
    """fan_in, for convolutions and dense layers"""

    @for_all(SMALL)
    def _(shape):
        expect(
            answer.fan_in(shape), inputs_of_one_output(shape), f"fan_in({shape})",
            "One output has a weight for every row, column and channel of its window: count the "
            "weights whose last index is 0.",
        )  # fmt: skip


def drawn(draw: Callable, shape: tuple[int, ...], seed: int, call: str) -> np.ndarray:
    """Return weights of the reader, after a look at their shape and where they came from."""
    W = draw(np.random.default_rng(seed), shape)
    if W is None:
        raise Wrong(f"{call} returned None: is it written yet?")
    if np.shape(W) != tuple(shape):
        raise Wrong(f"{call} has shape {np.shape(W)}, and should have {shape}")
    if not np.array_equal(W, draw(np.random.default_rng(seed), shape)):
        raise Wrong(
            f"{call}: two generators of one seed gave different weights. All random numbers come "
            f"from rng, or no run can be repeated"
        )
    rng = np.random.default_rng(seed)
    if np.array_equal(draw(rng, shape), draw(rng, shape)):
        raise Wrong(
            f"{call}: one generator, asked twice, gave the same weights twice. Two layers of one "
            f"shape would start equal: draw from the rng that is given, and make none"
        )
    return np.asarray(W)


def near(got: float, right: float, count: int, call: str, hints: dict[str, float]) -> None:
    """Raise unless a standard deviation of `count` draws is right; name the likely mistake."""
    tolerance = 6 / math.sqrt(2 * count)
    if abs(got / right - 1) < tolerance:
        return
    likely = [hint for hint, wrong in hints.items() if abs(got / wrong - 1) < tolerance]
    raise Wrong(
        f"{call}: the standard deviation is {got:.4g}, and should be {right:.4g}"
        + "".join(f". {hint}" for hint in likely[:1])
    )


def centred(W: np.ndarray, call: str) -> None:
    """Raise unless the mean is that of draws around 0."""
    if abs(W.mean()) > 6 * W.std() / math.sqrt(W.size):
        raise Wrong(f"{call}: the mean is {W.mean():.4g}, and should be 0 within chance")


def check_he(answer) -> None:
    """he_normal: shape, generator, mean and standard deviation"""

    @for_all(SHAPES, seeds(), examples=12)
    def _(shape, seed):
        call = f"he_normal(rng, {shape})"
        W = drawn(answer.he_normal, shape, seed, call)
        centred(W, call)
        n, outputs = inputs_of_one_output(shape), shape[-1]
        hints = {
            "That is 2 / fan_in, the variance; the standard deviation is its root": 2 / n,
            "That is sqrt(1 / fan_in), LeCun's: a ReLU halves the mean square": math.sqrt(1 / n),
            "You divide by the number of outputs: this keeps the size of gradients, not of "
            "activations": math.sqrt(2 / (n // shape[-2] * outputs if len(shape) > 2 else outputs)),
            "You divide by the last axis alone, which counts outputs": math.sqrt(2 / outputs),
            "You divide by the channels alone: the window has rows and columns too": math.sqrt(
                2 / shape[-2]
            ),
            "You divide by the first axis alone: that is fan_in of a dense layer only": math.sqrt(
                2 / shape[0]
            ),
            "You divide by the number of all weights": math.sqrt(2 / (n * outputs)),
        }
        near(W.std(), math.sqrt(2 / n), W.size, call, hints)


def check_normal(answer) -> None:
    """he_normal: the distribution is normal"""

    @for_all(SHAPES, seeds(), examples=4)
    def _(shape, seed):
        W = answer.he_normal(np.random.default_rng(seed), shape)
        share = (np.abs(W) > 2 * W.std()).mean()
        if not 0.04 < share < 0.051:  # 0.0455, in 40,000 draws within .006
            raise Wrong(
                f"he_normal(rng, {shape}): {100 * share:.1f} % of the weights lie beyond two "
                f"standard deviations, and of a normal distribution 4.6 % do"
            )


def check_truncated(answer) -> None:
    """truncated_normal: nothing beyond the cut, nothing piled up at it, and sigma is sigma"""

    @for_all(SHAPES, st.sampled_from([0.01, 0.1, 3.0]), seeds(), examples=8)
    def _(shape, sigma, seed):
        call = f"truncated_normal(rng, {shape}, {sigma})"
        W = drawn(lambda rng, s: answer.truncated_normal(rng, s, sigma), shape, seed, call)
        centred(W, call)
        size = np.abs(W)
        at_the_edge = int((size > 0.999999 * size.max()).sum())
        if at_the_edge > max(3, W.size // 10_000):
            raise Wrong(
                f"{call}: {at_the_edge} weights have the largest magnitude, {size.max():.4g}. "
                f"Clipped numbers pile up at the edge: draw them again"
            )
        hints = {
            "Without its tails a normal distribution is narrower than before: by which factor?": (
                LEFT * sigma
            ),
            "You divide where you should multiply, or the other way round": LEFT * LEFT * sigma,
        }
        beyond = size.max() / W.std() * LEFT
        if beyond > 2.02:
            raise Wrong(
                f"{call}: a weight lies at {beyond:.2f} standard deviations of the normal "
                f"distribution before the cut. A number that is drawn again may lie outside again"
            )
        near(W.std(), sigma, W.size, call, hints)
        if beyond < 1.95:
            raise Wrong(
                f"{call}: the largest weight lies at {beyond:.2f} standard deviations of the "
                f"normal distribution before the cut, and should come close to 2"
            )


CHECKS = (check_fan_in, check_he, check_normal, check_truncated)
