"""Each CPU kernel equals its reference; without Numba the package works as well."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch_twin import results

from minialex import forms, kernels, models, threads
from minialex.errors import InputError
from minialex.layers import LRN, Conv2d, MaxPool2d, ReLU
from minialex.layers.relu import add_bias
from minialex.optim import SGD
from minialex.strategies import (
    conv_geometry,
    distinct_array,
    lrn_geometry,
    pool_geometry,
    seeds,
)
from minialex.windows import add_windows

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
ODD_VALUES = [np.nan, np.inf, -np.inf, 0.0]


def in_both_forms(run: Callable[[], dict[str, np.ndarray]], tolerance: float) -> None:
    """Assert that `run` returns the same arrays from the reference and from the kernels."""
    found = {}
    for form in ("reference", "kernels"):
        # One thread, because NumPy's error state does not reach the others.
        with forms.use(form), threads.use(1), np.errstate(all="ignore"):
            found[form] = run()
    for name, expected in found["reference"].items():
        scale = np.abs(expected[np.isfinite(expected)]).max(initial=0)
        np.testing.assert_allclose(
            found["kernels"][name], expected, rtol=tolerance, atol=tolerance * scale, err_msg=name
        )


def with_odd_values(x: np.ndarray, odd: float | None, rng: np.random.Generator) -> np.ndarray:
    """Return x with some entries replaced by `odd`."""
    return x if odd is None else np.where(rng.random(x.shape) < 0.2, x.dtype.type(odd), x)


@given(case=lrn_geometry(), seed=seeds(), odd=st.sampled_from([None, *ODD_VALUES]))
def test_lrn(dtype, case, seed, odd):
    rng = np.random.default_rng(seed)
    x = with_odd_values(distinct_array(case.shape, rng, dtype), odd, rng)
    gy = rng.standard_normal(case.shape).astype(dtype)
    layer = LRN(case.n, case.k, case.alpha, case.beta, case.alpha_over_n, case.groups)
    in_both_forms(lambda: results(layer, x, gy), TOLERANCE[dtype])


@given(case=conv_geometry(), seed=seeds(), odd=st.sampled_from([None, *ODD_VALUES]))
def test_gradients_of_windows(dtype, case, seed, odd):
    rng = np.random.default_rng(seed)
    layer = Conv2d(case.filters, case.kernel, case.stride, case.pad, case.groups, case.rounding)
    geometry = layer.geometry(case.shape[1:])
    top, bottom, left, right = geometry.pad
    batch, height, width, channels = case.shape
    padded = (batch, height + top + bottom, width + left + right, channels)
    shape = (batch, *geometry.out, *geometry.kernel, channels)
    gcols = with_odd_values(rng.standard_normal(shape).astype(dtype), odd, rng)
    before = rng.standard_normal(padded).astype(dtype)

    def run() -> dict[str, np.ndarray]:
        whole, group = before.copy(), before.copy()
        add_windows(gcols, whole, geometry)
        add_windows(gcols[..., ::2], group[..., ::2], geometry)  # views
        return {"whole": whole, "group": group}

    in_both_forms(run, TOLERANCE[dtype])


def test_gradients_of_windows_run_in_the_kernel_only_where_they_fit():
    """A kernel that is given a picture without its padding would write beyond it."""
    geometry = Conv2d(1, 3, pad=1).geometry((4, 4, 2))
    gcols = np.ones((2, 4, 4, 3, 3, 2))
    kernel = forms.load("im2col.backward")
    assert kernel(gcols, np.zeros((2, 6, 6, 2)), geometry) is None
    assert kernel(gcols, np.zeros((2, 7, 8, 2)), geometry) is None  # rows and columns left over
    for shape in ((2, 4, 4, 2), (2, 5, 6, 2), (2, 6, 5, 2), (1, 6, 6, 2), (2, 6, 6, 1)):
        assert kernel(gcols, np.zeros(shape), geometry) is NotImplemented
    assert kernel(gcols, np.zeros((2, 6, 6, 2), "float32"), geometry) is NotImplemented
    for view in (np.zeros((2, 6, 6, 4))[..., ::2], np.zeros((2, 6, 12, 2))[:, :, ::2]):
        assert kernel(gcols, view, geometry) is NotImplemented
    with pytest.raises(ValueError, match="broadcast"):
        add_windows(gcols, np.zeros((2, 4, 4, 2)), geometry)


@given(case=pool_geometry(), seed=seeds(), odd=st.sampled_from([None, *ODD_VALUES]))
def test_pooling(dtype, case, seed, odd):
    rng = np.random.default_rng(seed)
    x = with_odd_values(distinct_array(case.shape, rng, dtype), odd, rng)
    gy = rng.standard_normal(case.output_shape).astype(dtype)
    layer = MaxPool2d(case.kernel, case.stride, case.pad, rounding=case.rounding)
    in_both_forms(lambda: results(layer, x, gy), TOLERANCE[dtype])


@pytest.mark.parametrize("kernel", [(16, 16), (16, 17), (20, 20)], ids=str)
def test_pooling_at_the_limit_of_the_index(kernel, dtype, rng):
    x = distinct_array((2, 25, 24, 3), rng, dtype)
    x[:, kernel[0] - 1, kernel[1] - 1] = 1e3
    layer = MaxPool2d(kernel, stride=3)
    gy = distinct_array((2, *layer.output_shape(x.shape[1:])), rng, dtype)
    in_both_forms(lambda: results(layer, x, gy), TOLERANCE[dtype])


@given(size=st.integers(1, 40), seed=seeds(), odd=st.sampled_from([None, *ODD_VALUES]))
def test_relu(dtype, size, seed, odd):
    rng = np.random.default_rng(seed)
    x = with_odd_values(distinct_array((size, 3), rng, dtype), odd, rng)
    gy = with_odd_values(distinct_array((size, 3), rng, dtype), odd, rng)
    in_both_forms(lambda: results(ReLU(), x, gy), TOLERANCE[dtype])


@given(
    rows=st.integers(0, 9),
    filters=st.integers(1, 40),
    rectify=st.booleans(),
    seed=seeds(),
    odd=st.sampled_from([None, *ODD_VALUES]),
)
def test_bias_and_relu(dtype, rows, filters, rectify, seed, odd):
    def run() -> dict[str, np.ndarray]:
        rng = np.random.default_rng(seed)
        y = with_odd_values(rng.standard_normal((rows, filters)).astype(dtype), odd, rng)
        add_bias(y, rng.standard_normal(filters).astype(dtype), rectify)
        return {"y": y}

    in_both_forms(run, TOLERANCE[dtype])


@given(size=st.integers(1, 40), seed=seeds(), odd=st.sampled_from([None, *ODD_VALUES]))
def test_sgd(dtype, size, seed, odd):
    def run() -> dict[str, np.ndarray]:
        rng = np.random.default_rng(seed)
        params = {"w": distinct_array((size,), rng, dtype)}
        optimiser = SGD(params)
        for lr in (0.1, 0.1, 0.01):
            grads = {"w": with_odd_values(distinct_array((size,), rng, dtype), odd, rng)}
            optimiser.step(grads, lr)
        return params | {"v": optimiser.velocity["w"]}

    in_both_forms(run, TOLERANCE[dtype])


def test_the_summary_says_what_runs():
    network = models.build("alexnet-mini")
    found = {}
    for form in ("reference", "kernels"):
        with forms.use(form):
            found[form] = {row.kind: row.form for row in network.summary()}
    for kind in ("lrn", "pool"):
        assert found["kernels"][kind] == f"kernels/{kind}.py"
        assert "kernels" not in found["reference"][kind]


def test_the_environment_turns_kernels_off(monkeypatch):
    for value, choice in (("reference", "reference"), ("kernels", "kernels"), ("", "kernels")):
        monkeypatch.setenv("MINIALEX_KERNELS", value)
        assert forms.choice() == choice
    monkeypatch.setenv("MINIALEX_KERNELS", "off")
    with pytest.raises(InputError, match="MINIALEX_KERNELS='off'"):
        forms.choice()


def test_a_kernel_that_cannot_be_loaded_is_an_error_with_its_remedy():
    with pytest.raises(RuntimeError, match=r"lrn\.sideways.*MINIALEX_KERNELS=reference"):
        forms.load("lrn.sideways")


def test_the_folder_refuses_another_name():
    spec = importlib.util.spec_from_file_location("kernels", kernels.__file__)
    with pytest.raises(ImportError, match=r"minialex\.kernels"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


# In an interpreter of its own -----------------------------------------------------------------


def python(code: str, folder, **environment: str) -> str:
    """Run `code` in a new interpreter in an empty folder; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


