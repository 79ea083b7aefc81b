"""What only a GPU can show: `pytest -m gpu` on a machine that has one.

How it rounds, whether it repeats itself, the order of streams, arrays beyond 2^31 numbers, and that
the whole path trains. All else about this path is tested without a GPU: test_device_path.py,
test_cuda_bodies.py, test_cuda_ptx.py.
"""

import dataclasses
import gc
import os
import re
from functools import partial

import numpy as np
import pytest
import tiny
import torch
import torch_twin as twin
from test_device_path import after_step, ctrl_c
from test_layer_contract import EXAMPLES, Case
from test_resume import assert_same_run
from torch_twin import TOLERANCE, assert_close

from minialex import backend, data, forms, gpu, layers, models, parts
from minialex.cli import main
from minialex.config import Config
from minialex.data.loader import Loader
from minialex.data.pixels import Pixels
from minialex.errors import InputError
from minialex.gradcheck import check_layer
from minialex.interrupt import Interrupted
from minialex.layers import Conv2d, Linear, MaxPool2d
from minialex.layers.lrn import LRN, lrn_backward, lrn_forward
from minialex.layers.pool import maxpool_backward, maxpool_forward
from minialex.layers.relu import add_bias, relu_backward
from minialex.layers.softmax import SoftmaxCrossEntropy
from minialex.optim import sgd_update
from minialex.run import load
from minialex.train import fit
from minialex.windows import add_windows, copy_windows

try:
    gpu.device("cuda")
except InputError as error:
    pytest.skip(str(error), allow_module_level=True)
import cupy

pytestmark = pytest.mark.gpu

PEER = "cuda" if torch.cuda.is_available() else "cpu"  # a PyTorch for the CPU will do
CUDA = dataclasses.replace(tiny.CONFIG, device="cuda")
HUGE = 96 * (2**31 // 96 + 8)


@pytest.fixture(autouse=True, scope="module")
def _no_tf32():
    """Products of ten bits would look like faults; PyTorch computes in float64 here."""
    if os.environ.get("CUPY_TF32", "0") != "0":
        pytest.skip("CUPY_TF32 is set: unset it")


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)


@pytest.fixture(autouse=True)
def _free_memory():
    yield
    cupy.get_default_memory_pool().free_all_blocks()


def on_gpu(*arrays):
    return [cupy.asarray(array) for array in arrays]


def results(case: Case) -> dict[str, np.ndarray]:
    """Run both passes of a case on the GPU; return y, gx and the gradients on the host."""
    layer = case.layer
    for arrays in (layer.params, layer.grads):
        arrays.update({key: cupy.asarray(value) for key, value in arrays.items()})
    x, gy = on_gpu(case.x, case.gy)
    found = {"y": layer.forward(x), "gx": layer.backward(gy)}
    found |= {f"g{key}": value for key, value in layer.grads.items()}
    return {name: value.get() for name, value in found.items()}


# PyTorch ----------------------------------------------------------------------------------------

TWINS = {
    "conv": lambda la, g: partial(twin.conv2d, stride=g.stride, padding=g.pad, groups=la.groups),
    "pool": lambda la, g: partial(
        twin.max_pool2d if isinstance(la, MaxPool2d) else twin.avg_pool2d,
        kernel=g.kernel, stride=g.stride, padding=g.pad,
    ),
    "local": lambda la, g: partial(twin.locally_connected2d, stride=g.stride, padding=g.pad),
    "lrn": lambda la, _: partial(
        twin.lrn, n=la.n, k=la.k, alpha=la.alpha, beta=la.beta, alpha_over_n=la.alpha_over_n,
        groups=la.groups,
    ),
    "maplrn": lambda la, _: partial(
        twin.map_lrn, size=la.size, k=la.k, alpha=la.alpha, beta=la.beta
    ),
    "pad": lambda la, _: partial(twin.zero_pad2d, sides=la.pad),
    "relu": lambda la, _: twin.relu,
    "leaky": lambda la, _: partial(twin.leaky_relu, slope=la.slope),
    "prelu": lambda la, _: twin.prelu,
    "rrelu": lambda la, _: partial(twin.leaky_relu, slope=(la.low + la.high) / 2),
    "sigmoid": lambda la, _: twin.sigmoid,
    "tanh": lambda la, _: twin.tanh,
    "softplus": lambda la, _: twin.softplus,
    "dropout": lambda la, _: lambda x: x if la.mode == "inverted" else x * (1 - la.p),
    "flatten": lambda la, _: twin.flatten,
    "fc": lambda la, _: twin.linear,
    "softmax": lambda la, _: twin.softmax,
}  # fmt: skip
REAL = {  # the layers of the paper, at its sizes
    "conv1": (lambda: Conv2d(96, 11, 4), (4, 227, 227, 3)),
    "conv2": (lambda: Conv2d(256, 5, pad=2, groups=2, algorithm="im2col"), (4, 27, 27, 96)),
    "conv3": (lambda: Conv2d(384, 3, pad=1), (4, 13, 13, 256)),
    "lrn1": (LRN, (4, 55, 55, 96)),
    "pool1": (lambda: MaxPool2d(3, 2), (4, 55, 55, 96)),
    "fc6": (lambda: Linear(4096), (4, 9216)),
}


