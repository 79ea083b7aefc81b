"""What a training shows: a bar on a terminal, a line an epoch elsewhere."""

import sys
import time
from typing import TYPE_CHECKING

from minialex.tables import percent

if TYPE_CHECKING:
    from minialex.figures import Epoch
    from minialex.resume import Position


class Silent:
    """Shows nothing; also what the others build on. `fit` enters it and calls its methods."""

    def __enter__(self):
        return self

    def __exit__(self, *exception) -> None:
        pass

    def begin(self, epochs: int, pictures: int, position: "Position") -> None:
        """Training of `epochs` times `pictures` goes on from a position."""

    def step(self, position: "Position") -> None:
        """One more step is done."""

    def epoch(self, row: "Epoch") -> None:
        """An epoch is over."""

    def say(self, text: str) -> None:
        """Something else is worth a line."""


class Lines(Silent):
    """Prints a line an epoch."""

    def begin(self, epochs: int, pictures: int, position: "Position") -> None:
        self.epochs, self.pictures = epochs, pictures

    def epoch(self, row: "Epoch") -> None:
        val = ""
        if row.val_loss is not None:
            val = f"  val loss {row.val_loss:.3f}, accuracy {percent(row.val_accuracy):>7}"
        self.say(
            f"epoch {row.epoch:{len(str(self.epochs))}}/{self.epochs}"
            f"  train loss {row.train_loss:.3f}, accuracy {percent(row.train_accuracy):>7}{val}"
            f"  {row.seconds:.1f} s"
        )

    def say(self, text: str) -> None:
        print(text, flush=True)


class Bar(Lines):
    """Adds a moving line: epoch, loss, accuracy, pictures a second, time that remains."""

    def __enter__(self):
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
        )
        self.bar.start()
        return self

    def __exit__(self, *exception) -> None:
        self.bar.stop()

    def begin(self, epochs: int, pictures: int, position: "Position") -> None:
        super().begin(epochs, pictures, position)
        self.first, self.since = self._done(position), time.perf_counter()
        self.task = self.bar.add_task(
            "", total=epochs * pictures, completed=self.first, figures="preparing"
        )

    def step(self, position: "Position") -> None:
        done, seconds = self._done(position), time.perf_counter() - self.since
        loss, accuracy = position.loss / position.count, position.correct / position.count
        rate = (done - self.first) / seconds
        self.bar.update(
            self.task,
            completed=done,
            description=f"epoch {position.epoch + 1}/{self.epochs}",
            figures=f"loss {loss:.3f}  accuracy {percent(accuracy)}  {rate:,.0f} images/s",
        )

    def _done(self, position: "Position") -> int:
        return position.epoch * self.pictures + position.count

    def say(self, text: str) -> None:
        self.bar.console.print(text, highlight=False, markup=False, soft_wrap=True)


def of_stdout() -> Silent:
    """Return what fits the standard output."""
    return Bar() if sys.stdout.isatty() else Lines()
