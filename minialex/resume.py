"""Saving a training and going on with it, to the same bits as without the stop.

The loader has no state: epoch and batch decide what it delivers. So a training is its parameters,
the optimiser's state, pixel scale and, as JSON, `Position`, the schedule and every generator.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from minialex import checkpoint, figures, forms, run, threads
from minialex.config import Config
from minialex.data import difference
from minialex.errors import InputError
from minialex.failures import require_finite
from minialex.interrupt import Interrupted

if TYPE_CHECKING:
    from minialex.loop import Training

MAY_CHANGE = ("device", "threads", "save_every", "data_dir", "out", "recipe")
OPEN_ENDED = ("constant", "step", "plateau", "discexp")  # these do not look at the last step


@dataclass
class Position:
    """Where a training stands: the next batch, sums over the epoch so far, and the best epoch."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    lr: float = 0.0
    loss: float = 0.0
    correct: int = 0
    count: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_accuracy: float = -1.0

    def next_epoch(self) -> None:
        """Move to the first batch of the next epoch."""
        self.epoch += 1
        self.batch = self.correct = self.count = 0
        self.loss = self.seconds = 0.0


def save(training: "Training", names: list[str]) -> None:
    """Write the state to the run folder under each of `names`, in this order."""
    if training.folder is None:
        return
    network = training.network
    tensors = {
        **network.params,
        **training.optimiser.state(),
        **{f"pixels.{name}": a for name, a in training.pixels.arrays().items()},
    }
    state = {
        "model": network.name,
        "classes": list(training.classes),
        "input_shape": list(network.input_shape),
        "threads": threads.count(),
        "form": forms.choice(),
        "position": asdict(training.position),
        "schedule": training.schedule.state(),
        "random": network.random_state(),
    }
    paths = [training.folder / f"{name}.safetensors" for name in names]
    checkpoint.save(paths, tensors, state)


def save_between_steps(training: "Training") -> None:
    """Save in the middle of an epoch; TrainingError if a loss or a weight is not finite."""
    training.read_totals()
    require_finite(training)
    save(training, ["last"])


@contextmanager
def saved_if_unreadable(training: "Training") -> Iterator[None]:
    """Save where pictures can no longer be read in the body, which learns nothing itself."""
    try:
        yield
    except (InputError, OSError) as error:
        save_between_steps(training)
        if training.folder is None:
            raise
        raise InputError(
            f"{error}\nWhat was learnt so far is saved. Go on with: minialex train --resume "
            f"{training.folder}"
        ) from error


def stop(training: "Training") -> None:
    """Save, and raise Interrupted."""
    save_between_steps(training)
    epoch, batch = training.position.epoch + 1, training.position.batch
    folder = training.folder
    raise Interrupted(
        f"stopped in epoch {epoch} before batch {batch + 1}. "
        + (f"Go on with: minialex train --resume {folder}" if folder else "")
    )


def restore(training: "Training") -> None:
    """Continue from last.safetensors; rows of the log that lie behind it are dropped."""
    folder, network = training.folder, training.network
    if folder is None:
        raise InputError("resume=True needs the folder of the run")
    document, before = run.read_config(folder)
    _check_same(before, training.config)
    _check_pictures(document, training)
    path = folder / "last.safetensors"
    tensors, state = checkpoint.load(path)
    checkpoint.copy_into(network.params, checkpoint.group(tensors), path)
    prefix = training.optimiser.prefix
    stored = {name: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    checkpoint.copy_into(training.optimiser.state(), stored, path)
    _check_pixels(training.pixels.arrays(), checkpoint.group(tensors, "pixels"))
    try:
        training.schedule.set_state(state["schedule"])
        network.set_random_state(state["random"])
        training.position = Position(**state["position"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged: its position is incomplete ({error!r})") from None
    epoch = training.position.epoch
    training.log = [row for row in figures.read_log(folder) if row.epoch <= epoch]
    if training.position.best_epoch:
        best = folder / "best.safetensors"
        training.best = {name: p.copy() for name, p in network.params.items()}
        checkpoint.copy_into(training.best, checkpoint.group(checkpoint.load(best)[0]), best)
    if epoch > training.config.epochs:
        raise InputError(f"{folder} has {epoch} epochs behind it: --epochs must be at least that")
    if epoch < training.config.epochs:
        (folder / "result.json").unlink(missing_ok=True)  # of a run that is now made longer
    if state.get("threads") != threads.count():
        training.progress.say(
            f"warning: this run had {state.get('threads')} threads and now has {threads.count()}; "
            "sums are rounded in another order, so the weights will differ in their last digits"
        )
    if state.get("form", forms.choice()) != forms.choice():
        training.progress.say(
            f"warning: this run had the form {state['form']!r} of MINIALEX_KERNELS and now has "
            f"{forms.choice()!r}, so the weights will differ in their last digits"
        )
    if before.device != training.config.device:
        training.progress.say(
            f"warning: this run was on {before.device} and is now on {training.config.device}, "
            "which draws other dropout masks: the result will be another one of the same kind"
        )


def _check_same(stored: Config, wanted: Config) -> None:
    """Refuse a changed configuration: the result would be of neither the old one nor the new."""
    for field in fields(Config):
        before, now = getattr(stored, field.name), getattr(wanted, field.name)
        if in_order(before) == in_order(now) or field.name in MAY_CHANGE:
            continue
        if field.name == "epochs" and stored.schedule in OPEN_ENDED:
            continue
        reason = (
            f"the {stored.schedule} schedule is laid out for all epochs from the first step on"
            if field.name == "epochs"
            else "a resumed run keeps its configuration"
        )
        raise InputError(
            f"--resume: {field.name} is {before} in this run and {now} now, but {reason}. "
            "Leave it out, or start a new run from these weights with --init"
        )


def in_order(value: Any) -> Any:
    """Return the patterns of lr_scale or decay with their order, which decides; others as is."""
    return list(value.items()) if isinstance(value, dict) else value


def _check_pictures(document: dict[str, Any], training: "Training") -> None:
    """Refuse other training pictures than those that the run began with, as far as it says."""
    stored = document.get("trained_on")
    words = difference(stored, training.described["trained_on"]) if stored else ""
    if document["classes"] != list(training.classes):
        words = f"the classes were {', '.join(document['classes'])}"
    if words:
        raise InputError(
            f"--resume: the training pictures have changed since this run began: {words}"
        )


def _check_pixels(now: checkpoint.Tensors, stored: checkpoint.Tensors) -> None:
    """Refuse other training pictures, also where their mean alone tells."""
    for name in now.keys() | stored.keys():
        a, b = now.get(name), stored.get(name)
        if a is None or b is None or a.shape != b.shape or not np.allclose(a, b, rtol=1e-5):
            raise InputError("--resume: the training pictures have changed since this run began")