WITHOUT_NUMBA = """
import sys
class Blocker:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "numba":
            raise ModuleNotFoundError("No module named 'numba'", name="numba")
sys.meta_path.insert(0, Blocker)
"""
STEP = """
import numpy as np
from minialex import models, optim
network = models.build("alexnet-mini")
x = np.random.default_rng(0).standard_normal((4, 32, 32, 3)).astype("float32")
y = network.forward(x)
network.backward(np.ones_like(y))
optim.SGD(network.params).step(network.grads, 0.01)
print(float(np.abs(network.params["conv1.W"]).sum()), {row.form for row in network.summary()})
print("numba" in sys.modules)
"""


def test_a_step_without_numba_equals_one_with_kernels(tmp_path):
    blocked = python(WITHOUT_NUMBA + STEP, tmp_path).splitlines()
    normal = python("import sys" + STEP, tmp_path).splitlines()
    assert "kernels" not in blocked[0]
    assert "kernels/pool.py" in normal[0]
    assert (blocked[1], normal[1]) == ("False", "True")
    sums = [float(line.split()[0]) for line in (blocked[0], normal[0])]
    assert sums[0] == pytest.approx(sums[1], rel=1e-5)


def test_the_reference_form_does_not_load_numba(tmp_path):
    printed = python("import sys" + STEP, tmp_path, MINIALEX_KERNELS="reference").splitlines()
    assert "kernels" not in printed[0]
    assert printed[1] == "False"


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import minialex", "numba cupy matplotlib torch PIL rich tyro pooch safetensors"),
        ("from minialex import models, optim, schedules", "numba cupy matplotlib torch PIL rich"),
    ],
)
def test_imports_are_light(tmp_path, code, heavy):
    loaded = python(f"{code}\nimport sys\nprint(*sys.modules)", tmp_path).split()
    assert not set(heavy.split()) & set(loaded)
