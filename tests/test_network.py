"""Sequential: names, shapes, errors, prediction, and one whole training step against PyTorch."""

import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch_twin as twin

from minialex import models, threads
from minialex.errors import InputError
from minialex.layers import (
    LRN,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    SoftmaxCrossEntropy,
)
from minialex.network import Sequential
from minialex.optim import SGD

SHAPE = (9, 8, 3)


def small(**options) -> Sequential:
    """Every kind of layer, on pictures of 9x8."""
    layers = [
        Conv2d(4, 3, pad=1), ReLU(), LRN(alpha=0.5), MaxPool2d(3, 2),
        Conv2d(6, (2, 3), groups=2), ReLU(),
        Flatten(), Dropout(0.5), Linear(7), ReLU(), Dropout(0.5, mode="paper"), Linear(5),
    ]  # fmt: skip
    return Sequential(layers, SHAPE, **options)


def pictures(rng: np.random.Generator, count: int = 6, dtype: str = "float32") -> np.ndarray:
    return rng.standard_normal((count, *SHAPE)).astype(dtype)


def gradients(network: Sequential) -> dict[str, np.ndarray]:
    return {name: g.copy() for name, g in network.grads.items()}


def assert_same(found: dict, expected: dict) -> None:
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_layers_are_named_after_the_weights_before_them():
    assert [layer.name for layer in small().layers] == [
        "conv1", "relu1", "lrn1", "pool1", "conv2", "relu2",
        "flatten2", "dropout2", "fc3", "relu3", "dropout3", "fc4",
    ]  # fmt: skip


def test_names_may_be_given_and_stay_unique():
    layers = [("stem", Conv2d(2, 3)), ReLU(), ReLU(), Flatten(), Linear(2)]
    names = [layer.name for layer in Sequential(layers, SHAPE).layers]
    assert names[0] == "stem"
    assert len(set(names)) == len(names)


def test_parameters_and_gradients_have_the_same_keys():
    network = small()
    assert list(network.params) == [
        f"{n}.{p}" for n in ("conv1", "conv2", "fc3", "fc4") for p in "Wb"
    ]
    assert list(network.grads) == list(network.params)
    for name, value in network.params.items():
        assert network.grads[name].shape == value.shape
        assert network.grads[name].dtype == value.dtype == "float32"


def test_parameters_are_live(rng):
    network, x = small(), pictures(rng)
    before = network.predict(x)
    network.params["fc4.b"] += 1
    np.testing.assert_allclose(network.predict(x), before + 1, rtol=1e-5, atol=1e-6)


def test_shapes_are_inferred(rng):
    network = small()
    assert network.input_shape == SHAPE
    assert network.output_shape == (5,)
    assert network.forward(pictures(rng)).shape == (6, 5)
    assert [row.output_shape for row in network.summary()][:5] == [
        (9, 8, 4), (9, 8, 4), (9, 8, 4), (4, 3, 4), (3, 1, 6),
    ]  # fmt: skip


def test_a_table_of_layers_serves_two_networks(rng):
    layers, x = [Flatten(), Linear(3)], pictures(rng)
    first, second = (Sequential(layers, SHAPE, seed=seed) for seed in (1, 2))
    y = first.forward(x).copy()
    second.forward(2 * x)
    np.testing.assert_array_equal(first.forward(x), y)
    assert (first.params["fc1.W"] != second.params["fc1.W"]).any()


def test_equal_seeds_give_equal_weights_and_masks(rng):
    x = pictures(rng)
    runs = [small(seed=seed).forward(x, train=True) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([Conv2d(4, 3), MaxPool2d(3, 2), Conv2d(4, 5)], "net: conv2.*3x2.*at least 13x13"),
        ([Conv2d(4, 3), Linear(3)], r"net: fc2.*\(7, 6, 4\)"),
        ([Conv2d(4, 3), Conv2d(4, 3, groups=2), Conv2d(6, 1, groups=3)], "net: conv3.*3 groups"),
        ([Conv2d(5, 3), LRN(groups=2)], "net: lrn1.*2 groups"),
    ],
)
def test_the_layer_that_does_not_fit_is_named(layers, told):
    with pytest.raises(InputError, match=told):
        Sequential(layers, SHAPE, name="net")


@pytest.mark.parametrize("method", ["forward", "predict"])
@pytest.mark.parametrize(
    "x",
    [np.zeros((2, 8, 9, 3), "float32"), np.zeros(SHAPE, "float32"), np.zeros((2, *SHAPE), "uint8"),
     np.zeros((2, *SHAPE))],
    ids=lambda x: f"{x.dtype}{x.shape}",
)  # fmt: skip
def test_a_wrong_input_is_refused(method, x):
    with pytest.raises(InputError, match=r"net.*float32.*9, 8, 3.*it was given"):
        getattr(small(name="net"), method)(x)


