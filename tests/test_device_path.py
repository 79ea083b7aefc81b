"""Everything that a GPU does in this project, on a strict stand-in for CuPy: tests/strict_cupy.

No array slips across, no step waits for the GPU, and a run is stored and resumed as on the CPU.
"""

import copy
import dataclasses
import math
import signal
import sys

import numpy as np
import pytest
import strict_cupy
import tiny
from strict_cupy import watch
from test_layer_contract import EXAMPLES, Case
from test_resume import Heard, assert_same_run
from torch_twin import assert_close

from minialex import (
    backend,
    checkpoint,
    figures,
    loop,
    models,
    optim,
    parts,
    run,
    threads,
    totals,
)
from minialex.cli import main
from minialex.config import Config
from minialex.convert import from_torch, to_torch
from minialex.errors import InputError
from minialex.evaluate import evaluate
from minialex.gradcheck import GradientMismatch, check_layer
from minialex.interrupt import Interrupted
from minialex.layers import (
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    LocallyConnected2d,
    MaxPool2d,
    RReLU,
    SoftmaxCrossEntropy,
    dropout,
    local,
)
from minialex.network import Sequential
from minialex.train import fit

CUDA = dataclasses.replace(tiny.CONFIG, device="cuda")


@pytest.fixture(autouse=True)
def cupy(monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)
    with strict_cupy.installed() as stand_in:
        yield stand_in


@pytest.fixture
def _read_late(monkeypatch):
    """The sums of a GPU are read where they must be: at the end of an epoch, and before a save."""
    monkeypatch.setattr(totals, "READ_EVERY", math.inf)


def train(config=CUDA, **options):
    network = tiny.network()
    return network, fit(network, tiny.splits(), config, **options)


def after_step(monkeypatch, step, action):
    """Do something after a step, also where its progress is not shown."""
    learn = loop.Training.step

    def spy(training, x, labels):
        learn(training, x, labels)
        if training.position.step == step:
            action(training)

    monkeypatch.setattr(loop.Training, "step", spy)


def ctrl_c(training):
    signal.raise_signal(signal.SIGINT)


def host(arrays: dict) -> dict:
    return {name: backend.to_host(array) for name, array in arrays.items()}


# Layers and steps -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_pass_of_a_layer_waits_or_crosses(name, form):
    case = Case(EXAMPLES[name], "float32")
    expected = case.results()
    layer, cp = case.layer, sys.modules["cupy"]
    for arrays in (layer.params, layer.grads):
        arrays.update({key: cp.asarray(value) for key, value in arrays.items()})
    x, gy = cp.asarray(case.x), cp.asarray(case.gy)
    layer.forward(x, train=True)  # its constants may go to the GPU once
    with watch() as seen:
        layer.forward(x, train=True)
        layer.backward(gy)
        y, gx = layer.forward(x), layer.backward(gy)
    assert seen.syncs == seen.uploads == []
    found = {"y": y, "gx": gx, **{f"g{key}": value for key, value in layer.grads.items()}}
    for key, value in host(found).items():
        assert_close(value, expected[key], 1e-4, key)


def one_step(network, optimiser, x, labels, train):
    loss = SoftmaxCrossEntropy()
    loss.forward(network.forward(x, train=train), labels)
    network.backward(loss.backward())
    optimiser.step(network.grads, 0.01)


@pytest.mark.parametrize("name", ["alexnet-cifar", "lenet5"])
def test_whole_steps_agree_with_the_cpu_and_do_not_wait(name, rng):
    config = Config()
    x = rng.standard_normal((3, 32, 32, 3), np.float32)
    labels = rng.integers(0, 10, 3)
    on_cpu, on_gpu = models.build(name), models.build(name).to("cuda")
    x_gpu, labels_gpu = (backend.to_device(a, "cuda") for a in (x, labels))
    ours, theirs = (parts.optimiser(config, n.params) for n in (on_gpu, on_cpu))
    one_step(on_gpu, ours, x_gpu, labels_gpu, train=False)  # constants go to the GPU once
    with watch() as seen:
        one_step(on_gpu, ours, x_gpu, labels_gpu, train=False)
    assert seen.syncs == seen.uploads == []
    for _ in range(2):
        one_step(on_cpu, theirs, x, labels, train=False)
    for key, parameter in host(on_gpu.params).items():
        assert_close(parameter, on_cpu.params[key], 1e-4, key)
    with watch() as seen:
        one_step(on_gpu, ours, x_gpu, labels_gpu, train=True)
    assert seen.syncs == seen.uploads == []


