"""`minialex bench` on GPUs: what it refuses, and, with a stand-in for CuPy, that it runs.

What it measures, only a GPU shows.
"""

import json
from types import SimpleNamespace

import pytest
import strict_cupy

from minialex.bench import main, timing, work


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--device", "none"], "add --sass"),
        (["--sass"], "use it with --device none"),
        (["--sass", "--device", "cuda"], "use it with --device none"),
        (["--device", "gpu"], "use cpu, cuda, or cuda:1"),
        (["--device", "cuda", "--memory"], "--memory is for --device cpu"),
        (["--device", "none", "--sass", "--scaling"], "--scaling is for --device cpu"),
        (["--device", "cuda", "--peers", "torch"], "--peers is for --device cpu"),
    ],
)
def test_flags_that_make_no_sense(flags, reason, capsys):
    assert main(flags) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("machine", "reason"), [({"driver": 0}, "no NVIDIA driver"), ({"devices": 0}, "no GPU")]
)
def test_without_a_gpu_nothing_is_printed(machine, reason, capsys):
    with strict_cupy.installed(**machine):
        assert main(["--device", "cuda"]) == 2
    printed = capsys.readouterr()
    assert reason in printed.err
    assert printed.out == ""


def test_without_the_packages(monkeypatch, capsys):
    from minialex.bench import sass

    monkeypatch.setattr(sass, "PACKAGES", ("a-package-that-nobody-has",))
    assert main(["--device", "none", "--sass"]) == 2
    assert "pip install 'minialex[gpucheck]'" in capsys.readouterr().err


@pytest.fixture
def stand_in(monkeypatch):
    """A GPU on which every launch takes 2 ms."""
    pytest.importorskip("numba_cuda", reason="pip install -e '.[gpucheck]' for the CUDA kernels")
    from minialex.bench import gpu, gpu_cases

    event = SimpleNamespace(record=lambda: None, synchronize=lambda: None)
    with strict_cupy.installed() as cupy:
        monkeypatch.setitem(vars(cupy.cuda), "Event", lambda: event)
        monkeypatch.setitem(vars(cupy.cuda), "get_elapsed_time", lambda *_: 2 * gpu.LAUNCHES)
        monkeypatch.setattr(gpu_cases, "BATCH", 1)
        monkeypatch.setattr(gpu_cases, "FC6", 4096)
        monkeypatch.setattr(gpu, "WARMUP", 1)
        monkeypatch.setattr(gpu, "LAUNCHES", 1)
        monkeypatch.setattr(gpu, "ROUNDS", 1)
        monkeypatch.setattr(gpu, "AHEAD", 1)
        monkeypatch.setattr(timing, "REST", 0)
        yield


def test_what_is_printed_for_a_gpu(stand_in, capsys, tmp_path):
    flags = ["--model", "lenet5", "--batch", "2", "--rounds", "1"]
    assert main(["--device", "cuda", *flags, "--json", str(tmp_path / "gpu.json")]) == 0
    printed = capsys.readouterr().out
    found = json.loads((tmp_path / "gpu.json").read_text())
    lrn = found["kernels"]["lrn.forward"]
    assert lrn == {"seconds": 0.002, "bytes": 2 * 4 * 55 * 55 * 96}
    share = lrn["bytes"] / 0.002 / found["copy bytes a second"]
    assert f"{100 * share:.1f} %" in printed
    assert "PyTorch is not timed" in printed
    (step,) = found["steps"]
    assert (step["contestant"], step["phase"], step["ratio"]) == ("minialex", "step", 1)


def test_what_pytorch_does_not_have_is_timed_without_it(monkeypatch, capsys):
    import torch

    from minialex.bench import gpu

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert gpu.torch_on("cpu", work.make(work.Request("cuda-convnet-18pct", batch=1))) == []
    assert "PyTorch is not timed: --peers torch: maplrn" in capsys.readouterr().out


@pytest.mark.parametrize("layer", ["pool2", "relu1"])
def test_a_layer_without_parameters_is_timed_on_a_gpu(layer, stand_in, tmp_path):
    flags = ["--model", "lenet5", "--layer", layer, "--batch", "2", "--rounds", "1"]
    assert main(["--device", "cuda", *flags, "--json", str(tmp_path / "gpu.json")]) == 0
    steps = json.loads((tmp_path / "gpu.json").read_text())["steps"]
    assert [step["phase"] for step in steps] == ["forward", "backward"]


@pytest.mark.parametrize("layer", [None, "conv1"])
def test_pytorch_on_a_device_computes_the_same(layer):
    """Here the device is the CPU."""
    from minialex.bench import agreement, gpu
    from minialex.bench.contestants import Minialex

    case = work.make(work.Request("lenet5", batch=2, layer=layer))
    peers = gpu.torch_contestants("cpu", case)
    assert agreement.check([Minialex("minialex", case), *peers])