def test_the_random_state_repeats_a_step(rng):
    network, x = small(), pictures(rng)
    network.forward(x, train=True)
    state = json.loads(json.dumps(network.random_state()))
    expected = network.forward(x, train=True).copy()
    assert (network.forward(x, train=True) != expected).any()
    network.set_random_state(state)
    np.testing.assert_array_equal(network.forward(x, train=True), expected)
    assert set(state) == {"dropout2", "dropout3"}


@pytest.mark.parametrize("batch_size", [1, 4, 6, 100])
def test_predict_is_forward_in_batches(rng, dtype, batch_size):
    network, x = small(dtype=dtype), pictures(rng, dtype=dtype)
    expected = network.forward(x)
    found = network.predict(x, batch_size)
    assert found.dtype == dtype
    twin.assert_close(found, expected, twin.TOLERANCE[dtype])


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_of_nothing_is_refused(batch_size):
    with pytest.raises(InputError, match=f"batch_size={batch_size}: must be at least 1"):
        small().predict(np.zeros((3, *SHAPE), "float32"), batch_size)


def test_predict_takes_no_pictures():
    assert small().predict(np.zeros((0, *SHAPE), "float32")).shape == (0, 5)


def test_predict_returns_fresh_arrays(rng):
    network, x = small(), pictures(rng)
    first = network.predict(x)
    kept = first.copy()
    network.predict(-x)
    network.forward(2 * x)
    np.testing.assert_array_equal(first, kept)


def test_predict_does_not_disturb_a_training_step(form, workers, rng):
    network, x = small(), pictures(rng)
    gy = rng.standard_normal((6, 5)).astype("float32")
    state = network.random_state()
    logits = network.forward(x, train=True).copy()
    network.backward(gy)
    expected = gradients(network)

    network.set_random_state(state)
    found = network.forward(x, train=True)
    network.predict(-3 * x, batch_size=4)
    network.predict(pictures(rng, 20))
    np.testing.assert_array_equal(found, logits)
    network.backward(gy)
    assert_same(gradients(network), expected)
    assert network.random_state() != state  # by one forward, not by predict


def test_backward_changes_nothing_but_gradients(rng):
    network, x = small(), pictures(rng)
    gy = rng.standard_normal((6, 5)).astype("float32")
    network.forward(x, train=True)
    arrays = [x, gy, *network.params.values()]
    before = [a.tobytes() for a in arrays]
    network.backward(gy)
    first = gradients(network)
    network.backward(gy)
    assert_same(gradients(network), first)
    assert [a.tobytes() for a in arrays] == before


def test_the_summary_counts():
    network = small()
    rows = {row.name: row for row in network.summary()}
    assert list(rows) == [layer.name for layer in network.layers]
    assert rows["conv1"].params == 3 * 3 * 3 * 4 + 4
    assert rows["conv1"].multiply_adds == 9 * 8 * 4 * 3 * 3 * 3
    assert rows["conv2"].params == 2 * 3 * 2 * 6 + 6
    assert rows["conv2"].multiply_adds == 3 * 1 * 6 * 2 * 3 * 2
    assert rows["fc3"].params == 18 * 7 + 7
    assert rows["fc3"].multiply_adds == 18 * 7
    assert sum(row.params for row in rows.values()) == sum(p.size for p in network.params.values())


# One step of alexnet-cifar --------------------------------------------------------------------


