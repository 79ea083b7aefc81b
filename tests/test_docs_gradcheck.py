"""docs/gradcheck.md: what it shows is what the checker prints, and what it says is so."""

import importlib.metadata
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minialex.gradcheck import compare
from minialex.gradcheck.target import load

FOLDER = Path(__file__).parents[1] / "docs" / "gradcheck"
TEXT = FOLDER.with_suffix(".md").read_text(encoding="utf-8")
FRAGMENTS = re.findall(r"```py\n(.*?)```\n", TEXT, re.DOTALL)
TRIES = ("try1:MyConv", "try2:MyConv", "try3:MyMaxPool", "try4:MyLRN", "try5:MyDropout")
REPAIRS = {  # as the page explains them
    "try1": (
        "padded[:, :, :H, :W]",
        "padded[:, :, self.pad : self.pad + H, self.pad : self.pad + W]",
    ),
    "try2": ("self.db[f] = np.sum", "self.db[f] += np.sum"),
    "try3": ("j * s + v] = gy", "j * s + v] += gy"),
    "try4": ("inner * x[:, c]", "inner * x[:, j]"),
    "try5": ("= gy[index]", "= gy[index] * self.scale"),
}
NOISE = re.compile(r"^ (?:error|worst at|step scan) .*$", re.MULTILINE)


def without_rounding(text: str) -> str:
    """Return a page whose measured numbers are left out: processors round differently."""
    return NOISE.sub(lambda line: re.sub(r"[-+]?\d+\.?\d*(e[-+]\d+)?", "#", line[0]), text)


def test_the_page_shows_what_its_code_and_commands_print():
    """A transcript that the checker no longer prints would teach a message that does not exist."""
    filled = runpy.run_path(str(FOLDER / "page.py"))["filled"]
    assert without_rounding(TEXT) == without_rounding(filled(TEXT))


def repaired(name: str, folder: Path) -> Path:
    """Write a try without its mistake."""
    wrong, right = REPAIRS[name]
    source = (FOLDER / "tries" / f"{name}.py").read_text(encoding="utf-8")
    assert source.count(wrong) == 1
    source = source.replace(wrong, right)
    path = folder / f"mended_{name}.py"
    path.write_text(source, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", TRIES)
def test_a_try_is_right_without_the_mistake_that_the_page_names(name, tmp_path, monkeypatch):
    """Otherwise the message would lead to a mistake, and not to the only one."""
    module, layer = name.split(":")
    path = repaired(module, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert load(f"{path.stem}:{layer}").check(raises=False).ok


def test_the_lines_shown_are_those_of_the_tries():
    sources = [path.read_text(encoding="utf-8") for path in (FOLDER / "tries").glob("*.py")]
    shown = [fragment for fragment in FRAGMENTS if fragment.startswith("   ")]
    assert len(shown) == len(TRIES) == len(sources)
    for fragment in shown:
        assert any(fragment in source for source in sources), fragment


def test_the_tests_that_the_page_proposes_run(tmp_path):
    conv, pool = (repaired(name, tmp_path) for name in ("try1", "try3"))
    (tmp_path / "mylayers.py").write_text(f"from {conv.stem} import *\nfrom {pool.stem} import *\n")
    proposed = [fragment for fragment in FRAGMENTS if "def test_" in fragment]
    head = "from mylayers import *\n"
    text = (head + "\n".join(proposed)).replace("deadline=None", "deadline=None, max_examples=10")
    (tmp_path / "test_page.py").write_text(text, encoding="utf-8")
    known = importlib.metadata.entry_points(group="pytest11", name="minialex")
    plugin = [] if known else ["-p", "minialex.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", "-q", "--gradcheck-layer", "mylayers:MyConv"]
    ran = subprocess.run(
        [*command, *plugin], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert f"{len(proposed) + 1} passed" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.parametrize("mode", [compare.COMPLEX, compare.CENTRAL, compare.SINGLE])
def test_steps_and_tolerances_are_those_of_the_checker(mode):
    step, along, each = (
        f"{v:.0e}".replace("e-0", "e-") for v in (mode.step, mode.along, mode.each)
    )
    assert f"| {mode.name} | {step} | {along} | {each} |" in TEXT


@pytest.mark.parametrize(
    ("layer", "method", "dtype", "steps", "low", "high"),
    [
        ("LRN", "complex step", "float64", (1e-30, 1e-8), 0, 2e-15),
        ("convolution", "complex step", "float64", (1e-30, 1.0), 0, 2e-15),
        ("LRN", "central", "float64", (1e-4, 1e-5, 1e-6), 1e-12, 1e-9),
        ("LRN", "central", "float32", (1e-1, 1e-2, 1e-3), 3e-6, 1e-4),
        ("convolution", "forward", "float64", (1.0,), 0, 1e-14),
    ],
)
def test_what_the_figure_is_said_to_show(layer, method, dtype, steps, low, high):
    """The smallest error over the steps, and for the complex step the largest."""
    figures = runpy.run_path(str(FOLDER / "figures.py"))
    made = {title.split()[0].strip(","): what for title, what in figures["layers"]().items()}
    found = figures["errors"](*made[layer], method, dtype, np.array(steps))
    assert low <= (max(found) if method == "complex step" else min(found)) <= high


def test_links_inside_the_repository_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(links) > 4
    for link in links:
        assert link.startswith("https://") or (FOLDER.parent / link).exists(), link
