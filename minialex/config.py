"""The configuration of a run: one dataclass, and therefore the command line and a JSON file."""

import dataclasses
import functools
import hashlib
import json
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from minialex.errors import InputError, nearest
from minialex.limits import check
from minialex.typed import typed


@dataclass(frozen=True)
class Config:
    """Everything that decides a training. Each field is a flag of `minialex train`.

    A PATTERN stands for parameters such as conv1.W and fc8.b, as in "conv*.W"; the last one that
    matches a parameter counts, and one that matches none is an error.

    >>> Config(epochs=3).lr
    0.02
    >>> Config(epochs=0)
    Traceback (most recent call last):
    ...
    minialex.errors.InputError: epochs=0: must be at least 1
    """

    model: str = "alexnet-mini"
    """Network to train: one that `minialex models` lists."""
    data: str = "shapes"
    """Pictures: shapes (embedded), cifar10, cifar100, or a folder with one folder a class."""
    data_dir: str | None = None
    """Where the CIFAR files or the folder of pictures lie. Default: cache, or working folder."""
    image_size: int | None = None
    """Height and width that the network sees. Default: the size that the model was designed for."""
    load_size: int | None = None
    """Height and width of loaded pictures, of which the network sees crops. Default: no crops."""
    epochs: int = 6
    """Passes over the training pictures."""
    batch_size: int = 128
    """Pictures a step."""
    optimiser: Literal["sgd", "adam", "keras-adam"] = "sgd"
    """Update rule; keras-adam adds its epsilon of 1e-7 outside of the bias correction."""
    lr: float = 0.02
    """Learning rate; the highest one where the schedule changes it."""
    lr_scale: dict[str, float] = field(default_factory=dict)
    """PATTERN FACTOR ...: parameters that learn at FACTOR times the rate, such as 'fc*.b' 2."""
    lr_changes: tuple[tuple[int, str, float], ...] = ()
    """EPOCHS PATTERN FACTOR ...: factors that replace lr_scale after EPOCHS epochs; 0 freezes."""
    momentum: float = 0.9
    """Share of the velocity that survives a step; with Adam beta1."""
    weight_decay: float = 5e-4
    """Weight decay, inside the velocity as in the paper; with Adam part of the gradient."""
    decay: dict[str, float] = field(default_factory=dict)
    """PATTERN DECAY ...: weight decay in place of weight_decay, such as 'fc*.W' 0.03."""
    decay_biases: bool = False
    """Let weight_decay act on biases, and on the slopes of PReLU, too."""
    schedule: Literal["constant", "step", "one-cycle", "linear", "plateau", "discexp"] = "linear"
    """Course of the learning rate; linear: rise over the warm-up, then fall to 0."""
    warmup: float = 0.1
    """Share of all steps in which linear rises."""
    milestones: tuple[int, ...] = ()
    """Epochs after which step divides the rate by 10."""
    patience: int = 5
    """Epochs without a better validation accuracy after which plateau divides the rate by 10."""
    lr_factor: float = 0.1
    """What discexp multiplies the rate by."""
    lr_samples: int = 5_000_000
    """Pictures after which discexp does so, again and again."""
    val_size: int | None = None
    """Training pictures held out for validation. Default: a tenth. 0: the last weights count."""
    flip: bool = True
    """Mirror training pictures at random, about every second one."""
    vertical_flip: bool = False
    """Turn about every second training picture upside down."""
    crop: int = 4
    """Pixels of padding from which training pictures are cropped at random; 0: no padding."""
    crop_chunk: int = 1
    """Neighbours in a batch that share one crop and one flip."""
    rotate: float = 0.0
    """Largest angle by which training pictures are turned, in degrees."""
    shift: float = 0.0
    """Largest shift of training pictures, as a share of their size."""
    shear: float = 0.0
    """Largest angle by which training pictures are sheared, in degrees."""
    zoom: float = 0.0
    """Largest change of the size of training pictures, as a share of it."""
    colour: Literal["none", "paper", "coded"] = "none"
    """Colour noise along principal components, as the paper or as its code has it."""
    colour_epochs: int | None = None
    """Epochs after which the colour noise ends. Default: never."""
    views: Literal[1, 9, 10] = 1
    """Crops of a test picture that are averaged: 3x3 places, or corners and centre, mirrored."""
    pixels: Literal["0-255", "0-1", "unit-variance"] = "unit-variance"
    """Scale of the grey levels that the network sees."""
    mean: Literal["none", "channel", "image"] = "channel"
    """What is subtracted: nothing, the mean of each channel, or the mean picture."""
    seed: int = 0
    """Decides weights, order, augmentation, dropout and which pictures are held out."""
    device: str = "cpu"
    """Where to compute: cpu, cuda (the first GPU), cuda:1, ..."""
    threads: int | None = None
    """Worker threads. Default: MINIALEX_THREADS, else every core."""
    save_every: int | None = None
    """Keep a numbered checkpoint every so many epochs."""
    init: str | None = None
    """Run whose weights to start from; the last layer is new."""
    init_all: bool = False
    """Take the last layer from --init as well."""
    out: str | None = None
    """Run folder. Default: runs/<model>-<data>-<k> with the first free k."""
    recipe: str | None = None
    """Recipe that the values come from (`minialex recipes`); other flags override it."""

    def __post_init__(self) -> None:
        for name, hint in hints().items():
            try:
                object.__setattr__(self, name, typed(getattr(self, name), hint))
            except TypeError as error:
                raise InputError(f"{name} = {error}") from None
        check(self)

    def hash(self) -> str:
        """Return the SHA-256 of what decides the result: not where files lie, nor what computes it.

        What has its default is left out, so that a new field changes no hash of earlier runs.

        >>> Config(data_dir="/a", out="b").hash() == Config().hash() != Config(lr=0.1).hash()
        True
        """
        values = {**dataclasses.asdict(self), "data": Path(self.data).name}
        decisive = {
            f.name: list(v.items()) if isinstance(v := values[f.name], dict) else v  # has an order
            for f in dataclasses.fields(Config)
            if f.name not in NOT_HASHED and values[f.name] != getattr(_DEFAULT, f.name)
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


NOT_HASHED = ("data_dir", "out", "device", "threads", "save_every", "recipe")


@functools.cache
def hints() -> dict[str, Any]:
    """Return the type of every field."""
    return typing.get_type_hints(Config)


_DEFAULT = Config()


def from_dict(values: dict[str, Any], source: str = "configuration") -> Config:
    """Return the configuration that JSON `values` describe; what is not named keeps its default.

    Raises
    ------
    InputError
        A key is unknown or a value has the wrong type; the message starts with `source`.
    """
    for key in values:
        if key not in hints():
            raise InputError(f"{source}: unknown key {key!r}{nearest(key, hints())}")
    try:
        return Config(**values)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def read(path: str | Path) -> Config:
    """Read a configuration, or the one inside a run's config.json, from a JSON file.

    Where it names a recipe, that has the values which the file leaves out. A run's own folder
    (`out`) is left out, so that the file repeats the run beside the first one.
    """
    document = read_json(path)
    if isinstance(document.get("config"), dict):
        return from_dict({**document["config"], "out": None}, str(path))
    if isinstance(document.get("recipe"), str):
        from minialex import recipes

        document = {**recipes.get(document["recipe"]).values, **document}
    return from_dict(document, str(path))


def read_json(path: str | Path) -> dict[str, Any]:
    """Return the JSON object in a file; InputError where there is none."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: there is no such file") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InputError(f"{path} is not a JSON object, {{...}}")
    return document
