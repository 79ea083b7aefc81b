"""What ends a training: numbers that are no longer finite, and a GPU's memory that is full."""

import math
from typing import TYPE_CHECKING

from minialex import gpu
from minialex.backend import Array
from minialex.errors import InputError
from minialex.evaluate import finite, first_not_finite
from minialex.threads import WORKSPACE_BYTES

if TYPE_CHECKING:
    from minialex.loop import Training
    from minialex.network import Sequential
    from minialex.totals import Sums

COPIES = 5  # of every parameter: itself, its gradient, two for an optimiser, the best one so far


class TrainingError(InputError):
    """The numbers of a training left the finite ones."""


def require_finite_loss(training: "Training", sums: "Sums", x: Array | None) -> None:
    """Raise TrainingError for the first bad loss. x: the batch of a step that is under way."""
    if sums.bad_step is None:
        return
    where = None  # a GPU's losses are read later, and the weights have learnt from the bad one
    if x is not None and sums.bad_step == training.position.step + 1:
        where = first_not_finite(training.network, x)
    raise _error(training, sums.bad_step, f"loss {sums.loss}", where)


def require_finite(training: "Training") -> None:
    """Raise TrainingError where a step has spoilt the weights: those are never saved."""
    for name, parameter in training.network.params.items():
        if not finite(parameter):
            where = f"the parameter {name}"
            raise _error(training, training.position.step, "a bad update", where)


def out_of_memory(network: "Sequential", batch: int, device: str) -> InputError:
    """Return the error for a batch that a GPU has no room for, with an estimate of what fits."""
    params = sum(p.nbytes for p in network.params.values())
    fixed = COPIES * params + 4 * WORKSPACE_BYTES  # windows, their gradient, and temporaries
    picture = bytes_a_picture(network)
    room, total = gpu.memory(device)
    fits = min(int(0.9 * (room - fixed) / picture), 3 * batch // 4)
    advice = f"--batch-size {fits} should fit" if fits > 0 else "Not even one picture would fit"
    return InputError(
        f"device={device}: out of memory. Of {total / 1e9:.1f} GB this training could have "
        f"{room / 1e9:.1f}; by estimate, a batch of {batch} needs "
        f"{(fixed + batch * picture) / 1e9:.1f}. {advice}"
    )


def bytes_a_picture(network: "Sequential") -> int:
    """Return at most how much memory a step takes for each picture of its batch, by estimate."""
    numbers = sum(math.prod(shape) for shape in network.shapes)
    return 2 * numbers * network.dtype.itemsize  # every output, and its gradient


def _error(training: "Training", step: int, what: str, where: str | None) -> TrainingError:
    epoch = (step - 1) // len(training.loader) + 1  # steps and epochs count from 1
    last = training.folder and training.folder / "last.safetensors"
    kept = f"The last good checkpoint is {last}" if last and last.exists() else ""
    began = f"The first thing that is NaN or infinite is {where}"
    if where is None:
        began = "On a GPU this is noticed too late to name a layer, which --device cpu does"
    return TrainingError(
        f"step {step} (epoch {epoch}): {what}. {began}. "
        f"A lower --lr (now {training.config.lr}) usually helps. "
        + (kept or "No checkpoint was written yet")
    )
