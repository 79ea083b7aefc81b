"""Exercise 8: inverted dropout."""

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, expect, for_all
from minialex.gradcheck import check_function
from minialex.strategies import distinct_array, seeds

SHAPES = st.sampled_from([(3, 5), (2, 3, 4, 2), (7,)])
RATES = st.sampled_from([0.5, 0.25, 0.2, 0.8, 0.0])
MANY = (40, 500)  # entries, where shares are counted: 5 standard deviations are below 0.018


def forward(answer, x, p, rng, train):
    """Return y and the cache; a helpful failure where there are none."""
    returned = answer.dropout_forward(x, p, rng, train)
    if returned is None:
        raise Wrong("dropout_forward returned None: is it written yet?")
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise Wrong("dropout_forward should return two things: y, cache")
    expect(np.shape(returned[0]), x.shape, "the shape of y")
    return np.asarray(returned[0]), returned[1]


def check_test(answer) -> None:
    """at test nothing is dropped and nothing is scaled"""

    @for_all(SHAPES, RATES, seeds())
    def _(shape, p, seed):
        x = distinct_array(shape, seed)
        y, _ = forward(answer, x, p, np.random.default_rng(seed), False)
        expect(
            y, x, f"y = dropout_forward(x, {p}, rng, train=False): y",
            "The inverted form scales while training, so that y = x at test.",
        )  # fmt: skip


def check_share(answer) -> None:
    """while training, a share p is zero"""

    @for_all(RATES, seeds(), examples=20)
    def _(p, seed):
        y, _ = forward(answer, np.ones(MANY), p, np.random.default_rng(seed), True)
        zeros = (y == 0).mean()
        if abs(zeros - p) > 0.02:
            hint = "p is the probability of dropping; the mask is 1 with probability 1 - p."
            raise Wrong(f"with p = {p} a share {zeros:.2f} of y is zero, and should be {p}. {hint}")


def check_mean(answer) -> None:
    """what is kept is scaled, so that the mean is kept"""

    @for_all(RATES, seeds(), examples=20)
    def _(p, seed):
        x = np.ones(MANY)
        y, _ = forward(answer, x, p, np.random.default_rng(seed), True)
        right = 1 / (1 - p)
        got = np.unique(y[y != 0])
        if len(got) and np.abs(got - right).max() > 1e-6 * right:
            raise Wrong(
                f"with p = {p} and an x of ones, what is kept became {got[0]:.6g}, and the mean of "
                f"y {y.mean():.2f}: that mean should stay 1, and a share 1 - p = {1 - p:g} is kept"
            )


def check_draws(answer) -> None:
    """every entry has a draw of its own, from rng"""

    @for_all(seeds(), examples=10)
    def _(seed):
        masks = []
        rng = np.random.default_rng(seed)
        for _ in range(2):
            masks.append(forward(answer, np.ones(MANY), 0.5, rng, True)[0] != 0)
        if masks[0].all() or not masks[0].any():
            what = "nothing" if masks[0].all() else "everything"
            raise Wrong(f"with p = 0.5 and train=True {what} was dropped")
        for axis, what in ((0, "pictures"), (1, "entries")):
            if (masks[0] == np.take(masks[0], [0], axis=axis)).all():
                raise Wrong(
                    f"all {what} of x {MANY} have the same mask: draw as many numbers as x has "
                    "entries, with x.shape"
                )
        if (masks[0] == masks[1]).all():
            raise Wrong("two calls, one after the other, drew the same mask: draw anew each time")
        again = forward(answer, np.ones(MANY), 0.5, np.random.default_rng(seed), True)[0] != 0
        if (again != masks[0]).any():
            raise Wrong(
                "two generators of the same seed gave different masks: draw from the rng that "
                "is given, and from nothing else; gradient checks and checkpoints rely on it"
            )


def check_backward(answer) -> None:
    """backward uses the mask and the scale of forward"""

    @for_all(SHAPES, RATES, seeds())
    def _(shape, p, seed):
        x, gy = distinct_array(shape, seed), distinct_array(shape, seed + 1)
        y, cache = forward(answer, x, p, np.random.default_rng(seed), True)
        kept = y != 0
        gx = answer.dropout_backward(gy, cache)
        expect(np.shape(gx) if gx is not None else None, shape, "the shape of dropout_backward")
        if ((np.asarray(gx) != 0) != kept).any():
            raise Wrong(
                f"p = {p}, x {shape}: backward lets other entries pass than forward kept. "
                "It must use the mask that forward drew: put it into the cache"
            )
        hint = "What was dropped gets no gradient, what was kept gets gy times forward's factor."
        expect(gx, gy * kept / (1 - p), f"p = {p}: dropout_backward", hint)


def check_unchanged(answer) -> None:
    """x and gy stay as they were"""

    @for_all(SHAPES, RATES, st.booleans(), seeds())
    def _(shape, p, train, seed):
        x, gy = distinct_array(shape, seed), distinct_array(shape, seed + 1)
        x_before, gy_before = x.copy(), gy.copy()
        _, cache = forward(answer, x, p, np.random.default_rng(seed), train)
        answer.dropout_backward(gy, cache)
        for name, now, before in (("x", x, x_before), ("gy", gy, gy_before)):
            if (now != before).any():
                raise Wrong(
                    f"{name} was changed (train={train}): make a new array; `*=` and "
                    f"{name}[...] = 0 write into the array of the caller"
                )


def check_gradient(answer) -> None:
    """the gradient checker, in training and at test"""
    for train in (True, False):
        for p in (0.2, 0.5):
            rng = np.random.default_rng(8)

            def dropout(x, p=p, rng=rng, train=train):
                return answer.dropout_forward(x, p, rng, train)

            check_function(
                dropout, answer.dropout_backward, [distinct_array((3, 4, 5), 8)], rngs=[rng],
                replay=f"dropout_forward(x, p={p}, rng, train={train})",
            )  # fmt: skip


CHECKS = (
    check_test, check_draws, check_share, check_mean, check_unchanged, check_backward,
    check_gradient,
)  # fmt: skip
