"""Contestants are timed only if they compute the same."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minialex.errors import InputError

if TYPE_CHECKING:
    from minialex.bench.contestants import Contestant

BOUND = 1e-3
# Where two values of a max-pooling window differ in the last bit only, or a ReLU's input is 0 but
# for that bit, float32 decides either way. One such gradient of a whole batch of 16 changes
# those of the weights before it by about 3e-3.
NETWORK_GRADIENT_BOUND = 1e-2


def check(contestants: "Sequence[Contestant]") -> dict[str, dict[str, float]]:
    """Return the relative error of every result of every contestant against the first.

    The results are outputs, gradients and, for a network, the loss, without dropout. The error is
    |difference| / |ours|, both as the root of the sum of squares.

    Raises
    ------
    InputError
        An error is above its bound: times of different work would be compared.
    """
    ours, *peers = contestants
    expected = ours.results() if peers else {}
    errors: dict[str, dict[str, float]] = {}
    for peer in peers:
        found = peer.results()
        errors[peer.name] = {name: relative(found[name], expected[name]) for name in expected}
        for name, error in errors[peer.name].items():
            gradient_of_network = "loss" in expected and name.startswith("gradient")
            bound = NETWORK_GRADIENT_BOUND if gradient_of_network else BOUND
            if not error <= bound:  # NaN is wrong too
                raise InputError(
                    f"{peer.name} and {ours.name} compute different things: the relative error of "
                    f"{name} is {error:.2g}, allowed is {bound:g}. Nothing was timed; "
                    "--layer NAME compares one layer"
                )
    return errors


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    """Return |found - expected| / |expected|; infinite where the shapes differ.

    >>> relative(np.array([3.0, 4.0]), np.array([3.0, 4.5])) < 0.1
    True
    """
    if found.shape != expected.shape:
        return float("inf")
    difference = np.linalg.norm((found - expected).astype(np.float64).ravel())
    scale = np.linalg.norm(expected.astype(np.float64).ravel())
    return float(difference / scale) if scale else float("inf" if difference else 0.0)
