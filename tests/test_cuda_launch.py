"""How a kernel comes to a GPU: what is loaded there, and what it is given."""

import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("numba_cuda", reason="pip install -e '.[gpucheck]' for the CUDA kernels")

from ptx.parse import parse

from minialex.kernels.cuda import KERNELS, build, launch, relu


class OnGpu(SimpleNamespace):
    """A flat array of CuPy's, as far as a launch looks at it."""

    def __init__(self, size: int, itemsize: int, address: int) -> None:
        super().__init__(size=size, itemsize=itemsize, data=SimpleNamespace(ptr=address))


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_is_given_what_it_takes(name):
    """As many parameters as its PTX declares, of the same sizes."""
    kernel, constants = KERNELS[name]
    declared = parse(build.ptx(kernel, constants)).parameters.values()
    arguments = [cast(3) if cast else OnGpu(6, 4, 4096) for cast in kernel.casts]
    given = launch.parameters(arguments)
    sizes = [8 if isinstance(number, int) else number.itemsize for number in given]
    assert sizes == [int(kind[1:]) // 8 for kind in declared]


@pytest.mark.parametrize("name", KERNELS)
def test_machine_code_and_name_of_every_kernel(name):
    kernel, constants = KERNELS[name]
    code, symbol = build.cubin(kernel, constants, (9, 0))
    assert len(set(re.findall(rb"\.text\.[\w$]+", code))) == 1
    assert f"{len(kernel.function.__name__)}{kernel.function.__name__}B" in symbol


def test_the_parameters_of_an_array_have_numbas_order():
    """Two pointers, elements, bytes of one, address, shape, strides: numba_cuda's dispatcher.py."""
    given = launch.parameters([OnGpu(6, 4, 4096), np.float32(0.5)])
    assert given == [0, 0, 6, 4, 4096, 6, 4, np.float32(0.5)]


@pytest.mark.parametrize("capability", ["75", "90", "120"])
def test_cupy_is_given_machine_code_for_its_gpu(monkeypatch, capability):
    loaded, launched = [], []

    class Module:
        def load(self, code):
            loaded.append(code)

        def get_function(self, name):
            return lambda *call: launched.append((name, *call))

    cuda = SimpleNamespace(
        runtime=SimpleNamespace(getDevice=lambda: int(capability)),  # another GPU in every case
        Device=lambda number: SimpleNamespace(compute_capability=capability),
        function=SimpleNamespace(Module=Module),
    )
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=cuda))
    arrays = [OnGpu(6, 4, address) for address in (4096, 8192, 12288)]
    for _ in range(2):
        relu.relu_backward((1,), (256,), *arrays, 6)
    (code,) = loaded  # once for both launches
    assert code[:4] == b"\x7fELF"
    assert int(capability) in code[48:52]  # e_flags
    for name, grid, block, given in launched:
        assert name.encode() in code
        assert "relu_backward" in name
        assert (grid, block) == ((1,), (256,))
        assert given[4::7][:3] == [4096, 8192, 12288]
        assert (given[-1], type(given[-1])) == (6, np.uint64)
    assert len(launched) == 2


def test_scalars_become_what_the_signature_says():
    assert relu.add_bias_kernel.casts == [None, None, np.uint64, np.uint32, np.uint32]
