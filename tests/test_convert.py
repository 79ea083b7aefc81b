"""Weights go to PyTorch and back: the twin is torch.nn, and its logits must be ours."""

import math
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn
from torch_twin import TOLERANCE, assert_close

import minialex
from minialex import checkpoint, cli, models, state_dict
from minialex.convert import from_torch, layouts, to_torch
from minialex.errors import InputError
from minialex.layers import Conv2d, Flatten, Linear, LocallyConnected2d, PReLU, ReLU, Softmax
from minialex.network import Sequential

# Twins -----------------------------------------------------------------------------------------


@st.composite
def twins(draw):
    """A network here, the same in torch.nn, and the shape (H, W, C) of its pictures.

    Maps are rectangular where they are flattened, kernels are not square, and there may be groups.
    """
    channels, size = draw(st.integers(1, 4)), [draw(st.integers(4, 9)), draw(st.integers(4, 9))]
    shape = (*size, channels)
    ours, theirs = [], []
    for _ in range(draw(st.integers(0, 5))):
        groups = draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]))
        filters = groups * draw(st.integers(1, 3))
        kernel = draw(st.integers(1, min(3, size[0]))), draw(st.integers(1, min(3, size[1])))
        stride, pad = draw(st.integers(1, 2)), draw(st.integers(0, 1))
        ours.append(Conv2d(filters, kernel, stride, pad, groups))
        theirs.append(nn.Conv2d(channels, filters, kernel, stride, pad, groups=groups))
        size = [(s + 2 * pad - k) // stride + 1 for s, k in zip(size, kernel, strict=True)]
        channels = filters
        _activate(draw, channels, ours, theirs)
    ours.append(Flatten())
    theirs.append(nn.Flatten())
    units = math.prod(size) * channels
    for _ in range(draw(st.integers(1, 3))):
        _activate(draw, units, ours, theirs)
        outputs = draw(st.integers(1, 5))
        ours.append(Linear(outputs))
        theirs.append(nn.Linear(units, outputs))
        units = outputs
    return ours, theirs, shape


def _activate(draw, channels, ours, theirs):
    kind = draw(st.sampled_from(("relu", "prelu", "none")))
    if kind != "none":
        ours.append(PReLU() if kind == "prelu" else ReLU())
        theirs.append(nn.PReLU(channels) if kind == "prelu" else nn.ReLU())


def randomised(module: nn.Module, seed: int, dtype: str) -> nn.Module:
    """Return a module of random parameters for logits of about 1, biases and slopes included."""
    module.to(getattr(torch, dtype)).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            bound = math.sqrt(6 / math.prod(parameter.shape[1:]))
            parameter.uniform_(-bound, bound, generator=generator)
    return module


def logits(module: nn.Module, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return module(torch.from_numpy(x).permute(0, 3, 1, 2)).numpy()


@given(twins(), st.integers(0, 2**32 - 1), st.booleans())
def test_logits_are_pytorchs_and_the_way_back_is_exact(dtype, case, seed, in_order):
    ours, theirs, shape = case
    network = Sequential(ours, shape, dtype=dtype)
    twin = randomised(nn.Sequential(*theirs), seed, dtype)  # keys "0.weight", "2.weight", ...
    state = twin.state_dict()
    if not in_order:
        state = dict(sorted(state.items()))  # "10.weight" before "2.weight"
    from_torch(network, state, in_order=in_order)
    x = np.random.default_rng(seed).standard_normal((3, *shape)).astype(dtype)
    assert_close(network.predict(x), logits(twin, x), TOLERANCE[dtype], floor=1.0)

    back = to_torch(network)
    named = OrderedDict(zip([layer.name for layer in network.layers], theirs, strict=True))
    again = nn.Sequential(named)
    again.load_state_dict({key: torch.from_numpy(a) for key, a in back.items()}, strict=True)
    for key, array in zip(twin.state_dict(), back.values(), strict=True):
        assert np.array_equal(array, twin.state_dict()[key].numpy())
        assert array.dtype == dtype
        assert array.flags.c_contiguous


def small() -> Sequential:
    return Sequential([Conv2d(4, 3), ReLU(), Flatten(), Linear(2)], (4, 5, 3))


def test_what_is_returned_is_a_copy():
    network = small()
    state = to_torch(network)
    before = {name: p.copy() for name, p in network.params.items()}
    for array in state.values():
        array[...] = 7
    assert all(np.array_equal(p, before[name]) for name, p in network.params.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("conv1.bias"), r"conv1\.bias \(4,\) is missing for conv1\.b"),
        (
            lambda s: [s.pop("fc2.bias"), s.pop("fc2.weight")],
            r"no dense layer is there for fc2\.W, weight \(2, 24\)",
        ),
        (
            lambda s: s.update({"norm.weight": np.ones(4)}),
            r"the file does not fit network: norm\.weight \(4,\) is left over",
        ),
        (
            lambda s: s.update({"conv1.weight": np.ones((4, 3, 5, 3))}),
            r"conv1\.weight is float64 \(4, 3, 5, 3\) where conv1\.W needs .* \(4, 3, 3, 3\)",
        ),
        (lambda s: s.update({"fc2.bias": np.ones(2, int)}), r"fc2\.bias is int64 \(2,\) where"),
        (lambda s: s.update({"fc2.bias": np.float32(1)}), r"fc2\.bias is float32 \(\) where"),
        (lambda s: [s.update({f"x{i}.a": np.ones(1)}) for i in range(20)], r"; and 12 more\. Was"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(change, message):
    state, network = to_torch(small()), small()
    before = {name: p.copy() for name, p in network.params.items()}
    change(state)
    with pytest.raises(InputError, match=message):
        from_torch(network, state, "the file")
    assert all(np.array_equal(p, before[name]) for name, p in network.params.items())


def test_layers_that_could_be_swapped_unnoticed_are_refused_where_keys_were_sorted():
    network = Sequential([Flatten(), Linear(12), Linear(12), Linear(2)], (2, 2, 3))
    layers = [nn.Linear(12, 12), nn.Linear(12, 12), nn.Linear(12, 2)]
    twin = nn.Sequential(OrderedDict(zip(("trunk", "neck", "out"), layers, strict=True)))
    state = {key: tensor.numpy() for key, tensor in twin.state_dict().items()}
    from_torch(network, state)
    assert np.array_equal(network.params["fc2.W"], state["neck.weight"].T)
    with pytest.raises(InputError, match=r"whether neck\.weight or trunk\.weight comes first"):
        from_torch(network, dict(sorted(state.items())), in_order=False)


def test_a_checkpoint_of_ours_is_refused_by_its_own_keys():
    network = Sequential([Flatten(), Linear(12), Linear(12), Linear(2)], (2, 2, 3))
    ours = {**network.params, **{f"velocity.{k}": p for k, p in network.params.items()}}
    with pytest.raises(
        InputError, match=r"no dense layer is there for fc2\.W.*fc2\.W .* left over"
    ):
        from_torch(network, dict(sorted(ours.items())), in_order=False)


def test_what_export_names_needs_no_order():
    table = [Flatten(), ("trunk", Linear(12)), ("neck", Linear(12)), ("out", Linear(2))]
    first, second = (Sequential(table, (2, 2, 3), seed=seed) for seed in (0, 1))
    from_torch(second, dict(sorted(to_torch(first).items())), in_order=False)
    assert all(np.array_equal(p, second.params[name]) for name, p in first.params.items())


def test_a_layer_that_pytorch_has_not_is_refused():
    network = Sequential([("local3", LocallyConnected2d(2, 3)), Flatten(), Linear(2)], (5, 5, 3))
    with pytest.raises(InputError, match=r"local3 .* cannot be converted"):
        to_torch(network)


class TorchvisionAlexNet(nn.Module):
    """The modules of pytorch/vision, torchvision/models/alexnet.py, under the same names."""

    def __init__(self) -> None:
        super().__init__()
        filters, kernels = (3, 64, 192, 384, 256, 256), (11, 5, 3, 3, 3)
        features: list[nn.Module] = []
        for i, kernel in enumerate(kernels):
            stride, pad = (4, 2) if i == 0 else (1, kernel // 2)
            features += [nn.Conv2d(filters[i], filters[i + 1], kernel, stride, pad), nn.ReLU()]
            features += [nn.MaxPool2d(3, 2)] if i in (0, 1, 4) else []
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(),
            nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
            nn.Linear(4096, 1000),
        )  # fmt: skip

    def forward(self, x):
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def test_torchvisions_alexnet(call, tmp_path):
    """At its full size and through its files."""
    rng = np.random.default_rng(0)
    twin = randomised(TorchvisionAlexNet(), 0, "float32")
    state = twin.state_dict()
    assert sum(tensor.numel() for tensor in state.values()) == 61_100_840
    save_file(state, "alexnet.safetensors")
    code, out, said = call("import-torch", "alexnet.safetensors", "run")
    assert (code, said) == (0, "")
    assert "61,100,840 parameters and 1000 classes" in out
    loaded = minialex.load("run")
    pictures = rng.integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    x = loaded.pixels(pictures)
    expected = logits(twin, x)
    assert np.abs(expected).max() > 1  # tiny logits would agree whatever the weights
    assert_close(loaded.network.predict(x), expected, 1e-5)
    assert (loaded.config.image_size, loaded.config.load_size) == (224, 256)
    back = {layout.key: layout.shape for layout in layouts(loaded.network)}
    assert back == {key: tuple(tensor.shape) for key, tensor in state.items()}
    for path in tmp_path.rglob("*.safetensors"):
        path.unlink()  # half a gigabyte, which pytest would keep


# Files and commands ----------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys):
    """Run a command: (exit code, standard output, standard error in one line)."""

    def call(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        out, said = capsys.readouterr()
        return code, out, " ".join(said.split())

    return call


def tiny_twin(classes: int = 5) -> nn.Sequential:
    layers = (
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, classes),
    )  # fmt: skip
    return randomised(nn.Sequential(*layers), 3, "float32")


@pytest.fixture
def files(tmp_path):
    """The weights of the tiny model in both formats."""
    state = tiny_twin().state_dict()
    save_file(state, "w.safetensors")
    torch.save(state, "w.pth")
    return state


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
def test_an_imported_run_predicts_what_pytorch_predicts(name, files, call, tmp_path):
    Path("names.txt").write_text("ant\nbee\n\ncat\ndog\nelk\n")
    code, out, said = call("import-torch", name, "--model=tiny", "run", "--classes=names.txt")
    assert (code, said) == (0, "")
    assert "5 classes" in out
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    loaded = minialex.load("run")
    x = (pictures / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)  # torchvision's
    expected = logits(tiny_twin(), x.astype(np.float32))
    assert_close(loaded.network.predict(loaded.pixels(pictures)), expected, 1e-5)
    assert_close(loaded.predict(pictures), Softmax().forward(expected), 1e-5)
    assert loaded.classes == ("ant", "bee", "cat", "dog", "elk")
    Image.fromarray(pictures[0]).save("picture.png")
    assert loaded.classes[expected[0].argmax()] in call("predict", "run", "picture.png")[1]


@pytest.mark.parametrize("name", ["back.safetensors", "back.pth"])
def test_an_exported_run_loads_strictly(name, files, call):
    assert call("import-torch", "w.safetensors", "--model=tiny", "run")[0] == 0
    code, out, said = call("export-torch", "run", name)
    assert (code, said) == (0, "")
    assert "levels from 0 to 1, minus (0.485, 0.456, 0.406), divided by (0.229" in out
    state = load_file(name) if name == "back.safetensors" else torch.load(name, weights_only=True)
    places = {"conv1": "0", "fc2": "5", "fc3": "7"}
    indexed = {f"{places[k.split('.')[0]]}.{k.split('.')[1]}": t for k, t in state.items()}
    tiny_twin().load_state_dict(indexed, strict=True)
    assert all(torch.equal(indexed[key], files[key]) for key in files)
    code, _, said = call("export-torch", "run", name)
    assert (code, "exists already" in said) == (2, True)


def test_pixels_can_be_others_than_torchvisions(files, call):
    code = call("import-torch", "w.pth", "run", "--model=tiny", "--load-size=12", "--mean", *"000",
                "--std", 1, 0.5, 0.25)[0]  # fmt: skip
    assert code == 0
    picture = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    centre = picture[None, 2:-2, 2:-2] / 255 / (1, 0.5, 0.25)
    expected = Softmax().forward(logits(tiny_twin(), centre.astype(np.float32)))
    assert_close(minialex.load("run").predict([picture]), expected, 1e-5)


def test_a_run_can_go_on_from_imported_weights(files, call, monkeypatch):
    from minialex import data

    monkeypatch.setattr(data, "load", lambda *_: tiny.splits())
    assert call("import-torch", "w.pth", "--model=tiny", "run")[0] == 0
    code, _, said = call("train", "--init=run", "--model=tiny", "--data=tiny", "--epochs=1",
                         "--lr=1e-9", "--out=tuned", "--threads=1")  # fmt: skip
    assert code == 0, said
    code, _, said = call("train", "--model=tiny", "--data=tiny", "--out=run")
    assert code == 2
    assert "run already holds best.safetensors: choose another --out; --init run begins" in said
    before, after = (minialex.load(folder).network.params["conv1.W"] for folder in ("run", "tuned"))
    assert np.allclose(before, after, atol=1e-6)


def full_model(state):
    torch.save(tiny_twin(), "w.pth")


def inside_a_checkpoint(state):
    torch.save({"state_dict": state, "epoch": 3}, "w.pth")


def a_list(state):
    torch.save(list(state.values()), "w.pth")


def junk(state):
    for name in ("w.pth", "w.safetensors"):
        Path(name).write_bytes(b"not weights at all" * 9)


def cut_off(state):
    for name in ("w.pth", "w.safetensors"):
        Path(name).write_bytes(Path(name).read_bytes()[:-100])


def bfloat16(state):
    save_file({key: tensor.bfloat16() for key, tensor in state.items()}, "w.safetensors")


def diverged(state):
    state["0.bias"][2] = torch.nan
    save_file(state, "w.safetensors")


def float8(state):
    torch.save({**state, "0.bias": state["0.bias"].to(torch.float8_e4m3fn)}, "w.pth")


def sparse(state):
    torch.save({**state, "0.bias": state["0.bias"].to_sparse()}, "w.pth")


def no_bias(state):
    state.pop("0.bias")
    save_file(state, "w.safetensors")


def no_dense_layer(state):
    save_file({key: tensor for key, tensor in state.items() if key[0] == "0"}, "w.safetensors")


def another_kernel(state):
    state["0.weight"] = torch.ones(4, 3, 5, 5)
    save_file(state, "w.safetensors")


def four_names(state):
    Path("names.txt").write_text("a\nb\nc\nd")


def latin_names(state):
    Path("names.txt").write_bytes(b"caf\xe9\n" * 5)


def a_folder(state):
    Path("run").mkdir()


ST, PTH = "w.safetensors", "w.pth"
NAMES = "--classes=names.txt"


@pytest.mark.parametrize(
    ("arguments", "message", "prepare"),
    [
        (("none.safetensors",), "none.safetensors: there is no such file", None),
        (("none.pth",), "none.pth: there is no such file", None),
        (("w.onnx",), "weights are .safetensors, .pth or .pt files", None),
        ((ST, "--model=tinny"), "did you mean 'tiny'", None),
        ((ST, "--model=lenet5"), "no convolution is there for conv2.W, weight (16, 6, 5, 5)", None),
        ((ST, "--image-size=1"), "this network needs images of at least 2x2", None),
        ((ST, "--model=alexnet-tf"), "alexnet-tf ends in pictures, (6, 6, 256)", None),
        ((ST, "--std", "1", "1", "0"), "--std above 0", None),
        ((ST,), "run exists already; name a new folder", a_folder),
        ((ST, NAMES), "--classes names.txt: there is no such file", None),
        ((ST, NAMES), "names 4 classes, but the weights have 5 outputs", four_names),
        ((ST, NAMES), "not a text in UTF-8", latin_names),
        ((ST,), "w.safetensors is damaged or no safetensors file", junk),
        ((ST,), "w.safetensors is damaged or no safetensors file", cut_off),
        ((ST,), "save its tensors as float32", bfloat16),
        ((ST,), "0.bias (4,) is missing for conv1.b", no_bias),
        ((ST,), "w.safetensors: 0.bias has NaN or infinite numbers", diverged),
        ((ST,), "no dense layer is there for fc2.W, weight (8, 64)", no_dense_layer),
        (
            (ST,),
            "w.safetensors does not fit tiny: 0.weight is float32 (4, 3, 5, 5) where conv1.W needs "
            "floats (4, 3, 3, 3). Was it made for another model?",
            another_kernel,
        ),
        ((PTH,), "w.pth does not hold weights alone: it is a whole model", full_model),
        ((PTH,), "no state dict but a dict with 'state_dict', 'epoch'", inside_a_checkpoint),
        ((PTH,), "no state dict but a list. Write the state dict alone", a_list),
        ((PTH,), "or no file of PyTorch's", junk),
        ((PTH,), "w.pth is damaged or not written by PyTorch", cut_off),
        ((PTH,), "w.pth: 0.bias is strided, torch.float8_e4m3fn, which NumPy has not", float8),
        ((PTH,), "w.pth: 0.bias is sparse_coo, torch.float32, which NumPy has not", sparse),
    ],
)
def test_what_cannot_be_imported_gets_a_message_and_leaves_nothing(
    arguments, message, prepare, files, call, tmp_path
):
    if prepare:
        prepare(files)
    before = sorted(tmp_path.rglob("*"))
    model = [] if any(a.startswith("--model") for a in arguments) else ["--model=tiny"]
    code, out, said = call("import-torch", *model, *arguments[:1], "run", *arguments[1:])
    assert (code, out) == (2, "")
    assert message in said
    assert "Traceback" not in said
    assert sorted(tmp_path.rglob("*")) == before


def test_bfloat16_goes_through_pytorch(files, call):
    torch.save({key: tensor.bfloat16() for key, tensor in files.items()}, "w.pth")
    assert call("import-torch", "w.pth", "--model=tiny", "run")[0] == 0
    expected = files["0.weight"].bfloat16().float().numpy()
    found = minialex.load("run").network.params["conv1.W"]
    assert np.array_equal(found, expected.transpose(2, 3, 1, 0))


def test_without_pytorch_safetensors_is_left(files, call, monkeypatch):
    monkeypatch.setitem(state_dict.importlib.sys.modules, "torch", None)
    assert call("import-torch", "w.safetensors", "--model=tiny", "run")[0] == 0
    assert call("export-torch", "run", "back.safetensors")[0] == 0
    for command in (
        ("import-torch", "w.pth", "--model=tiny", "new"),
        ("export-torch", "run", "b.pt"),
    ):
        code, _, said = call(*command)
        assert code == 2
        assert "needs PyTorch, which is not installed (pip install torch)" in said
    assert not any(Path(name).exists() for name in ("new", "b.pt"))


def test_a_full_disk_leaves_no_half_of_a_run(files, call, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device", "best.safetensors")

    monkeypatch.setattr(checkpoint, "save", full)
    before = sorted(tmp_path.rglob("*"))
    code, _, said = call("import-torch", "w.pth", "--model=tiny", "run")
    assert (code, "No space left" in said) == (2, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_without_test_pictures_says_so(files, call):
    assert call("import-torch", "w.pth", "--model=tiny", "run")[0] == 0
    for command in ("eval", "run"), ("plot", "predictions", "run"), ("plot", "augment", "run"):
        code, out, said = call(*command)
        assert (code, out) == (2, "")
        assert "minialex eval run --data DATA" in said


def test_classes_without_names_are_not_those_of_the_data(files, call):
    assert call("import-torch", "w.pth", "--model=tiny", "run")[0] == 0
    code, _, said = call("eval", "run", "--data=shapes")
    assert code == 2
    assert "import-torch --classes FILE" in said
