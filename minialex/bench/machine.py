"""What the figures depend on, and the rate of a plain matrix product beside them."""

import importlib
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from minialex import machine, threads
from minialex.bench.peers import ENTRIES

SGEMM_SIZE = 2048
OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MINIALEX_KERNELS")
SGEMM_REPEATS = 3


def describe(contestants: Sequence[str]) -> dict[str, Any]:
    """Return processor, threads, BLAS kernel, and the versions of every library that takes part."""
    facts = machine.describe()
    for name in contestants:
        for library in ENTRIES[name].libraries:
            if library not in facts["versions"] and not library.startswith("minialex"):
                facts["versions"][library] = importlib.import_module(library).__version__
    return {**facts, "warnings": warnings()}


def warnings() -> list[str]:
    """Return what makes these figures differ from those of another run on this machine."""
    found = [
        f"{name}={os.environ[name]} is set: these are not the kernels that run without it"
        for name in OVERRIDES
        if name in os.environ
    ]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0  # not on Windows
    if load > 0.5 * threads.count():
        found.append(f"the machine is busy: {load:.1f} processes ran in the last minute")
    return found


def sgemm() -> float:
    """Return the operations a second of a float32 matrix product by BLAS with all threads.

    The best of a few: what this machine can do, against which shares are given.
    """
    from threadpoolctl import threadpool_limits

    a, b, c = (np.ones((SGEMM_SIZE, SGEMM_SIZE), np.float32) for _ in range(3))
    taken = []
    with threadpool_limits(threads.count(), "blas"):
        for _ in range(1 + SGEMM_REPEATS):
            begun = time.perf_counter()
            np.matmul(a, b, out=c)
            taken.append(time.perf_counter() - begun)
    return 2 * SGEMM_SIZE**3 / min(taken[1:])