def theirs(case: Case) -> dict[str, np.ndarray]:
    """Return what PyTorch makes of a case, in float64 on its GPU."""
    layer = case.layer
    geometry = layer.geometry(case.x.shape[1:]) if hasattr(layer, "geometry") else None
    function = TWINS[layer.kind](layer, geometry)
    arrays = {"gx": case.x} | {f"g{key}": value for key, value in layer.params.items()}
    tensors = [
        torch.tensor(a.astype("float64"), device=PEER, requires_grad=True) for a in arrays.values()
    ]
    y = function(*tensors)
    gradients = torch.autograd.grad(
        y, tensors, torch.tensor(case.gy.astype("float64"), device=PEER)
    )
    found = dict(zip(("y", *arrays), (y, *gradients), strict=True))
    return {name: tensor.detach().cpu().numpy() for name, tensor in found.items()}


@pytest.mark.parametrize("name", [*EXAMPLES, *REAL])
def test_layers_agree_with_pytorch(name, form, dtype):
    case = Case((EXAMPLES | REAL)[name], dtype)
    expected = theirs(case)
    for key, value in results(case).items():
        assert_close(value, expected[key], TOLERANCE[dtype], key)


@pytest.mark.parametrize("name", ["conv", "pool", "lrn", "dropout"])
def test_the_gradient_checker_works_there(name):
    case = Case(EXAMPLES[name])
    results(case)  # moves the parameters
    check_layer(case.layer, cupy.asarray(case.x))


def test_lrn_is_exact_to_a_few_units_of_the_last_place():
    """Its kernels take the GPU's approximate roots."""
    case = Case(REAL["lrn1"], "float32")
    expected = theirs(case)
    for key, value in results(case).items():
        assert_close(value, expected[key], 2e-6, key)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0])
def test_odd_values_and_ties_pool_as_on_the_cpu(value, form, rng):
    x = rng.integers(-2, 3, (3, 9, 8, 5)).astype("float32")
    x[rng.random(x.shape) < 0.3] = value
    layer = MaxPool2d(3, 2, pad=1)
    expected, index = layer.forward(x).copy(), layer.index.copy()
    np.testing.assert_array_equal(layer.forward(cupy.asarray(x)).get(), expected)
    found = layer.index.get()
    if form == "reference":  # of several NaN, CuPy's argmax takes any
        found[np.isnan(expected)] = index[np.isnan(expected)]
    np.testing.assert_array_equal(found, index)


# More than 2^31 numbers -------------------------------------------------------------------------


def needs(gigabytes: int) -> None:
    room, _ = gpu.memory("cuda")
    if room < gigabytes << 30:
        pytest.skip(f"needs {gigabytes} GB of a GPU's memory, of which {room >> 30} are free")


def huge() -> cupy.ndarray:
    """Return an array whose last numbers are unlike all others."""
    x = cupy.ones(HUGE, "float32")
    x[-192:] = cupy.arange(192, dtype="float32") / 64
    return x


def test_lrn_of_huge_arrays():
    needs(28)
    x = huge().reshape(-1, 1, 1, 96)
    y, constants = cupy.empty_like(x), (5, 2.0, 0.5, 0.75, 1)
    for function, arrays in ((lrn_forward, (x, y)), (lrn_backward, (x, x, y))):
        function(*arrays, *constants)
        small = [array[-2:].copy() for array in arrays]
        function.reference(*small, *constants)
        assert_close(y[-2:].get(), small[-1].get(), 1e-5)
        assert not cupy.isnan(y).any()


