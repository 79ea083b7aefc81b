"""The one switch between NumPy and CuPy."""

import sys
import types

import numpy as np

from minialex.backend import xp_of


def test_numpy_arrays_are_numpys():
    assert xp_of(np.zeros(2)) is np


def test_cupy_arrays_are_cupys(monkeypatch):
    cupy = types.ModuleType("cupy")
    cupy.ndarray = type("ndarray", (), {})
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    assert xp_of(cupy.ndarray()) is cupy
    assert xp_of(np.zeros(2)) is np


def test_arrays_stay_in_their_module(xp):
    assert xp_of(xp.zeros(2)) is xp
