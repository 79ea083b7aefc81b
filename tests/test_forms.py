"""Which form runs on which arrays. A GPU is not needed to see it: a class stands in for CuPy's."""

import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from minialex import forms


class OnGPU(np.ndarray):
    """What `xp_of` takes for an array on a GPU."""


@pytest.fixture
def on_gpu(monkeypatch):
    cupy = ModuleType("cupy")
    cupy.ndarray = OnGPU
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    return np.zeros(3, "float32").view(OnGPU)


@pytest.fixture
def ran(monkeypatch):
    """What ran: a list of "reference" or paths of kernels, which say NotImplemented for size 1."""
    ran = []

    def load(path):
        def kernel(x):
            ran.append(path)
            return NotImplemented if x.size == 1 else None

        return kernel

    monkeypatch.setattr(forms, "load", load)
    return ran


def marked(ran, **options):
    return forms.has_kernel("lrn.forward", **options)(lambda x: ran.append("reference"))


def test_a_cpu_and_a_gpu_have_kernels_of_their_own(ran, on_gpu):
    function = marked(ran)
    for x in (np.zeros(3), on_gpu, np.zeros(3, complex)):
        function(x)
    assert ran == ["lrn.forward", "cuda.lrn.forward", "reference"]


def test_a_kernel_for_a_gpu_only(ran, on_gpu):
    function = marked(ran, cpu=False)
    for x in (np.zeros(3), on_gpu):
        function(x)
    assert ran == ["reference", "cuda.lrn.forward"]
    assert function.form() == "NumPy"


def test_what_a_kernel_has_no_form_for_runs_in_the_reference(ran, on_gpu):
    function = marked(ran)
    for x in (np.zeros(1), on_gpu[:1]):
        function(x)
    assert ran == ["lrn.forward", "reference", "cuda.lrn.forward", "reference"]


def test_kernels_are_turned_off_on_both(ran, on_gpu):
    function = marked(ran)
    with forms.use("reference"):
        for x in (np.zeros(3), on_gpu):
            function(x)
    assert ran == ["reference", "reference"]


def test_without_numba_cuda_the_reference_runs(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("minialex.kernels.cuda")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numba_cuda", None)  # importing it fails
    assert forms.load.__wrapped__("cuda.lrn.forward") is None


def test_every_marked_reference_has_a_kernel_for_a_gpu():
    pytest.importorskip("numba_cuda", reason="pip install -e '.[gpucheck]' for the CUDA kernels")
    from minialex import optim, windows
    from minialex.layers import lrn, pool, relu

    for module in (lrn, pool, relu, optim, windows):
        marked = [value for value in vars(module).values() if isinstance(value, forms.Dispatched)]
        assert marked
        assert all(callable(forms.load(f"cuda.{function.path}")) for function in marked)


def test_a_step_on_a_cpu_loads_nothing_of_a_gpu(tmp_path):
    code = """
import sys
import numpy as np
from minialex import models, optim
network = models.build("lenet5")
y = network.forward(np.ones((2, 32, 32, 3), "float32"), train=True)
network.backward(y)
optim.SGD(network.params).step(network.grads, 0.01)
print(*(name for name in sys.modules if "cuda" in name or "cupy" in name))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "minialex.kernels.lrn" not in loaded
    assert not [name for name in loaded if name.startswith(("minialex.kernels.cuda", "cupy"))]
    assert "numba.cuda" not in loaded