def test_pooling_of_huge_arrays():
    needs(32)
    x = huge()[: HUGE // 384 * 384].reshape(-1, 2, 2, 96)
    y = cupy.empty((len(x), 1, 1, 96), "float32")
    index, gx = cupy.empty(y.shape, "uint8"), cupy.empty_like(x)
    geometry = MaxPool2d(2).geometry((2, 2, 96))
    maxpool_forward(x, y, index, geometry, slice(0, 1))
    np.testing.assert_array_equal(y[-2:].get(), x[-2:].max(axis=(1, 2), keepdims=True).get())
    maxpool_backward(y, index, gx, geometry, slice(0, 1))
    expected = cupy.empty_like(x[-2:])
    maxpool_backward.reference(y[-2:], index[-2:], expected, geometry, slice(0, 1))
    np.testing.assert_array_equal(gx[-2:].get(), expected.get())
    assert (gx.sum(axis=(1, 2), keepdims=True) == y).all()


def test_windows_of_huge_arrays():
    """Windows side by side: the rows are the picture in another shape."""
    needs(32)
    x = huge()[: HUGE // 384 * 384].reshape(-1, 2, 2, 96)
    cols, gx = cupy.empty((len(x), 1, 1, 2, 2, 96), "float32"), cupy.zeros_like(x)
    geometry = MaxPool2d(2).geometry((2, 2, 96))
    copy_windows(x, cols, geometry)
    assert (cols.reshape(x.shape) == x).all()
    add_windows(cols, gx, geometry)
    assert (gx == x).all()


def test_bias_and_relu_of_huge_arrays():
    needs(40)
    x, gx = huge().reshape(-1, 96), cupy.empty((HUGE // 96, 96), "float32")
    y, expected = x.copy(), x - 0.5
    add_bias(y, cupy.full(96, -0.5, "float32"), True)
    assert (y == cupy.maximum(expected, 0, out=expected)).all()
    relu_backward(x, y, gx)
    assert (gx == cupy.multiply(x, x > 0.5, out=expected)).all()


def test_an_update_of_huge_arrays():
    needs(28)
    w, v, g = huge(), cupy.zeros(HUGE, "float32"), huge()
    before = w[-192:].copy()
    sgd_update(w, v, g, 0.5, 0.9, 0.0)
    np.testing.assert_array_equal(w[-192:].get(), (before / 2).get())
    assert float(w[0]) == 0.5


# Streams, and what runs behind the program's back -----------------------------------------------


def delay() -> cupy.cuda.Event:
    """Keep the current stream busy for a good part of a second; return the event of its end."""
    a = cupy.full((8192, 8192), 1e-4, "float32")
    for _ in range(40):
        a = a @ a
    end = cupy.cuda.Event()
    end.record()
    return end


@pytest.mark.parametrize("name", ["conv", "conv winograd", "pool", "lrn", "relu", "fc"])
def test_layers_keep_to_the_current_stream(name):
    """A kernel on another stream would not wait for its input."""
    expected, case = results(Case(EXAMPLES[name], "float32")), Case(EXAMPLES[name], "float32")
    results(case)  # compiles, and leaves its buffers
    x, gy = on_gpu(case.x, case.gy)
    late_x, late_gy = cupy.zeros_like(x), cupy.zeros_like(gy)
    stream = cupy.cuda.Stream(non_blocking=True)
    cupy.cuda.Device().synchronize()
    with stream:
        delay()
        late_x[...], late_gy[...] = x, gy
        found = {"y": case.layer.forward(late_x), "gx": case.layer.backward(late_gy)}
    stream.synchronize()
    for key, value in found.items():
        np.testing.assert_array_equal(value.get(), expected[key])


def step(network, optimiser, loss, x, labels):
    loss.forward(network.forward(x, train=True), labels)
    network.backward(loss.backward())
    optimiser.step(network.grads, 0.01)


def a_training(model: str, batch: int = 64):
    network = models.build(model).to("cuda")
    rng = np.random.default_rng(0)
    x, labels = on_gpu(rng.standard_normal((batch, 32, 32, 3), np.float32), np.arange(batch) % 10)
    return network, parts.optimiser(Config(), network.params), SoftmaxCrossEntropy(), x, labels


def test_a_step_does_not_wait():
    training = a_training("alexnet-cifar")
    for _ in range(3):
        step(*training)
    cupy.cuda.Device().synchronize()
    busy = delay()
    step(*training)
    assert not busy.done


def test_a_steady_step_takes_no_more_memory():
    training, pool = a_training("alexnet-cifar"), cupy.get_default_memory_pool()
    for _ in range(3):
        step(*training)
    before = pool.total_bytes()
    for _ in range(20):
        step(*training)
    assert pool.total_bytes() == before


def test_batches_arrive_whole_while_the_gpu_is_busy():
    images = tiny.pictures(2000)
    pixels = Pixels.fit(images)
    here, there = (Loader(images, pixels, 50, seed=0, device=d) for d in ("cpu", "cuda"))
    delay()
    found = [[array.copy() for array in batch] for batch in there.batches(0)]
    for ours, theirs in zip(found, here.batches(0), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a.get(), b)


@pytest.mark.parametrize("kind", [layers.Dropout, layers.RReLU])
def test_random_numbers_are_spread_and_repeated(kind):
    layer, x = kind(), -cupy.ones((1000, 1000), "float32")
    layer.build((1000,), np.random.default_rng(0))
    state = layer.rng.bit_generator.state
    first, second = (layer.forward(x, train=True).copy() for _ in range(2))
    layer.rng.bit_generator.state = state
    assert (layer.forward(x, train=True) == first).all()
    assert (first != second).any()
    mean = -1.0 if kind is layers.Dropout else -(1 / 8 + 1 / 3) / 2
    rows, columns = (first.mean(axis=axis).get() for axis in (0, 1))
    assert rows.mean() == pytest.approx(mean, abs=0.01)
    assert max(rows.std(), columns.std()) < 0.05  # no stripes


# Training ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["reference", "kernels"])
def test_equal_runs_give_equal_bits(form):
    runs = []
    with forms.use(form):
        for _ in range(2):
            training = a_training("alexnet-cifar")
            for _ in range(3):
                step(*training)
            runs.append({name: p.get() for name, p in training[0].params.items()})
    for name, parameter in runs[0].items():
        np.testing.assert_array_equal(parameter, runs[1][name], err_msg=name)


def test_it_learns_the_shapes(tmp_path):
    network = models.build("alexnet-mini")
    history = fit(network, data.load("shapes"), Config(epochs=3, device="cuda"), folder=tmp_path)
    assert history.result.test_accuracy > 0.7
    test = data.load("shapes").test.images[:20]
    here, there = (load(tmp_path, device=device).predict(test) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(here, there, atol=1e-4)


@pytest.mark.parametrize("at", [4, 12])
def test_a_resumed_run_is_the_uninterrupted_run(at, monkeypatch, tmp_path):
    fit(tiny.network(), tiny.splits(), CUDA, folder=tmp_path / "whole")
    with monkeypatch.context() as patch:
        after_step(patch, at, ctrl_c)
        with pytest.raises(Interrupted):
            fit(tiny.network(), tiny.splits(), CUDA, folder=tmp_path / "resumed")
    fit(tiny.network(9), tiny.splits(), CUDA, folder=tmp_path / "resumed", resume=True)
    assert_same_run(tmp_path / "resumed", tmp_path / "whole")


def test_a_full_memory_ends_in_a_sentence_that_helps():
    """The batch that should fit does."""
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    pool.set_limit(size=pool.used_bytes() + (640 << 20))
    shapes, config = data.load("shapes"), Config(epochs=1, device="cuda", batch_size=4096)
    try:
        with pytest.raises(InputError, match=r"out of memory.*should fit") as error:
            fit(models.build("alexnet-mini"), shapes, config)
        batch = int(re.search(r"--batch-size (\d+)", str(error.value))[1])
        del error  # what it remembers of the training fills the memory
        gc.collect()
        fit(models.build("alexnet-mini"), shapes, dataclasses.replace(config, batch_size=batch))
    finally:
        pool.set_limit(size=0)


def test_the_second_gpu(tmp_path):
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("this machine has one GPU")
    config = dataclasses.replace(CUDA, device="cuda:1")
    network = tiny.network()
    fit(network, tiny.splits(), config, folder=tmp_path)
    assert network.device == "cuda:1"
    images = tiny.splits().test.images
    ours, theirs = (load(tmp_path, device=d).predict(images) for d in ("cuda:1", "cuda:0"))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_the_commands(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    flags = ["--model", "lenet5", "--epochs", "1", "--device", "cuda", "--out", "run"]
    assert main(["train", *flags]) == 0
    assert main(["eval", "run", "--device", "cuda"]) == 0
    assert "test accuracy" in capsys.readouterr().out
    assert backend.device_of(load("run", device="cuda").network.params["conv1.W"]) == "cuda:0"