@pytest.mark.parametrize("name", ["conv", "pool", "lrn", "prelu", "dropout", "softmax"])
def test_the_gradient_checker_works_there(name):
    case = Case(EXAMPLES[name])
    for arrays in (case.layer.params, case.layer.grads):
        arrays.update({key: backend.to_device(a, "cuda") for key, a in arrays.items()})
    check_layer(case.layer, backend.to_device(case.x, "cuda"))
    right = case.layer.backward
    case.layer.backward = lambda gy, need_gx=True: 1.01 * right(gy, need_gx)
    with pytest.raises(GradientMismatch):
        check_layer(case.layer, backend.to_device(case.x, "cuda"))


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "keras-adam"])
def test_optimisers_agree_with_the_cpu(optimiser, rng):
    config = Config(optimiser=optimiser, lr_scale={"a": 0.5})
    start = {"a": rng.standard_normal((3, 4)), "b": rng.standard_normal(5)}
    params = [{n: backend.to_device(p, d) for n, p in copy.deepcopy(start).items()}
              for d in ("cpu", "cuda")]  # fmt: skip
    rules = [parts.optimiser(config, p) for p in params]
    for _ in range(3):
        grads = {name: rng.standard_normal(p.shape) for name, p in start.items()}
        for rule, device in zip(rules, ("cpu", "cuda"), strict=True):
            rule.step({n: backend.to_device(g, device) for n, g in grads.items()}, 0.1)
    for name in start:
        np.testing.assert_allclose(params[1][name].get(), params[0][name], rtol=1e-12)


@pytest.mark.parametrize("layer", [Dropout(0.3), RReLU(0.1, 0.9)], ids=lambda layer: layer.kind)
def test_random_layers_draw_on_the_gpu_and_the_hosts_generator_repeats_it(layer):
    layer.build((5000,), np.random.default_rng(0))
    x = backend.to_device(np.full((4, 5000), -1, np.float32), "cuda")
    state = copy.deepcopy(layer.rng.bit_generator.state)
    first, second = (layer.forward(x, train=True).get() for _ in range(2))
    layer.rng.bit_generator.state = state
    with watch() as seen:
        again = layer.forward(x, train=True)
    assert seen.uploads == []  # the mask was not made on the host
    np.testing.assert_array_equal(again.get(), first)
    assert (first != second).any()
    if layer.kind == "dropout":
        assert (first == 0).mean() == pytest.approx(0.3, abs=0.02)
    else:
        assert (first.min(), first.max()) == pytest.approx((-0.9, -0.1), abs=1e-3)


def test_a_gpu_gets_large_blocks():
    """Blocks that fit a core's cache would be thousands of small kernels."""
    cp, x = strict_cupy.cupy, np.zeros((64, 55, 55, 96), np.float32)  # 1.2 MB a picture
    with threads.use(4):
        assert threads.images_per_block(x) == 1
        assert threads.images_per_block(cp.asarray(x)) == 57  # 64 MiB
    w = np.zeros(1 << 20)
    assert (len(optim.pieces_of(w)), len(optim.pieces_of(cp.asarray(w)))) == (4, 1)


def test_a_gpus_work_is_queued_without_a_pool(monkeypatch):
    """To set the threads of BLAS, several times a layer, took longer than to queue the work."""
    monkeypatch.delattr(threads, "_controller")
    pieces, x = [], strict_cupy.cupy.zeros((5, 2), "float32")
    with threads.use(3):
        threads.parallel(lambda *piece: pieces.append(piece), 5, 2, x)
    assert pieces == [(0, 0, 1), (0, 1, 3), (0, 3, 5)]


