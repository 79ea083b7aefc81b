"""`minialex gradcheck`: readers' layers by name, whole models, and what is wrong with a name."""

import re
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import tiny

from minialex import cli, gradcheck, layers, models
from minialex.commands.gradcheck import PROPERTIES
from minialex.gradcheck.target import load
from minialex.layers import Conv2d, Flatten, Linear, ReLU

READERS = '''
import numpy as np


class Dense:
    """x (N, D) -> (N, M)"""

    gradcheck_example = dict(args=(3, 2), x=(4, 3))

    def __init__(self, D, M):
        self.W, self.b = np.random.default_rng(0).standard_normal((D, M)), np.zeros(M)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, gy):
        self.dW, self.db = self.x.T @ gy, gy.sum(axis=0)
        return gy @ self.W.T


class ImageZero(Dense):
    def backward(self, gy):
        gx = super().backward(gy)
        self.db = gy[0]
        return gx


class Raises(Dense):
    def backward(self, gy):
        return gy @ self.W


class Zeros:
    """Forgets a term of gx that is 0 where b is; W must stay positive."""

    def __init__(self):
        self.params = {"W": np.ones(1), "b": np.zeros(1)}
        self.grads = {"W": np.zeros(1), "b": np.zeros(1)}

    def forward(self, x, train=False):
        self.x = x
        return x * np.sqrt(self.params["W"]) + self.params["b"] * x**2

    def backward(self, gy):
        x, root = self.x, np.sqrt(self.params["W"])
        self.grads["W"][...] = (gy * x / (2 * root)).sum()
        self.grads["b"][...] = (gy * x**2).sum()
        return gy * root


class Mostly:
    """Wrong where the first number is positive."""

    gradcheck_example = dict(x=(2, 3))

    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, gy):
        return (2.1 if self.x.flat[0].real > 0 else 2) * self.x * gy


class DrawsFromTheGlobalGenerator(ImageZero):
    def __init__(self, D, M):
        self.W, self.b = np.random.randn(D, M), np.zeros(M)


class Adds(Dense):
    gradcheck_example = dict(args=(3, 2), x=(4, 3), accumulates=True)

    def __init__(self, D, M):
        super().__init__(D, M)
        self.dW, self.db = np.zeros((D, M)), np.zeros(M)

    def backward(self, gy):
        self.dW = self.dW + self.x.T @ gy
        self.db = self.db + gy.sum(axis=0)
        return gy @ self.W.T


class Gate:
    gradcheck_example = dict(x=lambda rng: (rng.random((2, 3)), rng.random((2, 3))))

    def forward(self, a, b):
        self.ab = a, b
        return a * b

    def backward(self, gy):
        a, b = self.ab
        return gy * b, gy * a


def affine_forward(x, w, b, options):
    return options["scale"] * x @ w + b, (x, w, options["scale"])


def affine_backward(dout, cache):
    x, w, scale = cache
    return scale * dout @ w.T, scale * x.T @ dout, dout.sum(axis=0)


affine_forward.gradcheck_example = dict(x=[(4, 3), (3, 2), (2,)], args=({"scale": 3.0},))


def softmax_loss(x, y):
    rows = np.arange(len(x))
    e = np.exp(x)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    return loss, p / len(x)


softmax_loss.gradcheck_example = dict(x=(4, 5), labels=5)


def make():
    return Dense(3, 2)


make.gradcheck_example = dict(x=(4, 3))
instance = Dense(3, 2)


class Drops:
    gradcheck_example = dict(x=(4, 3))

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = x > 0
            return x * self.mask
        return x

    def backward(self, gy):
        return gy * self.mask


class Normalised:
    """Parameters in attributes, and a backward behind a training's forward only."""

    gradcheck_example = dict(x=(6, 3), train=(True,))

    def __init__(self):
        self.gamma, self.beta = np.ones(3), np.zeros(3)

    def forward(self, x, train_flg=True):
        if not train_flg:
            return self.gamma * x + self.beta
        centred = x - x.mean(axis=0)
        self.deviation = np.sqrt((centred**2).mean(axis=0) + 1e-7)
        self.normal = centred / self.deviation
        return self.gamma * self.normal + self.beta

    def backward(self, gy):
        self.dgamma, self.dbeta = (gy * self.normal).sum(axis=0), gy.sum(axis=0)
        g = gy * self.gamma
        g = g - g.mean(axis=0) - self.normal * (g * self.normal).mean(axis=0)
        return g / self.deviation


class TrainsOnly(Drops):
    gradcheck_example = dict(x=(4, 3), train=(True,))


class BuildsItself(Dense):
    """Its build is another one than ours, and called by forward."""

    def __init__(self):
        self.W = None

    def build(self, input_shape):
        self.W, self.b = np.random.default_rng(0).standard_normal((input_shape[1], 2)), np.ones(2)

    def forward(self, x):
        if self.W is None:
            self.build(x.shape)
        return super().forward(x)


BuildsItself.gradcheck_example = dict(x=(4, 3))


class Embedding:
    gradcheck_example = dict(x=lambda rng: rng.integers(7, size=4))

    def __init__(self):
        self.params = {"W": np.random.default_rng(0).standard_normal((7, 2))}
        self.grads = {}

    def forward(self, tokens):
        self.tokens = tokens
        return self.params["W"][tokens]

    def backward(self, gy):
        self.grads["W"] = np.zeros_like(self.params["W"])
        np.add.at(self.grads["W"], self.tokens, gy)


class Leaves(Dense):
    gradcheck_example = dict(args=(3, 2), x=(4, 3))

    def backward(self, gy):
        raise SystemExit(0)


class Needs:
    def __init__(self, units):
        self.units = units

    forward = backward = lambda self, x: x


class Fussy:
    def forward(self, x):
        raise ValueError("three axes, please")

    backward = forward


class Typo(Dense):
    gradcheck_example = dict(arg=(3, 2), x=(4, 3))


class Flat(Dense):
    gradcheck_example = dict(args=(3, 2), x=7)


class Labels(Dense):
    gradcheck_example = dict(args=(3, 2), x=lambda rng: [1, 2])


class NoClasses(Dense):
    gradcheck_example = dict(x=(4, 5), labels=0)


class NoDict(Dense):
    gradcheck_example = (3, 2)
'''


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Run `minialex gradcheck` beside the reader's module: (code, output, errors)."""
    (tmp_path / "readers.py").write_text(READERS)
    (tmp_path / "broken.py").write_text("import numpy\nimport nothing_of_this_name\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit('not here')\n")
    (tmp_path / "typo.py").write_text("def f(:\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    for name in ("readers", "broken", "leaves", "typo"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def call(*arguments):
        code = cli.main(["gradcheck", *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


@pytest.mark.parametrize(
    "name",
    [
        "Dense",
        "Adds",
        "Gate",
        "make",
        "instance",
        "affine_forward,affine_backward",
        "softmax_loss",
        "Normalised",
        "TrainsOnly",
        "BuildsItself",
        "Embedding",
    ],
)
def test_a_right_layer_is_told_to_be_right(call, name):
    code, out, said = call(f"readers:{name}")
    assert (code, said) == (0, "")
    assert re.match(r"\w+: right in \d+ cases, \d+ gradients compared\n", out)


def test_a_wrong_layer_gets_the_report_which_can_be_repeated(call):
    code, out, said = call("readers:ImageZero", "--seed", "7")
    assert (code, said) == (1, "")
    assert out.startswith("GRADIENT MISMATCH  ImageZero.backward -> gb   2/2 entries wrong\n")
    replay = re.search(r"replay +minialex gradcheck (.+)\n", out).group(1)
    assert call(*replay.split()) == (1, out, "")


def test_weights_from_the_global_generator_are_repeated_too(call):
    arguments = ("readers:DrawsFromTheGlobalGenerator", "--seed", "3")
    assert call(*arguments) == call(*arguments)


def test_mode_and_geometry_are_part_of_the_replay(call):
    options = ("--geometry", "as given", "--mode", "central")
    code, out, _ = call("readers:ImageZero", *options)
    assert code == 1
    assert "(central differences)" in out
    assert '--seed 0 --mode central --geometry "as given"\n' in out


def test_every_layer_is_checked_also_behind_a_wrong_one(call):
    code, out, _ = call("readers:ImageZero", "readers:Gate")
    assert code == 1
    assert "Gate: right" in out


def test_more_cases_find_what_one_does_not_show(call):
    assert call("readers:Mostly", "--geometry", "as given")[0] == 0
    code, out, _ = call("readers:Mostly", "--geometry", "as given", "--cases", 20)
    assert code == 1
    seed = re.search(r"--seed (\d+)", out).group(1)
    assert int(seed) > 0
    assert call("readers:Mostly", "--seed", seed, "--geometry", "as given")[0] == 1
    assert "seeds     0 to 2" in call("readers:Gate", "--cases", 3)[1]


def test_parameters_of_zeros_and_ones_hide_nothing(call):
    code, out, _ = call("readers:Zeros")
    assert code == 1
    assert "Zeros.backward -> gx" in out


def test_a_state_that_is_asked_for_is_that_of_the_first_forward_too(call):
    assert call("readers:Normalised")[0] == 0
    made = load("readers:Normalised").what
    assert np.unique(made.gamma).size == np.unique(made.beta).size == 3


def test_a_backward_that_raises_is_located(call):
    code, out, said = call("readers:Raises")
    assert (code, said) == (1, "")
    line = READERS[: READERS.index("return gy @ self.W\n")].count("\n") + 1
    assert out.startswith("RAISES  readers:Raises   ValueError: matmul")
    assert out.endswith(f"(readers.py, line {line}, in backward)\n")


def test_the_state_in_which_it_raises_is_named(call):
    code, out, _ = call("readers:Drops")
    assert code == 1
    way_out = "train=(True,), in gradcheck_example too, leaves that out"
    assert out.endswith(f"in backward; with train_flg=False; {way_out})\n")


def test_a_backward_that_ends_the_program_is_not_right(call):
    code, out, _ = call("readers:Leaves")
    assert code == 1
    assert out.startswith("RAISES  readers:Leaves   SystemExit: 0 (readers.py, line")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("readers", "give module:name, such as mypkg.mymod:MyConv"),
        ("readers:a,b,c", "or module:forward,backward"),
        ("sub/readers.py:Dense", "names a file: give its module, sub.readers:Dense"),
        ("reader:Dense", "no module is called 'reader': start in the folder where"),
        ("broken:X", "broken cannot be imported: ModuleNotFoundError: No module named "
         "'nothing_of_this_name' (broken.py, line 2"),
        ("typo:X", "typo cannot be imported: SyntaxError: invalid syntax (typo.py, line 1)"),
        ("leaves:X", "leaves cannot be imported: SystemExit: not here (leaves.py, line 1"),
        ("readers:Dens", "readers has no 'Dens'; did you mean 'Dense'?"),
        ("readers:np", "readers:np: module has no forward(x) and backward(gy)"),
        ("readers:Needs", "missing 1 required positional argument: 'units'; say in it how: "
         "gradcheck_example = dict("),
        ("readers:Fussy", "x(2,4,7,6) raises ValueError: three axes, please (readers.py, line"),
        ("readers:Typo", "gradcheck_example has 'arg'; did you mean 'args'?"),
        ("readers:Flat", "x=7 is not a shape, a list of shapes, or a function"),
        ("readers:NoClasses", "readers:NoClasses: labels=0 is not a number of classes"),
        ("readers:Labels", "x makes no array"),
        ("readers:NoDict", "gradcheck_example=(3, 2) is no dictionary"),
        ("readers:affine_forward", "name its backward too: readers:affine_forward,backward"),
        ("minialex.layers:Conv", "minialex.layers has no 'Conv'; did you mean 'Conv2d'?"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_is_explained(call, name, said):
    code, out, error = call(name)
    assert (code, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("readers:Dense", "--list"),
        ("readers:Dense", "--cases", 0),
        ("--model", "lenet"),
        ("readers:Dense", "--seed", -1),
        ("readers:Dense", "--seed", 2**32 - 1, "--cases", 2),
        ("--model", "lenet5", "--cases", 3),
        ("--model", "lenet5", "--mode", "complex"),
        ("--model", "lenet5", "--geometry", "as given"),
        ("readers:Dense", "--batch", 3),
    ],
)
def test_senseless_arguments_are_refused(call, arguments):
    code, out, said = call(*arguments)
    assert (code, out) == (2, "")
    assert said.startswith("minialex: error: ")


# Ours ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", layers.__all__)
def test_every_layer_of_ours_can_be_named(name):
    report = load(f"minialex.layers:{name}").check()
    assert report.ok
    assert report.checked


def test_the_list_names_layers_models_and_properties(call):
    code, out, _ = call("--list")
    assert code == 0
    assert re.search(r"minialex\.layers:Conv2d +Conv2d\(4, \(3, 2\), .*\) +\(2, 7, 5, 4\)", out)
    for name in (*layers.__all__, *models.MODELS):
        assert name in out
    for kind, _ in PROPERTIES:
        assert kind in out


def test_the_list_leaves_no_property_out():
    folder = Path(gradcheck.__file__).parent
    source = "\n".join(path.read_text() for path in folder.glob("*.py"))
    kinds = set(re.findall(r'Problem\(\s*"([a-z ]+)"', source))
    assert {"gradient", "random", "not finite"} <= kinds
    assert kinds <= {word for listed, _ in PROPERTIES for word in listed.split(", ")}


def test_a_model_is_checked_parameter_by_parameter(call, monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)
    code, out, _ = call("--model", "tiny", "--batch", 3)
    assert code == 0
    rows = [line.split() for line in out.splitlines() if line.strip().endswith(" ok")]
    named = {row[0]: row[1] for row in rows}
    network = models.build("tiny")
    assert list(named) == list(network.params)
    assert all(kind == network[name.split(".")[0]].kind for name, kind in named.items())


class Leaky(ReLU):
    gradcheck_example: ClassVar = {}
    kind = "leak"

    def backward(self, gy, need_gx=True):
        return np.where(self.y > 0, gy, 0.1 * gy)


def test_the_table_shows_where_a_model_goes_wrong(call, monkeypatch):
    table = (
        ("conv1", Conv2d(3, 3)), ReLU(), ("conv2", Conv2d(2, 2)), Leaky(), Flatten(),
        ("fc3", Linear(4)),
    )  # fmt: skip
    model = models.MODELS["lenet5"]._replace(layers=table, image_size=6, classes=4)
    monkeypatch.setitem(models.MODELS, "leaking", model)
    code, out, _ = call("--model", "leaking")
    assert code == 1
    verdicts = dict(re.findall(r"^ *(\w+\.W).*  (\S.*?) *$", out, re.MULTILINE))
    assert verdicts["fc3.W"] == "ok"
    assert verdicts["conv1.W"].endswith("wrong")
    assert verdicts["conv2.W"].endswith("wrong")
    assert "GRADIENT MISMATCH" in out
