"""The training loop."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from minialex import parts
from minialex import resume as state
from minialex.backend import Array
from minialex.config import Config
from minialex.data import Dataset, split
from minialex.data.colour import ColourNoise
from minialex.data.loader import Loader
from minialex.data.pixels import Pixels
from minialex.evaluate import evaluate
from minialex.failures import TrainingError, require_finite, require_finite_loss
from minialex.figures import Epoch, Result, read_result, write_json, write_log
from minialex.interrupt import Interrupt
from minialex.layers import SoftmaxCrossEntropy
from minialex.network import Sequential
from minialex.progress import Silent
from minialex.run import write_config
from minialex.totals import Totals

__all__ = ["History", "Training", "TrainingError"]


@dataclass(frozen=True)
class History:
    """A row of figures for every epoch, and the result."""

    log: list[Epoch]
    result: Result


class Training:
    """A training: what `fit` was given, the parts that it made of it, and the loop."""

    def __init__(
        self,
        network: Sequential,
        train: Dataset,
        test: Dataset | None,
        config: Config,
        folder: Path | None,
        progress: Silent,
    ) -> None:
        self.network, self.test, self.progress = network, test, progress
        self.folder, self.classes = folder, train.classes
        val_size = max(1, len(train) // 10) if config.val_size is None else config.val_size
        self.config = config = replace(
            config,
            model=network.name,
            data=config.data if Path(config.data).name == train.name else train.name,
            image_size=network.input_shape[0],
            val_size=val_size,
            out=str(folder) if folder else None,
        )
        given = {"trained_on": train, "tested_on": test}
        self.described = {key: pictures.described() for key, pictures in given.items() if pictures}
        train, self.val = split(train, val_size, config.seed)
        self.schedule = parts.schedule(config, len(train))
        self.optimiser = parts.optimiser(config, network.params)
        self.pixels = Pixels.fit(train, scale=config.pixels, mean=config.mean)
        noisy = config.colour != "none"
        self.colour = ColourNoise.fit(train, self.pixels, config.colour) if noisy else None
        self.loader = Loader(
            train, self.pixels, config.batch_size, seed=config.seed, device=network.device
        )
        self.cross_entropy = SoftmaxCrossEntropy()
        self.position = state.Position()
        self.log: list[Epoch] = []
        self.best: dict[str, Array] = {}

    def run(self, interrupt: Interrupt) -> History:
        """Train until all epochs are done, then measure the test pictures with the best weights."""
        network, position = self.network, self.position
        epochs, batches = self.config.epochs, len(self.loader)
        was_finished = position.epoch == epochs
        if self.folder and not was_finished:
            write_config(
                self.folder, self.config, network, self.pixels, self.classes, self.described
            )
        self.progress.begin(epochs, len(self.loader.dataset), position)
        while position.epoch < epochs:
            started = time.perf_counter() - position.seconds
            self.begin_epoch()
            for x, labels in self.batches():
                self.step(x, labels)
                position.seconds = time.perf_counter() - started
                if not self.totals.unread:
                    self.progress.step(position)
                if interrupt.asked and position.batch < batches:
                    state.stop(self)
            self.end_epoch(started)
            if interrupt.asked and position.epoch < epochs:
                state.stop(self)
        for name, parameter in network.params.items():
            parameter[...] = self.best[name]
        result = read_result(self.folder) if self.folder and was_finished else None
        if result:
            self.progress.say(f"{self.folder} is finished: nothing is left to train")
        return History(self.log, result or self.finish())

    def begin_epoch(self) -> None:
        """Set what depends on the number of the epoch alone, and so is stored nowhere."""
        config, done = self.config, self.position.epoch
        self.optimiser.lr_scale = parts.lr_scale(config, self.optimiser.params, done)
        self.loader.augment = parts.augment(config, self.colour, done)
        self.totals = Totals(self.network.device, self.position)

    def batches(self) -> Iterator[tuple[Array, Array]]:
        """Yield what is left of the epoch."""
        with state.saved_if_unreadable(self):
            yield from self.loader.batches(self.position.epoch, first=self.position.batch)

    def step(self, x: Array, labels: Array) -> None:
        """Learn from one batch. Nothing in here waits for a GPU but `read_totals`."""
        network, position = self.network, self.position
        loss = self.cross_entropy.forward(network.forward(x, train=True), labels)
        self.totals.add(loss, self.cross_entropy.correct, len(x))
        if self.totals.due():
            self.read_totals(x)
        network.backward(self.cross_entropy.backward())
        position.lr = self.schedule.lr(position.step)
        self.optimiser.step(network.grads, position.lr)
        position.step += 1
        position.batch += 1

    def read_totals(self, x: Array | None = None) -> None:
        """Bring the sums of the epoch up to date; TrainingError if a loss was not finite.

        x: the batch of the step that is under way, if one is.
        """
        if not self.totals.unread:
            return
        position, sums = self.position, self.totals.read()
        require_finite_loss(self, sums, x)
        position.loss, position.correct, position.count = sums.loss, sums.correct, sums.pictures

    def end_epoch(self, started: float) -> None:
        """Measure the held-out pictures, if there are any; write log and checkpoints."""
        self.read_totals()
        require_finite(self)
        position = self.position
        with state.saved_if_unreadable(self):
            val = evaluate(self.network, self.val, self.pixels) if len(self.val) else None
        if val:
            self.schedule.epoch_end(1 - val.accuracy)
        row = Epoch(
            position.epoch + 1,
            position.step,
            position.lr,
            position.loss / position.count,
            position.correct / position.count,
            val.loss if val else None,
            val.accuracy if val else None,
            round(time.perf_counter() - started, 3),
        )
        self.log.append(row)
        position.next_epoch()
        names = ["last"]
        if self.config.save_every and row.epoch % self.config.save_every == 0:
            names.insert(0, f"epoch-{row.epoch:03d}")
        if val is None or val.accuracy > position.best_accuracy:
            position.best_epoch = row.epoch
            position.best_accuracy = val.accuracy if val else -1.0
            self.best = {name: p.copy() for name, p in self.network.params.items()}
            names.insert(0, "best")
        if self.folder:
            write_log(self.folder, self.log)
        state.save(self, names)
        self.progress.epoch(row)

    def finish(self) -> Result:
        """Measure the test pictures, once, and write result and curves."""
        started = time.perf_counter()
        views = self.config.views
        test = self.test and evaluate(self.network, self.test, self.pixels, views)
        result = Result(
            epochs=self.config.epochs,
            best_epoch=self.position.best_epoch,
            val_accuracy=self.position.best_accuracy if len(self.val) else None,
            test_accuracy=test.accuracy if test else None,
            test_loss=test.loss if test else None,
            seconds=round(sum(row.seconds for row in self.log) + time.perf_counter() - started, 3),
        )
        if self.folder:
            from matplotlib import rc_context

            from minialex import plot

            write_json(self.folder / "result.json", asdict(result))
            with rc_context():  # nobody asked for our style in figures of their own
                plot.curves(self.log).savefig(self.folder / "curves.png")
        return result