def test_a_gpu_convolves_by_im2col(rng):
    """Winograd's algorithm would queue hundreds of small products; it can still be asked for."""
    layer = Conv2d(64, 3, pad=1)
    layer.build((8, 8, 64), rng)
    x = rng.standard_normal((2, 8, 8, 64)).astype("float32")
    assert layer.algorithm_for(x) == layer.form((8, 8, 64)) == "winograd"
    there = strict_cupy.cupy.asarray(x)
    assert layer.algorithm_for(there) == "im2col"
    layer.algorithm = "winograd"
    assert layer.algorithm_for(there) == "winograd"


def test_a_locally_connected_layer_takes_what_fits_the_workspace(monkeypatch, rng):
    """Five rows go as two and three; a CPU takes them one at a time."""
    layer = LocallyConnected2d(3, 3, pad=1)
    layer.build((5, 4, 2), rng)
    x = rng.standard_normal((6, 5, 4, 2)).astype("float32")
    gy = rng.standard_normal((6, 5, 4, 3)).astype("float32")
    expected = [layer.forward(x).copy(), layer.backward(gy).copy(), *layer.grads.values()]
    there, pieces = layer.twin(), []
    for name in ("params", "grads"):
        arrays = {k: strict_cupy.cupy.asarray(a) for k, a in getattr(layer, name).items()}
        setattr(there, name, arrays)

    def spy(layer, rows, cols=LocallyConnected2d._cols):
        pieces.append((rows.start, rows.stop))
        return cols(layer, rows)

    row_bytes = 6 * 4 * (3 * 3 * 2) * 4
    monkeypatch.setattr(local, "WORKSPACE_BYTES", 3 * row_bytes)
    monkeypatch.setattr(LocallyConnected2d, "_cols", spy)
    x, gy = strict_cupy.cupy.asarray(x), strict_cupy.cupy.asarray(gy)
    found = [there.forward(x), there.backward(gy), *there.grads.values()]
    assert pieces == [(0, 2), (2, 5)] * 2
    for ours, theirs in zip(expected, found, strict=True):
        assert_close(theirs.get(), ours, 1e-5)


# Training ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_read_late")
def test_training_waits_at_the_end_of_an_epoch_only(monkeypatch):
    steps, learn = [], loop.Training.step

    def spy(training, x, labels):
        with watch() as seen:
            learn(training, x, labels)
        steps.append(seen)

    monkeypatch.setattr(loop.Training, "step", spy)
    with watch() as seen:
        network, history = train(dataclasses.replace(CUDA, val_size=0))
    assert [(len(s.syncs), len(s.uploads)) for s in steps] == [(0, 0)] * 21
    assert seen.files == {"backend.py"}
    assert network.device == "cuda:0"
    assert history.log[-1].train_loss < history.log[0].train_loss


def test_batches_come_from_pinned_memory():
    with watch() as seen:
        train(dataclasses.replace(CUDA, epochs=1, val_size=0))
    batches = [event for event in seen.uploads if event.what == "pinned"]
    assert len(batches) == 2 * 7  # pictures and labels of each


def test_sums_are_read_once_an_interval(monkeypatch):
    now = iter(range(10**6))
    monkeypatch.setattr(totals.time, "perf_counter", lambda: float(next(now)))
    sums = totals.Totals("cuda", loop.state.Position())
    sums.interval = 10
    reads, loss = [], strict_cupy.cupy.zeros((), "float32")
    for step in range(30):
        sums.add(loss, loss, 1)
        if sums.due():
            sums.read()
            reads.append(step)
    assert reads == [9, 19, 29]


def test_figures_are_those_of_the_cpu(monkeypatch):
    """With the same dropout masks."""
    masks = lambda rng, shape, like: backend.to_device(  # noqa: E731
        rng.random(shape, np.float32), backend.device_of(like)
    )
    monkeypatch.setattr(dropout, "random", masks)
    (a, on_gpu), (b, on_cpu) = train(), train(tiny.CONFIG)
    for ours, theirs in zip(on_gpu.log, on_cpu.log, strict=True):
        assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-4)
        assert ours.train_accuracy == theirs.train_accuracy
        assert ours.val_accuracy == theirs.val_accuracy
    for name, parameter in host(a.params).items():
        assert_close(parameter, b.params[name], 1e-3, name)


