"""From a configuration to the parts of a training."""

from glob import escape
from typing import Any

from minialex import schedules
from minialex.adam import Adam
from minialex.backend import Array
from minialex.config import Config
from minialex.data.affine import Affine
from minialex.data.augment import Augment
from minialex.data.colour import ColourNoise
from minialex.optim import SGD, Optimiser, by_name, matching

UNDECAYED = (".b", ".a")  # biases, and the slopes of PReLU


def optimiser(config: Config, params: dict[str, Array]) -> Optimiser:
    """Return the update rule, with what each parameter decays by.

    Raises
    ------
    InputError
        A pattern of lr_scale, lr_changes or decay matches no parameter.
    """
    lr_scale(config, params, config.epochs)  # raises for changes that are far away
    undecayed = () if config.decay_biases else [escape(n) for n in params if n.endswith(UNDECAYED)]
    by_pattern: dict[str, Any] = {
        "weight_decay": config.weight_decay,
        "lr_scale": config.lr_scale,
        "decay": {p: 0.0 for p in undecayed if p not in config.decay} | config.decay,
    }
    if config.optimiser == "sgd":
        return SGD(params, config.momentum, **by_pattern)
    keras = config.optimiser == "keras-adam"
    epsilon = 1e-7 if keras else 1e-8
    return Adam(params, config.momentum, epsilon=epsilon, inside=not keras, **by_pattern)


def lr_scale(config: Config, params: dict[str, Array], epochs: int) -> dict[str, float]:
    """Return the factor of the learning rate for every parameter after so many epochs."""
    factors = by_name(params, config.lr_scale, 1.0, "lr_scale")
    for after, pattern, factor in config.lr_changes:
        names = matching(params, pattern, "lr_changes")
        if epochs >= after:
            factors.update(dict.fromkeys(names, factor))
    return factors


def schedule(config: Config, pictures: int) -> schedules.Schedule:
    """Return the learning rate over the steps of an epoch of so many pictures."""
    batches = -(-pictures // config.batch_size)

    def seen(step: int) -> int:
        epoch, batch = divmod(step, batches)  # the last batch of an epoch may be smaller
        return epoch * pictures + batch * config.batch_size

    return schedules.make(
        config.schedule,
        config.lr,
        config.epochs * batches,
        warmup=config.warmup,
        milestones=[epoch * batches for epoch in config.milestones],
        patience=config.patience,
        factor=config.lr_factor,
        every=config.lr_samples,
        seen=seen,
    )


def augment(config: Config, colour: ColourNoise | None, epochs: int) -> Augment:
    """Return what happens to training pictures after so many epochs: colour noise may be over."""
    bounds = (config.rotate, config.shift, config.shear, config.zoom)
    over = config.colour_epochs is not None and epochs >= config.colour_epochs
    return Augment(
        flip=config.flip,
        crop=config.crop,
        size=config.image_size if config.load_size else None,
        vertical_flip=config.vertical_flip,
        chunk=config.crop_chunk,
        affine=Affine(*bounds) if any(bounds) else None,
        colour=None if over else colour,
    )
