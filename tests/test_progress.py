"""The moving line of a training on a terminal."""

import io
import re
import signal
import sys

import pytest
import tiny

from minialex import models, progress
from minialex.interrupt import Interrupted
from minialex.train import fit


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)


class Watched(progress.Bar):
    """Notes every state of the line, and prints into a text."""

    def __enter__(self):
        super().__enter__()
        self.text, self.states = io.StringIO(), []
        self.bar.console.file = self.text
        return self

    def step(self, position):
        super().step(position)
        (task,) = self.bar.tasks
        self.states.append((task.completed, task.total, task.description, task.fields["figures"]))


def test_it_counts_pictures_and_prints_a_line_an_epoch():
    bar = Watched()
    fit(tiny.network(), tiny.splits(), tiny.CONFIG, progress=bar)  # 3 epochs of 90 pictures, by 16
    assert [done for done, *_ in bar.states[:7]] == [16, 32, 48, 64, 80, 90, 106]
    assert {total for _, total, *_ in bar.states} == {270}
    assert [text for *_, text, _ in bar.states[5:7]] == ["epoch 1/3", "epoch 2/3"]
    assert re.fullmatch(r"loss \d\.\d{3}  accuracy \d+\.\d %  [\d,]+ images/s", bar.states[0][-1])
    lines = [line for line in bar.text.getvalue().splitlines() if "train loss" in line]
    assert len(lines) == 3


def test_a_resumed_run_goes_on_where_it_stood(tmp_path):
    stop = tiny.At(8, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted):
        fit(tiny.network(), tiny.splits(), tiny.CONFIG, folder=tmp_path, progress=stop)
    bar = Watched()
    fit(tiny.network(), tiny.splits(), tiny.CONFIG, folder=tmp_path, resume=True, progress=bar)
    assert bar.first == 90 + 2 * 16
    assert [done for done, *_ in bar.states][-1] == 270


@pytest.mark.parametrize(("terminal", "kind"), [(True, progress.Bar), (False, progress.Lines)])
def test_a_terminal_gets_the_bar_and_a_file_gets_lines(terminal, kind, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    assert type(progress.of_stdout()) is kind
