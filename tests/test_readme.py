"""The README: its code runs, its commands exist, its links lead somewhere."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from minialex import cli
from minialex.models import MODELS
from minialex.recipes import RECIPES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
LINES = [
    line.split("#")[0].split()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]
COMMANDS = [words for words in LINES if words and words[0] == "minialex"]
QUICK = ("summary", "models", "receptive-field", "recipes", "exercise list", "plot model")


@pytest.mark.parametrize("code", CODE, ids=lambda code: code.strip().splitlines()[-1][:30])
def test_code_runs(code, tmp_path, monkeypatch):
    """What is no whole program stands in blocks of `py`, as in the documentation."""
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


def test_there_is_code_and_there_are_commands():
    assert len(CODE) >= 2
    assert len(COMMANDS) > 15


def printed(arguments: list[str]) -> tuple[int, str]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = cli.main(arguments)
    return code, out.getvalue()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_and_flags_exist(words):
    code, text = printed([words[1], "--help"])
    assert code == 0
    for flag in (word.split("=")[0] for word in words if word.startswith("--")):
        assert re.search(rf"{flag}\b", text), flag


@pytest.mark.parametrize(
    "words", [w for w in COMMANDS if " ".join(w[1:]).startswith(QUICK)], ids=" ".join
)
def test_commands_that_need_nothing_run(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert printed(words[1:])[0] == 0


def test_names_of_models_and_recipes_exist():
    for words in COMMANDS:
        for flag, known in (("--model", MODELS), ("--recipe", RECIPES)):
            if flag in words:
                assert words[words.index(flag) + 1] in known


def test_links_into_the_repository_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 5
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_as_many_models_as_it_says():
    assert f"`minialex models` lists {len(MODELS)} networks" in README
