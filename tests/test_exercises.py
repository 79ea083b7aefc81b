"""The exercises: right answers pass, plausible wrong ones fail with a message that helps."""

import re
import runpy
from pathlib import Path

import pytest

from minialex import cli
from minialex.exercises import EXERCISES

ANSWERS = Path(__file__).parent / "answers"
NUMBERS = {exercise.topic: number for number, exercise in EXERCISES.items()}
WRONG = [
    pytest.param(topic, *wrong, id=f"{topic}-{i + 1}")
    for topic in NUMBERS
    for i, wrong in enumerate(runpy.run_path(str(ANSWERS / f"{topic}.py"))["WRONG"])
]


def source(topic: str) -> str:
    """Return a right answer, without what makes it wrong."""
    return (ANSWERS / f"{topic}.py").read_text(encoding="utf-8").partition("\nWRONG = ")[0]


def checked(topic: str, text: str, folder: Path, capsys) -> tuple[int, str]:
    """Check an answer with the command; return its exit code and what it printed."""
    path = folder / "answer.py"
    path.write_text(text, encoding="utf-8")
    code = cli.main(["exercise", "check", str(NUMBERS[topic]), "--file", str(path)])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.mark.parametrize("topic", NUMBERS)
def test_a_right_answer_passes(topic, tmp_path, capsys):
    code, printed = checked(topic, source(topic), tmp_path, capsys)
    assert code == 0, printed
    assert "WRONG" not in printed


@pytest.mark.parametrize(("topic", "right", "wrong", "message"), WRONG)
def test_a_plausible_wrong_answer_fails_and_hears_why(
    topic, right, wrong, message, tmp_path, capsys
):
    text = source(topic)
    assert right in text
    code, printed = checked(topic, text.replace(right, wrong), tmp_path, capsys)
    assert code == 1, printed
    assert "WRONG" in printed
    assert message in re.sub(r"\s+", " ", printed)


@pytest.mark.parametrize("topic", NUMBERS)
def test_at_least_three_wrong_answers_are_tried(topic):
    assert sum(case.values[0] == topic for case in WRONG) >= 3


@pytest.mark.parametrize("number", EXERCISES)
def test_a_stub_can_be_started_and_fails(number, tmp_path, monkeypatch, capsys):
    """It is written beside the reader, imports, and is not right before anything is written."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["exercise", "start", str(number)]) == 0
    assert cli.main(["exercise", "check", str(number)]) == 1
    printed = capsys.readouterr().out
    assert EXERCISES[number].file_name in printed
    assert "is it written yet?" in printed or "WRONG" in printed


def test_start_never_overwrites(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exercise01.py").write_text("mine")
    assert cli.main(["exercise", "start", "1"]) == 2
    assert "exercise01.py" in capsys.readouterr().err
    assert (tmp_path / "exercise01.py").read_text() == "mine"


def test_list_names_every_exercise(capsys):
    assert cli.main(["exercise", "list"]) == 0
    printed = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert all(exercise.title in printed for exercise in EXERCISES.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "99"], "no exercise 99"),
        (["check"], "which exercise?"),
        (["start"], "which exercise?"),
        (["list", "1"], "takes no number"),
        (["check", "1", "--file", "nowhere.py"], "minialex exercise start 1"),
        (["check", "1", "--file", "notes.txt"], "should end in .py"),
    ],
)
def test_wrong_commands_say_what_to_do(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("answer")
    assert cli.main(["exercise", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_an_assertion_of_an_answer_is_told_from_one_of_ours(tmp_path, capsys):
    first = "def im2col(x, kh, kw, stride, pad):\n"
    assert first in source("im2col")
    text = source("im2col").replace(first, f"{first}    assert stride == 7\n")
    code, printed = checked("im2col", text, tmp_path, capsys)
    assert code == 1
    assert "AssertionError: Asked for was: " in printed
    assert "answer.py, line" in printed


@pytest.mark.parametrize(
    ("topic", "right", "other"),
    [
        ("colour", "reshape(-1, 3).astype(float)", 'reshape(-1, 3).astype("float32")'),
        ("kernel", "def window_sum", "from numba import njit\n\n\n@njit\ndef window_sum"),
    ],
)
def test_other_right_answers_pass(topic, right, other, tmp_path, capsys):
    text = source(topic)
    assert right in text
    code, printed = checked(topic, text.replace(right, other), tmp_path, capsys)
    assert code == 0, printed


def test_an_answer_may_hold_a_dataclass(tmp_path, capsys):
    """Which looks its own module up, where annotations are text."""
    path = tmp_path / "answer.py"
    path.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Size:\n    height: int\n" + source("sizes")
    )
    assert cli.main(["exercise", "check", "1", "--file", str(path)]) == 0, capsys.readouterr()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def output_size(:", "SyntaxError"),
        ("import nosuchmodule", "nosuchmodule"),
        ("x = 1", "has no attribute 'output_size'"),
        ("def output_size(*a): return 1 / 0", "ZeroDivisionError"),
        ("import sys\nsys.exit('enough')", "SystemExit: enough"),
        ("def output_size(*a): raise SystemExit(0)", "SystemExit: 0"),
    ],
)
def test_an_answer_that_does_not_run_fails_with_its_place(text, message, tmp_path, capsys):
    code, printed = checked("sizes", text, tmp_path, capsys)
    assert code == 1
    assert message in printed
    assert "answer.py" in printed
    assert "Traceback" not in printed
