"""A machine without a usable GPU, or with one that is too small, is told so in one sentence."""

import dataclasses
import sys
import tracemalloc

import numpy as np
import pytest
import strict_cupy
import tiny

from minialex import backend, forms, gpu, models, threads
from minialex.cli import main
from minialex.errors import InputError
from minialex.failures import bytes_a_picture
from minialex.layers import SoftmaxCrossEntropy
from minialex.train import fit

CUDA = dataclasses.replace(tiny.CONFIG, device="cuda")


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)
    with strict_cupy.installed():
        yield


def refused(device: str = "cuda") -> str:
    """Return what the command says in place of a training."""
    with pytest.raises(InputError) as error:
        gpu.device(device)
    return str(error.value)


def test_what_is_missing_is_said(monkeypatch):
    for machine, told in (
        ({"driver": 0}, "this machine has no NVIDIA driver"),
        ({"driver": 12040, "wheel": 13000},
         "the driver goes up to CUDA 12.4, and the installed CuPy is for CUDA 13.0. Install a "
         "newer driver, or the CuPy of 'minialex[cuda12]'"),
        ({"devices": 0}, "the driver finds no GPU (cudaErrorNoDevice"),
    ):  # fmt: skip
        with strict_cupy.installed(**machine):
            assert told in refused()
    assert "this machine has cuda:0 and cuda:1" in refused("cuda:2")
    assert "device='gpu': use cpu, cuda, or cuda:1" in refused("gpu")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "cupy", None)  # as if it were not installed
        assert "pip install 'minialex[cuda13]', or 'minialex[cuda12]'" in refused()


def test_a_newer_driver_serves_an_older_cupy():
    with strict_cupy.installed(driver=13010, wheel=12090):
        assert gpu.device("cuda").id == 0


def test_the_command_says_it_in_a_sentence_before_anything_is_loaded(monkeypatch, capsys):
    monkeypatch.setattr("minialex.data.load", lambda *_: pytest.fail("pictures were loaded"))
    with strict_cupy.installed(driver=0):
        assert main(["train", "--model", "tiny", "--device", "cuda"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("minialex: error: device=cuda: this machine has no NVIDIA driver")
    assert said.count("\n") == 1
    assert main(["train", "--device", "cda"]) == 2
    assert "device='cda': use cpu, cuda" in capsys.readouterr().err


def test_a_batch_without_room_is_told_which_would_have(capsys):
    config = dataclasses.replace(CUDA, batch_size=64)
    small = {"memory": 600 << 20, "held": 100 << 20, "largest": 40_000}
    with strict_cupy.installed(**small), pytest.raises(InputError) as error:
        fit(tiny.network(), tiny.splits(), config)
    assert "device=cuda: out of memory. Of 0.6 GB this training could have 0.6" in str(error.value)
    assert "--batch-size 48 should fit" in str(error.value)
    hopeless = {**small, "memory": 100 << 20}
    with strict_cupy.installed(**hopeless), pytest.raises(InputError, match="Not even one"):
        fit(tiny.network(), tiny.splits(), config)


def failing(error: Exception, monkeypatch):
    """Return a network whose first layer raises this error."""
    network = tiny.network()

    def forward(*_, **__):
        raise error

    monkeypatch.setattr(network.layers[0], "forward", forward)
    return network


class CudaAPIError(Exception):
    """As that of numba-cuda: no RuntimeError."""


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED"),
        strict_cupy.devices.CUDARuntimeError("cudaErrorMemoryAllocation: out of memory"),
        CudaAPIError("[2] Call to cuLaunchKernel results in CUDA_ERROR_OUT_OF_MEMORY"),
    ],
    ids=["cuBLAS", "runtime", "Numba"],
)
def test_every_library_may_find_the_memory_full(error, monkeypatch):
    with pytest.raises(InputError, match="device=cuda: out of memory"):
        fit(failing(error, monkeypatch), tiny.splits(), CUDA)


def test_another_error_of_a_library_stays_what_it_is(monkeypatch):
    error = RuntimeError("CUBLAS_STATUS_EXECUTION_FAILED")
    with pytest.raises(RuntimeError, match="EXECUTION_FAILED"):
        fit(failing(error, monkeypatch), tiny.splits(), CUDA)


def peak(network, batch: int) -> int:
    """Return the most memory that both passes take."""
    loss = SoftmaxCrossEntropy()
    x = backend.to_device(np.zeros((batch, *network.input_shape), np.float32), "cuda")
    labels = backend.to_device(np.zeros(batch, np.int64), "cuda")
    tracemalloc.start()
    loss.forward(network.forward(x, train=True), labels)
    network.backward(loss.backward())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_a_picture_takes_no_more_than_the_estimate(monkeypatch):
    """So the batch that should fit does."""
    monkeypatch.setattr(threads, "WORKSPACE_BYTES", 1 << 18)  # a few pictures fill it, as many do
    with forms.use("reference"):
        few, many = (peak(models.build("alexnet-mini").to("cuda"), batch) for batch in (1, 5))
    estimate = bytes_a_picture(models.build("alexnet-mini"))
    assert estimate / 3 < (many - few) / 4 < estimate


def test_a_limit_of_cupys_memory_is_known():
    small = {"memory": 80 << 30, "limit": 600 << 20, "largest": 40_000}
    with strict_cupy.installed(**small), pytest.raises(InputError) as error:
        fit(tiny.network(), tiny.splits(), dataclasses.replace(CUDA, batch_size=64))
    assert "Of 85.9 GB this training could have 0.6" in str(error.value)


def test_a_profile_is_of_the_cpu():
    with pytest.raises(InputError, match="--profile times what a CPU does, not --device cuda"):
        fit(tiny.network(), tiny.splits(), CUDA, profile=True)
