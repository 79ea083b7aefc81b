"""The pytest plugin, in a project of somebody else, and in this one."""

import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given

from minialex import strategies
from minialex.gradcheck import GradientMismatch
from minialex.layers import LRN, Conv2d, ReLU
from minialex.network import Sequential
from minialex.strategies import conv_geometry, distinct_array, seeds

MYCOURSE = '''
"""A reader's convolution: (N, C, H, W), without any of minialex."""
import numpy as np


class Conv:
    gradcheck_example = dict(args=(3, 4, 3), kwargs=dict(stride=2, pad=1), x=(2, 3, 7, 5))

    def __init__(self, channels, filters, kernel, stride, pad):
        self.W = np.random.default_rng(0).standard_normal((filters, channels, kernel, kernel))
        self.b = np.zeros(filters)
        self.stride, self.pad = stride, pad

    def forward(self, x):
        p, s, k = self.pad, self.stride, self.W.shape[2]
        self.x = x
        self.padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        windows = np.lib.stride_tricks.sliding_window_view(self.padded, (k, k), axis=(2, 3))
        self.windows = windows[:, :, ::s, ::s]  # (N, C, OH, OW, k, k)
        return np.einsum("ncijuv,fcuv->nfij", self.windows, self.W) + self.b[:, None, None]

    def backward(self, gy):
        p, s, k = self.pad, self.stride, self.W.shape[2]
        self.gb = gy.sum(axis=(0, 2, 3))
        self.gW = np.einsum("ncijuv,nfij->fcuv", self.windows, gy)
        gx = np.zeros_like(self.padded)
        OH, OW = gy.shape[2:]
        for u in range(k):
            for v in range(k):
                gx[:, :, u : u + s * OH : s, v : v + s * OW : s] += np.einsum(
                    "nfij,fc->ncij", gy, self.W[:, :, u, v]
                )
        H, W = self.x.shape[2:]
        return gx[:, :, p : p + H, p : p + W]


class ImageZero(Conv):
    def backward(self, gy):
        gx = super().backward(gy)
        self.gb = gy[0].sum(axis=(1, 2))
        return gx


class Raises(Conv):
    def backward(self, gy):
        return gy[99]
'''
THEIR_TESTS = """
import numpy as np
import pytest
from hypothesis import settings
from hypothesis.errors import InvalidArgument

from mycourse import ImageZero


def test_a_fault(gradcheck):
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 4))
    gradcheck(ImageZero(3, 2, 3, 1, 0), x)  # the line of the fault


def test_no_profile_is_registered():
    for name in ("dev", "ci", "thorough"):
        with pytest.raises(InvalidArgument):
            settings.get_profile(f"minialex-{name}")
"""
QUICK = """
from hypothesis import settings

settings.register_profile("quick", max_examples=20)
settings.load_profile("quick")
"""


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def output(tmp_path_factory) -> str:
    """What pytest prints in a project that checks layers in every way."""
    folder = tmp_path_factory.mktemp("project")
    example = re.search(r"\n\n((?:    .*\n|\n)+)\n`gradcheck` is", strategies.__doc__).group(1)
    files = {
        "mycourse.py": MYCOURSE,
        "test_theirs.py": THEIR_TESTS,
        "conftest.py": QUICK,
        "test_example.py": textwrap.dedent(example),
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    names = ("mycourse:Conv", "mycourse:ImageZero", "mycourse:Cov", "mycourse:Raises")
    options = [word for name in names for word in ("--gradcheck-layer", name)]
    done = run(folder, "-m", "pytest", "-v", "-rA", "-p", "no:cacheprovider", *options)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def section(output: str, title: str) -> str:
    """What pytest prints below the title of one failure."""
    return re.split(rf"\n_+ {re.escape(title)} _+\n", output)[1].split("\n___")[0].split("\n===")[0]


def test_the_example_of_the_strategies_is_a_complete_test(output):
    assert "PASSED test_example.py::test_conv" in output


def test_a_failing_test_shows_its_own_line_and_the_report(output):
    shown = section(output, "test_a_fault")
    assert ">       gradcheck(ImageZero(3, 2, 3, 1, 0), x)  # the line of the fault" in shown
    assert "GRADIENT MISMATCH  ImageZero.backward -> gb   2/2 entries wrong" in shown
    assert "raise GradientMismatch" not in shown


def test_other_suites_get_no_profile(output):
    assert "PASSED test_theirs.py::test_no_profile_is_registered" in output


def test_a_layer_is_a_test_of_its_name(output):
    assert re.search(r"mycourse:Conv PASSED", output)
    assert re.search(r"mycourse:ImageZero FAILED", output)


def test_a_failing_layer_shows_the_report_and_nothing_else(output):
    lines = section(output, "mycourse:ImageZero").splitlines()
    assert lines[0] == "GRADIENT MISMATCH  ImageZero.backward -> gb   4/4 entries wrong"
    assert all(line.startswith(" ") for line in lines[1:])
    assert any("minialex gradcheck mycourse:ImageZero --seed 0" in line for line in lines)


def test_a_wrong_name_shows_the_remedy(output):
    assert section(output, "mycourse:Cov").splitlines() == [
        "--gradcheck-layer mycourse has no 'Cov'; did you mean 'Conv'?"
    ]


def test_a_layer_that_raises_shows_its_own_frames_alone(output):
    shown = section(output, "mycourse:Raises")
    assert ">       return gy[99]" in shown
    assert "IndexError" in shown
    assert len(re.findall(r"^\S+\.py:\d+:", shown, re.MULTILINE)) == 1


def test_loading_costs_a_foreign_suite_nothing(tmp_path):
    code = (
        "import pytest, sys; pytest.main(['--collect-only', '-p', 'no:hypothesispytest']); "
        "print('loaded', sorted({'minialex.pytest_plugin', 'minialex.gradcheck', 'numpy', 'numba', "
        "'hypothesis', 'tyro'} & set(sys.modules)))"
    )
    done = run(tmp_path, "-c", code)
    assert "loaded ['minialex.pytest_plugin']" in done.stdout, done.stdout + done.stderr


# In this suite ---------------------------------------------------------------------------------

SMALL = conv_geometry(outputs=2, kernels=3, strides=3, channels=2, filters=2)


@given(case=SMALL.filter(lambda case: case.batch), seed=seeds())
def test_the_fixture_lives_as_long_as_all_examples(gradcheck, case, seed):
    rng = np.random.default_rng(seed)
    options = {"pad": case.pad, "rounding": case.rounding, "groups": case.groups}
    layer = Conv2d(case.filters, case.kernel, case.stride, **options)
    layer.build(case.shape[1:], rng, "float64")
    gradcheck(layer, distinct_array(case.shape, rng), geometry="as given")


def test_the_fixture_checks_functions_and_networks_too(gradcheck):
    x = distinct_array((2, 3), 0)
    assert gradcheck.layer(ReLU(), x).ok
    assert gradcheck.function(lambda x: (2 * x, None), lambda gy, _: 2 * gy, [x]).ok
    network = Sequential([Conv2d(2, 3), LRN()], (4, 5, 2), dtype="float64")
    assert gradcheck.network(network, distinct_array((2, 4, 5, 2), 0)).ok
    wrong = lambda: gradcheck.function(lambda x: (2 * x, None), lambda gy, _: gy, [x])  # noqa: E731
    with pytest.raises(GradientMismatch, match="yours == numeric"):
        wrong()
    assert not gradcheck.function(lambda x: (2 * x, None), lambda gy, _: gy, [x], raises=False).ok