@pytest.mark.usefixtures("_read_late")
@pytest.mark.parametrize("step", [1, 4, 6, 9, 17])
@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_a_resumed_run_is_the_uninterrupted_run(step, optimiser, monkeypatch, tmp_path):
    config = dataclasses.replace(CUDA, optimiser=optimiser)
    train(config, folder=tmp_path / "whole")
    with monkeypatch.context() as patch:
        after_step(patch, step, ctrl_c)
        with pytest.raises(Interrupted):
            train(config, folder=tmp_path / "resumed")
    fit(tiny.network(seed=99), tiny.splits(), config, folder=tmp_path / "resumed", resume=True)
    assert_same_run(tmp_path / "resumed", tmp_path / "whole")


def test_a_run_may_go_on_elsewhere(monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        after_step(patch, 9, ctrl_c)
        with pytest.raises(Interrupted):
            train(folder=tmp_path)
    heard = Heard()
    network, _ = train(tiny.CONFIG, folder=tmp_path, resume=True, progress=heard)
    assert network.device == "cpu"
    assert "this run was on cuda and is now on cpu" in heard.lines[0]
    assert len(figures.read_log(tmp_path)) == 3


def test_the_device_is_no_part_of_the_hash():
    assert CUDA.hash() == tiny.CONFIG.hash()


@pytest.mark.usefixtures("_read_late")
@pytest.mark.parametrize(("step", "epoch"), [(9, 2), (12, 2), (14, 3)])
def test_a_bad_loss_that_is_read_late_names_its_step_and_saves_nothing(
    step, epoch, monkeypatch, tmp_path
):
    spoil = lambda training: training.network.params["fc2.b"].fill(np.nan)  # noqa: E731
    after_step(monkeypatch, step - 1, spoil)
    with pytest.raises(loop.TrainingError, match=rf"step {step} \(epoch {epoch}\): loss nan"):
        train(folder=tmp_path)
    tensors, state = checkpoint.load(tmp_path / "last.safetensors")
    assert state["position"]["step"] == 6 * (epoch - 1)
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


def test_a_bad_loss_that_is_read_at_once_names_the_layer(monkeypatch):
    monkeypatch.setattr(totals, "READ_EVERY", 0.0)
    spoil = lambda training: training.network.params["fc2.b"].fill(np.inf)  # noqa: E731
    after_step(monkeypatch, 8, spoil)
    with pytest.raises(loop.TrainingError, match=r"step 9 .*the parameter fc2\.b"):
        train()


@pytest.mark.usefixtures("_read_late")
def test_no_checkpoint_of_weights_that_ctrl_c_found_spoilt(monkeypatch, tmp_path):
    def spoil(training):
        training.network.params["fc2.b"].fill(np.nan)

    after_step(monkeypatch, 3, spoil)
    after_step(monkeypatch, 5, ctrl_c)
    with pytest.raises(loop.TrainingError, match="step 4"):
        train(folder=tmp_path)
    assert not (tmp_path / "last.safetensors").exists()


# What is done with a run ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of the CPU, with several views of larger pictures."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(models.MODELS, "tiny", tiny.TINY)
        network = models.build("tiny", image_size=6)
        sizes = {"load_size": 8, "image_size": 6, "views": 10, "crop": 0}
        fit(network, tiny.splits(), dataclasses.replace(tiny.CONFIG, **sizes), folder=folder)
    return folder


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_predict_and_evaluate_agree_with_the_cpu(trained, device):
    """Arrays of the second GPU are made there, although the first one is the default."""
    here, there = run.load(trained), run.load(trained, device=device)
    assert there.network.device == {"cuda": "cuda:0"}.get(device, device)
    test = tiny.splits().test
    with watch() as seen:
        found = there.predict(test.images)
    assert isinstance(found, np.ndarray)
    assert [event.what for event in seen.syncs] == ["get"]
    np.testing.assert_allclose(found, here.predict(test.images), atol=1e-5)
    ours, theirs = (evaluate(r.network, test, r.pixels, views=10) for r in (there, here))
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-5)
    assert (ours.predicted == theirs.predicted).all()


