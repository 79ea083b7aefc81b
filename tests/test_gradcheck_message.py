"""The message of a failed check, line by line, and the report of one that passed."""

import re

import numpy as np
import pytest
from plain_layers import Dense, Elementwise, normal

from minialex.gradcheck import GradientMismatch, check_layer
from minialex.layers import Conv2d


class MyConv:
    """A convolution of (N, H, W, C) whose gW has its rows and columns swapped."""

    def __init__(self, channels, filters, size, stride=1, pad=0) -> None:
        self.size, self.stride, self.pad = size, stride, pad
        self.W, self.b = normal(size, size, channels, filters, seed=1), np.zeros(filters)

    def windows(self, x):
        s = self.stride
        for i in range((x.shape[1] - self.size) // s + 1):
            for j in range((x.shape[2] - self.size) // s + 1):
                yield i, j, np.s_[:, i * s : i * s + self.size, j * s : j * s + self.size]

    def forward(self, x):
        p = self.pad
        self.x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
        patches = {(i, j): self.x[at] for i, j, at in self.windows(self.x)}
        rows, columns = map(max, zip(*patches, strict=True))
        y = np.zeros((len(x), rows + 1, columns + 1, len(self.b)), x.dtype)
        for (i, j), patch in patches.items():
            y[:, i, j] = np.tensordot(patch, self.W, 3) + self.b
        return y

    def backward(self, gy):
        gx, gW, p = np.zeros(self.x.shape), np.zeros(self.W.shape), self.pad
        for i, j, at in self.windows(self.x):
            gW += np.tensordot(self.x[at], gy[:, i, j], (0, 0))
            gx[at] += np.tensordot(gy[:, i, j], self.W, (1, 3))
        self.gW, self.gb = gW.transpose(1, 0, 2, 3), gy.sum(axis=(0, 1, 2))
        return gx[:, p : gx.shape[1] - p, p : gx.shape[2] - p]


MESSAGE = """\
GRADIENT MISMATCH  MyConv.backward -> gW   12/18 entries wrong
 case      as given
 shape     x(2,6,5,1) W(3,3,1,2) b(2) size=3 stride=2 pad=1 -> y(2,3,3,2)
 worst at  gW[#]   yours #   numeric # (complex step)
 pattern   yours == numeric transposed in (kh, kw)
 step scan h=1e-3 #  1e-5 #  1e-7 #   stable: not a kink
 replay    check_layer(..., seed=7)"""


def test_the_message():
    with pytest.raises(GradientMismatch) as raised:
        check_layer(MyConv(1, 2, 3, stride=2, pad=1), normal(2, 6, 5, 1), seed=7)
    message = str(raised.value).strip()
    numbers = r"(?<=gW\[)[\d,]+|(?<= )[+-][\d.]+"
    assert re.sub(numbers, "#", message) == MESSAGE
    yours, numeric = map(float, re.findall(r"(?:yours|numeric) ([+-][\d.]+)", message))
    scanned = map(float, re.findall(r"(?<=1e-[357] )[+-][\d.]+", message))
    assert yours != numeric
    assert [value == pytest.approx(numeric, rel=1e-3) for value in scanned] == [True] * 3


def test_the_same_seed_repeats_the_message():
    def message(seed):
        report = check_layer(MyConv(1, 2, 3), normal(2, 6, 5, 1), seed=seed, raises=False)
        return re.sub("seed=.", "", str(report))

    assert message(7) == message(7) != message(8)


def test_the_replay_may_be_a_command():
    report = check_layer(
        Elementwise(np.square, np.tanh), normal(2, 3), raises=False, replay="minialex gradcheck a:B"
    )
    assert str(report).splitlines()[-1] == " replay    minialex gradcheck a:B"


def test_the_parameter_nearest_to_the_mistake_comes_first():
    """A wrong gy makes all gradients wrong; a reader starts with the first."""

    class HalfGy(Dense):
        def backward(self, gy):
            return super().backward(gy / 2)

    report = check_layer(HalfGy(normal(3, 2)), normal(4, 3), raises=False)
    assert [p.where.rpartition(" ")[2] for p in report.problems] == ["gb", "gW", "gx"]


def test_a_kink_is_named_in_the_scan():
    x = np.array([[1e-4, 1.0, -1.0]])
    relu = Elementwise(lambda x: x * (x > 0), lambda x: 3.0 * (x > 0))
    report = check_layer(relu, x, gy=np.array([[9.0, 1, 1]]), raises=False)
    details = dict(report.problems[0].details)
    assert "gx[0,0]" in details["worst at"]
    assert details["step scan"].endswith("not stable: a kink is near")


def test_large_gradients_are_looked_at_in_part():
    square = Elementwise(lambda x: x * x, lambda x: 2.1 * x)
    report = check_layer(square, normal(60, 60), raises=False)
    assert re.search(r" (\d+)/\1 entries wrong of those looked at \(3600 in all\)", str(report))


def test_a_right_layer():
    layer = Conv2d(2, 3, pad=1)
    layer.build((6, 5, 1), np.random.default_rng(0), "float64")
    report = check_layer(layer, normal(2, 6, 5, 1))
    first, second = str(report).splitlines()
    assert re.fullmatch(r"Conv2d: right in \d+ cases, \d+ gradients compared", first)
    assert re.fullmatch(r" error     at most \de-1\d \(g[xWb], .*\); complex step", second)


def test_kinks_of_a_right_layer_are_told():
    x = normal(3, 4)
    x[1] = 0
    report = check_layer(
        Elementwise(lambda x: x * (x > 0), lambda x: x > 0), x, geometry="as given"
    )
    lines = str(report).splitlines()
    assert lines[2] == " kinks     4 entries lie at a kink, not a wrong gradient: left out"
