"""What the values of a configuration may be."""

import math
import re
from typing import TYPE_CHECKING

from minialex.errors import InputError

if TYPE_CHECKING:
    from minialex.config import Config

BOUNDS: dict[str, tuple[float, float]] = {  # the upper ones are there for slips of the finger
    "image_size": (1, 4096), "load_size": (1, 4096), "epochs": (1, math.inf),
    "batch_size": (1, math.inf), "momentum": (0, math.inf), "weight_decay": (0, math.inf),
    "warmup": (0, math.inf), "patience": (1, math.inf), "lr_factor": (0, 1),
    "lr_samples": (1, math.inf), "val_size": (0, math.inf), "crop": (0, 4096),
    "crop_chunk": (1, math.inf), "rotate": (0, 180), "shift": (0, math.inf), "shear": (0, 80),
    "zoom": (0, math.inf), "colour_epochs": (1, math.inf), "seed": (0, math.inf),
    "threads": (1, 1024), "save_every": (1, math.inf),
}  # fmt: skip


def check(config: "Config") -> None:
    """Raise InputError where a value is out of range, or two of them contradict each other."""
    for name in ("model", "data", "data_dir", "init", "out", "recipe"):
        if getattr(config, name) == "":
            raise InputError(f"{name}='': is empty; leave it out, or say which")
    for name, (low, high) in BOUNDS.items():
        value = getattr(config, name)
        if value is not None and not value >= low:
            raise InputError(f"{name}={value}: must be at least {low}")
        if value is not None and value > high:
            raise InputError(f"{name}={value}: must be at most {high}")
    for name in ("lr", "lr_factor"):
        if not getattr(config, name) > 0:
            raise InputError(f"{name}={getattr(config, name)}: must be above 0")
    for name in ("momentum", "warmup", "shift", "zoom"):
        if not getattr(config, name) < 1:
            raise InputError(f"{name}={getattr(config, name)}: must be below 1")
    if any(epoch < 1 for epoch in config.milestones):
        raise InputError(f"milestones={config.milestones}: epochs count from 1")
    check_device(config.device)
    _check_patterns(config)
    if config.schedule == "step" and not config.milestones:
        raise InputError("schedule='step' needs milestones, such as --milestones 8 10")
    if config.schedule == "plateau" and config.val_size == 0:
        raise InputError("schedule='plateau' watches held-out pictures, but val_size is 0")
    _check_sizes(config)


def check_device(name: str) -> None:
    """Raise InputError unless a device could be called this; it need not exist."""
    if not re.fullmatch(r"cpu|cuda(:[0-9]+)?", name):
        raise InputError(f"device={name!r}: use cpu, cuda, or cuda:1 for the second GPU")


def _check_patterns(config: "Config") -> None:
    """The patterns themselves are checked where the parameters are known, in `minialex.optim`."""
    if any(epochs < 1 for epochs, _, _ in config.lr_changes):
        raise InputError(f"lr_changes={config.lr_changes}: epochs count from 1")
    factors = [("lr_changes", pattern, factor) for _, pattern, factor in config.lr_changes]
    factors += [("lr_scale", *item) for item in config.lr_scale.items()]
    factors += [("decay", *item) for item in config.decay.items()]
    for name, pattern, factor in factors:
        if not 0 <= factor < math.inf:
            raise InputError(
                f"{name}: {pattern!r} has {factor}, but must be a finite number of at least 0"
            )


def _check_sizes(config: "Config") -> None:
    if config.views > 1 and config.load_size in (None, config.image_size):
        raise InputError(
            f"views={config.views}: crops need pictures that are larger than what the network "
            "sees, such as --load-size 256 where that is 224"
        )
    if config.load_size and config.image_size and config.load_size < config.image_size:
        raise InputError(
            f"load_size={config.load_size}: crops of {config.image_size} pixels do not fit into it"
        )
