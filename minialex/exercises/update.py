"""Exercise 11: the update rule of the paper."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, expect, for_all

NUMBER = st.integers(-8, 8).map(lambda n: n / 4)
RATE = st.sampled_from((0.5, 0.1, 0.01))
MOMENTUM = st.sampled_from((0.9, 0.5, 0.0))
DECAY = st.sampled_from((0.0, 0.1, 0.5))
STEPS = st.lists(st.tuples(NUMBER, RATE), min_size=2, max_size=5)


def unrolled(
    w: float, v: float, steps: list[tuple[float, float]], momentum: float, decay: float
) -> list[tuple[float, float]]:
    """Return w and v after every step, without a recursion in v.

    Each pull is kept with the rate at which it was felt, and fades with its age.
    """
    path: list[tuple[float, float]] = []
    pulls: list[float] = []
    for t, (g, lr) in enumerate(steps):
        at = path[-1][0] if path else w
        pulls.append(lr * (g + decay * at))
        faded = sum(momentum ** (t - s) * pull for s, pull in enumerate(pulls))
        move = momentum ** (t + 1) * v - faded
        path.append((at + move, move))
    return path


def walk(answer, w: float, steps: list[tuple[float, float]], decay: float, hint: str) -> None:
    """Hold w after every step against the formula; v is the answer's own business."""
    at, v = w, 0.0
    for t, (right, _) in enumerate(unrolled(w, 0.0, steps, 0.9, decay)):
        g, lr = steps[t]
        call = f"sgd_step({at:g}, {v:g}, {g}, {lr}, 0.9, {decay})"
        at, v = pair(answer.sgd_step(at, v, g, lr, 0.9, decay), call)
        rates = ", ".join(f"{rate:g}" for _, rate in steps[: t + 1])
        expect(at, right, f"w after {t + 1} steps from w = {w}, v = 0, at rates {rates}", hint)


def pair(got: Any, call: str) -> tuple[Any, Any]:
    """Return what came back as (w, v); Wrong unless it is two things."""
    if got is None:
        raise Wrong(f"{call} returned None: is it written yet?")
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise Wrong(f"{call} should return two things, the new w and the new v")
    return got[0], got[1]


def check_first_step(answer) -> None:
    """the first step, with and without decay"""

    @for_all(w=NUMBER, g=NUMBER, lr=RATE)
    def _(w, g, lr):
        walk(answer, w, [(g, lr)], 0.0, "Downhill, against the gradient: w - lr g.")

    @for_all(w=NUMBER, g=NUMBER, lr=RATE, decay=DECAY)
    def _(w, g, lr, decay):
        hint = f"With decay {decay}. It pulls at the old w, times the rate: lr (decay w + g)."
        walk(answer, w, [(g, lr)], decay, hint)


def check_steps(answer) -> None:
    """three steps at one rate"""

    @for_all(w=NUMBER, gs=st.lists(NUMBER, min_size=3, max_size=3), lr=RATE)
    def _(w, gs, lr):
        walk(answer, w, [(g, lr) for g in gs], 0.0, "Each step keeps 0.9 of the one before it.")

    @for_all(w=NUMBER, gs=st.lists(NUMBER, min_size=3, max_size=3), lr=RATE, decay=DECAY)
    def _(w, gs, lr, decay):
        hint = f"With decay {decay}. The velocity remembers the decay as it does the gradient."
        walk(answer, w, [(g, lr) for g in gs], decay, hint)


def check_drop(answer) -> None:
    """several steps, the rate changing on the way"""

    @for_all(w=NUMBER, steps=STEPS, decay=DECAY)
    def _(w, steps, decay):
        hint = (
            "At one rate yours is right. Old gradients keep the rate at which they were felt: "
            "the rate of a step multiplies what pulls in that step, and nothing older."
        )
        walk(answer, w, steps, decay, hint)


def check_velocity(answer) -> None:
    """v: what w has moved by"""

    @for_all(w=NUMBER, v=NUMBER, g=NUMBER, lr=RATE, momentum=MOMENTUM, decay=DECAY)
    def _(w, v, g, lr, momentum, decay):
        right = unrolled(w, v, [(g, lr)], momentum, decay)[0]
        call = f"sgd_step({w}, {v}, {g}, {lr}, {momentum}, {decay})"
        hint = "v is the step itself, rate and sign included: w + v is the new w."
        expect(answer.sgd_step(w, v, g, lr, momentum, decay), right, call, hint)


def check_arrays(answer) -> None:
    """arrays, which belong to the caller: none is changed"""
    rng = np.random.default_rng(0)
    w, v, g = rng.standard_normal((3, 2, 3))
    before = [array.copy() for array in (w, v, g)]
    moved = pair(answer.sgd_step(w, v, g, 0.1, 0.9, 0.5), "sgd_step(w, v, g, 0.1, 0.9, 0.5)")
    for name, array, old in zip(("w", "v", "g"), (w, v, g), before, strict=True):
        if not np.array_equal(array, old):
            raise Wrong(
                f"sgd_step changed the caller's {name}. `{name} += ...` and `{name} *= ...` write "
                f"into the array that was given; `{name} = {name} + ...` makes a new one"
            )
    new_v = 0.9 * before[1] - 0.1 * before[2] - 0.05 * before[0]
    expect(moved, (before[0] + new_v, new_v), "sgd_step(w, v, g, 0.1, 0.9, 0.5) of (2, 3) arrays")


def check_network(answer) -> None:
    """a whole network: biases at twice the rate, undecayed"""
    rng = np.random.default_rng(1)
    shapes = {"conv1.W": (2, 2), "conv1.b": (2,), "fc2.W": (3,), "fc2.b": (1,)}
    params, velocity, grads = (
        {name: rng.standard_normal(shape) for name, shape in shapes.items()} for _ in range(3)
    )
    given = {"params": params, "velocity": velocity, "grads": grads}
    old = {what: {n: a.copy() for n, a in arrays.items()} for what, arrays in given.items()}
    call = "network_step(params, velocity, grads, 0.1, 0.9, 0.5)"
    new_params, new_velocity = pair(
        answer.network_step(params, velocity, grads, 0.1, 0.9, 0.5), call
    )
    for name in shapes:
        is_bias = name.endswith(".b")
        w, v, g = (old[what][name] for what in given)
        v = 0.9 * v - (0.2 if is_bias else 0.1) * (g if is_bias else g + 0.5 * w)
        hint = (
            "A bias: twice the rate, no decay, and the same momentum."
            if is_bias
            else "A weight: the rate and the decay as given."
        )
        expect(new_velocity[name], v, f"{call}: the velocity of {name}", hint)
        expect(new_params[name], w + v, f"{call}: {name}", hint)
    for what, arrays in given.items():
        if any(not np.array_equal(arrays[name], old[what][name]) for name in shapes):
            raise Wrong(f"network_step changed the caller's {what}: return new dictionaries")


CHECKS = (
    check_first_step, check_steps, check_drop, check_velocity, check_arrays, check_network,
)  # fmt: skip
