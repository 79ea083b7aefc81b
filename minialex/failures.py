"""Numbers of a training that are no longer finite: noticing them, and saying where they began."""

from typing import TYPE_CHECKING

from minialex.backend import Array
from minialex.errors import InputError
from minialex.evaluate import finite, first_not_finite

if TYPE_CHECKING:
    from minialex.loop import Training


class TrainingError(InputError):
    """The numbers of a training left the finite ones."""


def bad_loss(training: "Training", loss: float, x: Array) -> TrainingError:
    """Return the error for the loss of the batch `x`, in the step that follows."""
    where = first_not_finite(training.network, x)
    return _error(training, training.position.step + 1, f"loss {loss}", where)


def require_finite(training: "Training") -> None:
    """Raise TrainingError where a step has spoilt the weights: those are never saved."""
    for name, parameter in training.network.params.items():
        if not finite(parameter):
            where = f"the parameter {name}"
            raise _error(training, training.position.step, "a bad update", where)


def _error(training: "Training", step: int, what: str, where: str) -> TrainingError:
    epoch = (step - 1) // len(training.loader) + 1  # steps and epochs count from 1
    last = training.folder and training.folder / "last.safetensors"
    kept = f"The last good checkpoint is {last}" if last and last.exists() else ""
    return TrainingError(
        f"step {step} (epoch {epoch}): {what}. The first thing that is NaN or infinite is "
        f"{where}. A lower --lr (now {training.config.lr}) usually helps. "
        + (kept or "No checkpoint was written yet")
    )
