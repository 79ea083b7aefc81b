"""Hypothesis profiles and the fixtures that every test file shares."""

import functools
import importlib
import os

import numpy as np
import pytest
import strict_cupy
from hypothesis import HealthCheck, settings

from minialex import gpu
from minialex.errors import InputError

# No tests are in them, and some need numba-cuda; pytest would import them to look for doctests.
collect_ignore_glob = ["cuda_*.py", "ptx/*"]

# The fixtures below set something for a whole test, so all examples may share them.
COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
settings.register_profile("minialex-dev", max_examples=50, **COMMON)
settings.register_profile("minialex-ci", max_examples=50, derandomize=True, **COMMON)
settings.register_profile("minialex-thorough", max_examples=10_000, **COMMON)
usual = "minialex-ci" if os.environ.get("CI") else "minialex-dev"
settings.load_profile(os.environ.get("MINIALEX_HYPOTHESIS") or usual)


@pytest.fixture(params=["numpy", "cupy"])
def xp(request):
    """The array module: a test that takes it runs on NumPy and on CuPy.

    Without a GPU, CuPy is the strict stand-in of tests/strict_cupy.
    """
    if request.param == "numpy":
        yield np
    elif has_gpu():
        yield importlib.import_module("cupy")
    else:
        with strict_cupy.installed() as cupy:
            yield cupy


@functools.cache
def has_gpu() -> bool:
    """Tell whether this machine has CuPy and a GPU for it."""
    try:
        gpu.device("cuda")
    except InputError:
        return False
    return True


@pytest.fixture(params=["float64", "float32"])
def dtype(request) -> str:
    return request.param


@pytest.fixture(params=["reference", "kernels"])
def form(request):
    """Runs a test in both forms of the hot paths; the environment variable is for processes."""
    from minialex import forms

    with forms.use(request.param):
        yield request.param


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def workers(request):
    from minialex import threads

    with threads.use(request.param):
        yield request.param


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2012)
