"""`minialex bench`: what it counts, whom it refuses and what it reports. No test asserts a time."""

import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from minialex import models
from minialex.bench import agreement, machine, main, peers, probe, scaling, timing, work
from minialex.bench.contestants import Contestant, Minialex
from minialex.errors import InputError
from minialex.layers import LRN, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU

SMALL = work.Request("lenet5", batch=2)
UNEVEN = models.Model(
    (
        ("conv1", Conv2d(8, (5, 3), stride=3, rounding="ceil")), LRN(4, alpha=1e-2, groups=2),
        ReLU(), MaxPool2d(3, 2, pad=(0, 1, 2, 0)),
        ("conv2", Conv2d(12, 3, pad=(1, 0, 2, 1), groups=2)), ReLU(), LRN(3, alpha=1e-2),
        MaxPool2d(2, pad=1, rounding="ceil"),
        Flatten(), Dropout(0.4, mode="paper"),
        ("fc3", Linear(20)), ReLU(), Dropout(0.2),
        ("fc4", Linear(models.CLASSES)),
    ),
    28, 5, "the tests",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setenv("MINIALEX_THREADS", "2")
    monkeypatch.setattr(timing, "REST", 0)
    monkeypatch.setattr(machine, "SGEMM_SIZE", 64)
    monkeypatch.setitem(models.MODELS, "uneven", UNEVEN)


def contestants(names, request):
    return peers.enter(names, work.make(request))


# What is counted ---------------------------------------------------------------------------------


def test_operations_of_lenet5_by_hand():
    conv1, conv2 = 28 * 28 * 6 * (5 * 5 * 3), 10 * 10 * 16 * (5 * 5 * 6)
    dense = 400 * 120 + 120 * 84 + 84 * 10
    forward = 2 * 2 * (conv1 + conv2 + dense)
    backward = 2 * forward - 2 * 2 * conv1  # conv1 computes no gx
    assert work.operations(work.make(SMALL)) == {
        "forward": forward, "backward": backward, "step": forward + backward,
    }  # fmt: skip


def test_operations_of_layers_alone():
    first = work.operations(work.make(work.Request("uneven", 3, layer="conv1")))
    assert first["backward"] == first["forward"] == 2 * 3 * (9 * 10) * 8 * (5 * 3 * 3)
    conv2 = work.make(work.Request("uneven", 3, layer="conv2", shape=(6, 7, 8)))
    grouped = work.operations(conv2)
    assert grouped["forward"] == 2 * 3 * (5 * 8) * 12 * (3 * 3 * 4)
    assert grouped["backward"] == 2 * grouped["forward"]
    assert work.operations(work.make(work.Request(batch=1, layer="lrn"))) == {}


def test_bytes_that_must_move():
    lrn = work.make(work.Request(batch=2, layer="lrn", shape=(3, 5, 8)))
    array = 4 * 2 * 3 * 5 * 8
    assert work.bytes_moved(lrn) == {"forward": 2 * array, "backward": 3 * array}
    pool = work.make(work.Request(batch=2, layer="pool", shape=(7, 7, 8)))
    x, y = 2 * 7 * 7 * 8, 2 * 3 * 3 * 8
    assert work.bytes_moved(pool) == dict.fromkeys(("forward", "backward"), 4 * x + 4 * y + y)
    mean = work.make(work.Request("cuda-convnet-19pct", batch=2, layer="pool2"))
    both = mean.x.nbytes + mean.gy.nbytes  # a mean has no index
    assert work.bytes_moved(mean) == {"forward": both, "backward": both}
    assert work.bytes_moved(work.make(SMALL)) == {"update": 5 * 4 * 62006}


def test_a_layer_alone_is_the_one_of_the_table():
    alone = work.make(work.Request(batch=2, layer="relu", shape=(3, 3, 4)))
    [relu] = alone.network.layers
    assert relu.form((3, 3, 4)) == "kernels/relu.py"  # in the network its convolution does the work
    assert (relu.forward(alone.x) >= 0).all()
    last = work.make(work.Request("lenet5", 2, layer="fc5"))
    assert last.gy.shape == (2, 10)


def test_without_lrn():
    kinds = {layer.kind for layer in work.make(work.Request("uneven", 1, lrn=False)).network.layers}
    assert kinds == {"conv", "relu", "pool", "flatten", "dropout", "fc"}
    within_maps = work.make(work.Request("cuda-convnet-18pct", 1, lrn=False)).network
    assert {layer.kind for layer in within_maps.layers} == {"conv", "relu", "pool", "flatten", "fc"}
    with pytest.raises(InputError, match="has no 'lrn'"):
        work.make(work.Request("uneven", 1, lrn=False, layer="lrn"))


# Rounds and ratios -------------------------------------------------------------------------------


class Fake:
    """A contestant on a clock of its own: each run takes what is next in its list."""

    time = 0.0
    log: list[str]

    def __init__(self, name, seconds):
        self.name, self.seconds = name, iter(seconds)

    def once(self):
        Fake.log.append(self.name)

    def step(self):
        Fake.time += next(self.seconds)


def test_rounds_alternate_and_ratios_are_of_the_same_round():
    Fake.log, rests = [], []
    ours = Fake("minialex", [99, 1, 10, 2])
    theirs = Fake("torch contiguous", [99, 3, 20, 8])
    other = Fake("torch channels_last", [99, 2, 10, 8])
    seconds = timing.measure(
        [ours, theirs, other], ["step"], rounds=3, warmup=1,
        clock=lambda: Fake.time, sleep=rests.append,
    )  # fmt: skip
    assert Fake.log == ["minialex", "torch contiguous", "torch channels_last"] * 4
    assert len(rests) == 12
    assert seconds["minialex", "step"] == [1, 10, 2]
    rows = {row.contestant: row for row in timing.rows(seconds)}
    row = rows["torch contiguous"]
    assert (row.median, row.fastest, row.slowest, row.ratio) == (8, 3, 20, 3)
    assert row.median / rows["minialex"].median == 4  # which is not the ratio of pairs
    assert rows["minialex"].ratio == 1
    assert [row.contestant for row in rows.values() if row.best] == ["torch channels_last"]


def test_exponent_of_exact_powers():
    values = [8, 16, 64]
    assert scaling.exponent(values, [3e-3 * v**1.7 for v in values]) == pytest.approx(1.7)
    assert scaling.exponent([2], [1.0]) is None


def test_scaling_varies_one_axis_at_a_time(monkeypatch):
    seen = []

    def measure(contestants, phases, rounds):
        [ours] = contestants
        batch, size = ours.x.shape[:2]
        seen.append((batch, size, machine.threads.count(), rounds))
        return {(ours.name, phase): [1e-6 * batch * size**2] * rounds for phase in phases}

    monkeypatch.setattr(timing, "measure", measure)
    with machine.threads.use(2):
        batch, image, workers = scaling.measure(scaling.AXES, ["minialex"], SMALL, 3)
    assert seen == [
        (1, 32, 2, 3), (2, 32, 2, 3),
        (2, 32, 2, 3), (2, 48, 2, 3), (2, 64, 2, 3),
        (2, 32, 1, 3), (2, 32, 2, 3),
    ]  # fmt: skip
    assert (batch.exponent, image.exponent) == (pytest.approx(1), pytest.approx(2))
    assert workers.exponent == pytest.approx(0)
    assert work.Request(layer="pool", shape=(4, 4, 8)).resized(6).shape == (6, 6, 8)


# Agreement ---------------------------------------------------------------------------------------

TORCH = ["minialex", "torch contiguous", "torch channels_last"]


@pytest.mark.parametrize("model", ["lenet5", "uneven"])
def test_pytorch_computes_the_same_network(model):
    errors = agreement.check(contestants(TORCH, work.Request(model, batch=4)))
    assert list(errors) == TORCH[1:]
    assert {"y", "loss", "gradient of conv1.W", "gradient of conv1.b"} <= set(errors[TORCH[1]])


def test_pytorch_computes_the_same_network_without_a_classifier():
    errors = agreement.check(contestants(TORCH, work.Request("alexnet-tf", 2, image_size=64)))
    assert {"y", "gradient of conv1.W"} <= set(errors[TORCH[1]])


@pytest.mark.parametrize("layer", ["conv1", "lrn1", "pool1", "conv2", "fc3", "relu3"])
def test_pytorch_computes_the_same_layer(layer):
    errors = agreement.check(contestants(TORCH, work.Request("uneven", batch=3, layer=layer)))
    assert ("gx" in errors[TORCH[1]]) == (layer != "conv1")


@pytest.mark.parametrize("name", TORCH[1:])
def test_pytorch_learns_the_same(name):
    case = replace(work.make(work.Request("uneven", batch=3)), lr=0.01)
    theirs = peers.contestant_class(name)(name, case)
    ours = Minialex("minialex", case)
    ours.train = theirs.train = False
    for _ in range(3):
        assert ours.step() == pytest.approx(theirs.step(), rel=1e-4)
    for key, w in case.network.params.items():
        assert agreement.relative(theirs.as_ours(key, theirs.params[key].detach()), w) < 1e-4


def test_tensorflow_computes_the_same():
    pytest.importorskip("tensorflow")
    for request in (SMALL, work.Request("alexnet-mini", batch=4)):
        agreement.check(contestants(["minialex", "tensorflow"], request))


def test_a_wrong_peer_is_refused(monkeypatch):
    norm = torch.nn.functional.local_response_norm
    monkeypatch.setattr(
        torch.nn.functional, "local_response_norm",
        lambda x, n, alpha, beta, k: norm(x, n, alpha / n, beta, k),  # Caffe's alpha
    )  # fmt: skip
    with pytest.raises(InputError, match=r"torch contiguous and minialex.*relative error of y"):
        agreement.check(contestants(TORCH, work.Request("alexnet-mini", batch=1)))


def test_a_wrong_layer_of_ours_is_refused(monkeypatch):
    backward = LRN.backward
    monkeypatch.setattr(LRN, "backward", lambda self, gy, need_gx=True: 1.1 * backward(self, gy))
    with pytest.raises(InputError, match=r"relative error of gx is 0.09"):
        agreement.check(contestants(TORCH, work.Request(batch=2, layer="lrn", shape=(4, 4, 8))))


def test_nan_and_another_shape_are_refused():
    class Wrong(Contestant):
        def results(self):
            return {"y": self.y}

    case = work.make(SMALL)
    one, other = Wrong("one", case), Wrong("other", case)
    one.y = np.ones(3)
    for other.y in (np.array([1, np.nan, 1]), np.ones(4)):
        with pytest.raises(InputError, match="other and one compute different things"):
            agreement.check([one, other])


# The command -------------------------------------------------------------------------------------


def test_rows_and_json(capsys, tmp_path):
    path = tmp_path / "bench.json"
    assert main(["--model", "lenet5", "--batch", "2", "--rounds", "2", "--json", str(path)]) == 0
    out = capsys.readouterr().out
    assert "lenet5: x 2x32x32x3 float32, 2 threads" in out
    for phase in ("forward", "backward", "update", "step"):
        assert re.search(rf"\n *{phase} +median ms +min .. max +ratio", out)
    assert len(re.findall(r"\n minialex +\d", out)) == 4
    assert max(map(len, out.splitlines())) <= 100
    document = json.loads(path.read_text())
    assert document["request"]["batch"] == 2
    assert document["machine"]["threads"] == 2
    assert set(document["machine"]["versions"]) >= {"minialex", "numpy", "torch"}
    assert document["case"]["forms"]["conv1"]
    assert set(document["sgemm operations a second"]) == {"before", "after"}
    rows = document["rows"]
    assert {row["contestant"] for row in rows} == set(TORCH)
    for row in rows:
        assert len(row["rounds"]) == 2
        assert row["fastest"] <= row["median"] <= row["slowest"]


def test_a_layer_at_a_shape(capsys):
    assert main(["--layer", "pool", "--shape", "2,7,7,4", "--peers", "none", "--rounds=1"]) == 0
    out = capsys.readouterr().out
    assert "pool of alexnet-cifar: x 2x7x7x4" in out
    assert "GB/s" in out
    assert "update" not in out
    assert "torch" not in out


def test_scaling_and_warnings_are_printed(capsys, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    flags = ["--model=lenet5", "--batch=2", "--peers=none", "--rounds=1", "--scaling", "batch"]
    assert main(flags) == 0
    out = capsys.readouterr().out
    assert "WARNING: OPENBLAS_CORETYPE=Haswell is set" in out
    assert re.search(r"ms by batch +1 +2 +exponent", out)


def test_a_network_without_a_classifier_is_scaled_by_its_passes(monkeypatch):
    monkeypatch.setattr(timing, "REST", 0)
    request = work.Request("alexnet-tf", batch=1)
    curves = scaling.measure(["batch"], ["minialex"], request, 1)
    assert [curve.phase for curve in curves] == ["forward", "backward"]


def test_a_fresh_process_takes_the_installed_package(monkeypatch, tmp_path):
    """In a checkout there is a folder of this name, which has no kernels."""
    (tmp_path / "minialex").mkdir()
    (tmp_path / "minialex" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    assert probe.run("minialex", SMALL).step_seconds > 0


def test_memory_and_second_start_come_from_fresh_processes(capsys, monkeypatch):
    monkeypatch.setattr(probe, "STARTS", 1)
    flags = ["--model=lenet5", "--batch=2", "--peers=none", "--rounds=1", "--memory", "--startup"]
    assert main(flags) == 0
    out = capsys.readouterr().out
    assert re.search(r"peak memory .*\n.*\n minialex +\d+\.\d +1.00", out)
    assert re.search(r"second start .*\n.*\n minialex +\d\.\d\d", out)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--peers", "tensorflow"], "tensorflow is not installed here. Install it (pip install"),
        (["--peers", "torchh"], "did you mean 'torch'?"),
        (["--model", "alexnet-cifarr"], "did you mean 'alexnet-cifar'?"),
        (["--layer", "conv9"], "alexnet-cifar has no 'conv9'"),
        (["--shape", "1,8,8,3"], "name the layer with --layer"),
        (["--json", "missing/bench.json"], "--json: there is no folder missing"),
        (["--json", "."], "--json: . is a folder: name a file in it"),
        (["--layer=conv1", "--shape=1,8,8,3", "--image-size=9"], "says batch and size already"),
        (["--layer=fc6", "--scaling", "image"], "fc6 of alexnet-cifar takes no pictures"),
    ],
)
def test_wrong_input_is_one_line(capsys, monkeypatch, flags, said):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as if it were not installed
    assert main(flags) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("minialex: error: ")
    assert err.count("\n") == 1
    assert said in err


def test_a_bad_number_is_refused_by_the_parser(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--batch", "0"])
    assert "'0' is not a positive whole number" in capsys.readouterr().err


def test_compile_needs_a_compiler(monkeypatch):
    monkeypatch.setattr(peers.shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="no C\\+\\+ compiler"):
        peers.names(["torch-compile"])