def test_the_commands(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    tiny_data = lambda name, *rest: tiny.splits()  # noqa: E731
    monkeypatch.setattr("minialex.data.load", tiny_data)
    flags = ["--model", "tiny", "--data", "tiny", "--epochs", "1", "--batch-size", "16"]
    assert main(["train", *flags, "--device", "cuda:1", "--out", "run"]) == 0
    document, stored = run.read_config(tmp_path / "run")
    assert (stored.device, document["gpu"], document["cuda"]) == ("cuda:1", "Stand-in", "13.0")
    assert main(["eval", "run", "--device", "cuda"]) == 0
    assert main(["eval", "run"]) == 0
    first, second = [line for line in capsys.readouterr().out.splitlines() if "test loss" in line]
    assert first == second
    from PIL import Image

    Image.new("RGB", (9, 9)).save("a.png")
    assert main(["predict", "run", "a.png", "--device", "cuda:1"]) == 0
    assert main(["train", "--resume", "run", "--device", "cpu"]) == 0


def test_a_network_without_parameters_works_where_x_is(rng):
    x = rng.standard_normal((2, 7, 9, 3)).astype("float32")
    network = Sequential([MaxPool2d(3, 2)], (7, 9, 3))
    expected = network.forward(x).copy()
    on_gpu = network.to("cuda").forward(backend.to_device(x, "cuda"))
    np.testing.assert_array_equal(on_gpu.get(), expected)


def test_another_current_device_is_named_before_anything_runs(rng):
    """A kernel that is launched there would read memory of another GPU, and end the process."""
    network = tiny.network().to("cuda:1")
    there = backend.to_device(rng.standard_normal((2, 8, 8, 3)).astype("float32"), "cuda:1")
    for use in (network.forward, network.predict):
        with pytest.raises(InputError, match=r'works on cuda:0: .*backend\.device\("cuda:1"\)'):
            use(there)
    with backend.device("cuda:1"):
        assert network.predict(there).shape == (2, 3)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_pictures_may_be_mirrored_views(axis, rng):
    x = rng.standard_normal((2, 8, 8, 3)).astype("float32")
    network = Sequential([Conv2d(4, 3), Flatten(), Linear(3)], (8, 8, 3))
    expected = network.predict(np.flip(x, axis).copy())
    mirrored = [slice(None, None, -1 if i == axis else 1) for i in range(3)]
    on_gpu = network.to("cuda").predict(backend.to_device(x, "cuda")[tuple(mirrored)])
    np.testing.assert_allclose(on_gpu.get(), expected, rtol=1e-5, atol=1e-6)


def test_a_network_goes_there_and_back(rng):
    network, x = tiny.network(), rng.standard_normal((2, 8, 8, 3)).astype("float32")
    expected = network.predict(x)
    on_gpu = network.to("cuda").predict(backend.to_device(x, "cuda"))
    np.testing.assert_allclose(on_gpu.get(), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(network.to("cpu").predict(x), expected)


def test_weights_are_converted_to_pytorchs_and_back_from_there():
    network, other = tiny.network(seed=1).to("cuda"), tiny.network(seed=2).to("cuda")
    state = to_torch(network)
    from_torch(other, state)
    for name, w in tiny.network(seed=1).params.items():
        np.testing.assert_array_equal(other.params[name].get(), w)
    expected = to_torch(tiny.network(seed=1))
    assert all(np.array_equal(array, expected[key]) for key, array in state.items())


def test_an_array_of_the_other_side_is_refused(rng):
    x = np.zeros((2, 8, 8, 3), np.float32)
    with pytest.raises(InputError, match=r"on cuda:0; it was given float32 .* on cpu"):
        tiny.network().to("cuda").forward(x)
    with pytest.raises(InputError, match=r"on cpu; it was given float32 .* on cuda:0"):
        tiny.network().predict(backend.to_device(x, "cuda"))