def alexnet_cifar(weights: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The forward pass in PyTorch, with dropout off."""
    h = x
    for name, pad, normed, pooled in (
        ("conv1", 2, True, True),
        ("conv2", 2, True, True),
        ("conv3", 1, False, False),
        ("conv4", 1, False, False),
        ("conv5", 1, False, True),
    ):
        W, b = weights[f"{name}.W"], weights[f"{name}.b"]
        h = twin.relu(twin.conv2d(h, W, b, padding=(pad,) * 4))
        h = twin.lrn(h) if normed else h
        h = twin.max_pool2d(h, kernel=3, stride=2) if pooled else h
    h = twin.flatten(h)
    for name in ("fc6", "fc7"):
        h = twin.relu(twin.linear(h, weights[f"{name}.W"], weights[f"{name}.b"]))
    return twin.linear(h, weights["fc8.W"], weights["fc8.b"])


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
def test_two_steps_of_alexnet_cifar_agree_with_pytorch(form, dtype, tolerance, rng):
    network = models.build("alexnet-cifar", dtype=dtype)
    optimiser, loss = SGD(network.params), SoftmaxCrossEntropy()
    weights = {
        name: torch.tensor(p.astype("float64"), requires_grad=True)
        for name, p in network.params.items()
    }
    theirs = torch.optim.SGD(weights.values(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    for _ in range(2):
        x = rng.standard_normal((3, 32, 32, 3)).astype(dtype)
        labels = rng.integers(0, 10, 3)

        value = loss.forward(network.forward(x), labels)
        network.backward(loss.backward())
        optimiser.step(network.grads, lr=0.01)

        theirs.zero_grad()
        their_logits = alexnet_cifar(weights, torch.tensor(x.astype("float64")))
        their_loss = torch.nn.functional.cross_entropy(their_logits, torch.tensor(labels))
        their_loss.backward()
        theirs.step()

        assert value == pytest.approx(their_loss.item(), rel=tolerance)
        for name, w in weights.items():
            velocity = -0.01 * theirs.state[w]["momentum_buffer"]
            for what, ours, wanted in (
                ("gradient", network.grads[name], w.grad),
                ("velocity", optimiser.velocity[name], velocity),
                ("weights", network.params[name], w.detach()),
            ):
                twin.assert_close(ours, wanted.numpy(), tolerance, f"{name}: {what}")


def one_step(network, x, labels, optimiser):
    loss = SoftmaxCrossEntropy()
    loss.forward(network.forward(x, train=True), labels)
    network.backward(loss.backward())
    optimiser.step(network.grads, 1e-3)


def test_a_steady_step_allocates_nothing_of_activation_size():
    network = models.build("alexnet-mini")
    x, labels = np.zeros((64, 32, 32, 3), "float32"), np.arange(64) % 10
    optimiser = SGD(network.params)
    for _ in range(2):
        one_step(network, x, labels, optimiser)
    tracemalloc.start()
    one_step(network, x, labels, optimiser)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    activation = 4 * 64 * 32 * 32 * 24  # bytes of conv1's output, 6 MB
    assert peak < activation / 10


@pytest.mark.parametrize("algorithm", ["im2col", "winograd"])
def test_the_workspace_is_bounded_for_pictures_of_vgg(algorithm):
    """Its `cols` alone would take 116 MB for one picture."""
    layer = Conv2d(64, 3, pad=1, algorithm=algorithm)
    layer.build((224, 224, 64), np.random.default_rng(0))
    x = np.zeros((2, 224, 224, 64), "float32")

    def both_passes():
        with threads.use(1):
            layer.backward(layer.forward(x))
        return sum(array.nbytes for array in threads._scratch.__dict__.values())

    with ThreadPoolExecutor(1) as fresh:  # a new thread has no work arrays yet
        assert fresh.submit(both_passes).result() < threads.WORKSPACE_BYTES / 2


def test_a_readers_own_layer_is_not_taken_for_ours():
    class Leaky(ReLU):
        def forward(self, x, train=False):
            return np.maximum(x, 0.5 * x)

    class Negative(Conv2d):
        def forward(self, x, train=False):
            return -np.ones((len(x), 7, 6, 4), x.dtype)

    x = np.random.default_rng(0).standard_normal((2, *SHAPE)).astype("float32")
    assert (Sequential([Conv2d(4, 3), Leaky()], SHAPE).forward(x) < 0).any()
    assert (Sequential([Negative(4, 3), ReLU()], SHAPE).forward(x) == 0).all()


def test_layers_taken_from_a_network_work_alone():
    """A convolution rectifies for the ReLU behind it, but only in that network."""
    network = Sequential([Conv2d(4, 3), ReLU(), Conv2d(4, 3)], SHAPE)
    x = np.random.default_rng(0).standard_normal((2, *SHAPE)).astype("float32")
    assert (Sequential([network["conv1"]], SHAPE).forward(x) < 0).any()
    assert (Sequential([network["relu1"]], SHAPE).forward(x) >= 0).all()


def test_two_layers_cannot_share_a_name():
    with pytest.raises(InputError, match="two layers are called 'a'"):
        Sequential([("a", ReLU()), ("a", ReLU())], SHAPE)
    twice = Sequential([Conv2d(4, 3), ReLU(), ReLU(), ReLU()], SHAPE)
    assert [layer.name for layer in twice.layers] == ["conv1", "relu1", "relu1b", "relu1bb"]


def test_numpy_integers_are_sizes_too():
    network = models.build("lenet5", classes=np.int64(7), image_size=np.int32(32))
    assert network.forward(np.zeros((1, 32, 32, 3), "float32")).shape == (1, 7)
    assert Conv2d(np.int64(4), np.int64(3)).output_shape((9, 9, 3)) == (7, 7, 4)


@pytest.mark.parametrize("dtype", ["int32", "float16", "complex128"])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(InputError, match=f"dtype='{dtype}' is neither float32 nor float64"):
        Sequential([Conv2d(4, 3)], SHAPE, dtype=dtype)
