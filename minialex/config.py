"""The configuration of a run: one dataclass, and therefore the command line and a JSON file."""

import dataclasses
import hashlib
import json
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from minialex.errors import InputError, nearest


@dataclass(frozen=True)
class Config:
    """Everything that decides a training. Each field is a flag of `minialex train`.

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
    """Height and width of the pictures. Default: the size that the model was designed for."""
    epochs: int = 6
    """Passes over the training pictures."""
    batch_size: int = 128
    """Pictures a step."""
    lr: float = 0.02
    """Learning rate; the highest one where the schedule changes it."""
    momentum: float = 0.9
    """Share of the velocity that survives a step."""
    weight_decay: float = 5e-4
    """Weight decay, inside the velocity as in the paper."""
    decay_biases: bool = False
    """Let the decay act on the biases too."""
    schedule: Literal["constant", "step", "one-cycle", "linear", "plateau"] = "linear"
    """Course of the learning rate; linear: rise over the warm-up, then fall to 0."""
    warmup: float = 0.1
    """Share of all steps in which linear rises."""
    milestones: tuple[int, ...] = ()
    """Epochs after which step divides the rate by 10."""
    patience: int = 5
    """Epochs without a better validation accuracy after which plateau divides the rate by 10."""
    val_size: int | None = None
    """Training pictures held out for validation. Default: a tenth."""
    flip: bool = True
    """Mirror training pictures at random, about every second one."""
    crop: int = 4
    """Pixels of padding from which training pictures are cropped at random; 0: no crops."""
    pixels: Literal["0-255", "0-1", "unit-variance"] = "unit-variance"
    """Scale of the grey levels that the network sees."""
    mean: Literal["none", "channel", "image"] = "channel"
    """What is subtracted: nothing, the mean of each channel, or the mean picture."""
    seed: int = 0
    """Decides weights, order, augmentation, dropout and which pictures are held out."""
    threads: int | None = None
    """Worker threads. Default: MINIALEX_THREADS, else every core."""
    save_every: int | None = None
    """Keep a numbered checkpoint every so many epochs."""
    init: str | None = None
    """Run whose weights to start from; the last layer is new."""
    out: str | None = None
    """Run folder. Default: runs/<model>-<data>-<k> with the first free k."""

    def __post_init__(self) -> None:
        for name, low in _LOWEST.items():
            value = getattr(self, name)
            if value is not None and not value >= low:
                raise InputError(f"{name}={value}: must be at least {low}")
        for name, high in _HIGHEST.items():
            value = getattr(self, name)
            if value is not None and value > high:
                raise InputError(f"{name}={value}: must be at most {high}")
        if not self.lr > 0:
            raise InputError(f"lr={self.lr}: must be above 0")
        for name in ("momentum", "warmup"):
            if not getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)}: must be below 1")
        if any(epoch < 1 for epoch in self.milestones):
            raise InputError(f"milestones={self.milestones}: epochs count from 1")
        if self.schedule == "step" and not self.milestones:
            raise InputError("schedule='step' needs milestones, such as --milestones 8 10")

    def hash(self) -> str:
        """Return the SHA-256 of what decides the result: not where files lie, nor the threads.

        >>> Config(data_dir="/a", out="b").hash() == Config().hash() != Config(lr=0.1).hash()
        True
        """
        recipe = {k: v for k, v in dataclasses.asdict(self).items() if k not in _NOT_HASHED}
        recipe["data"] = Path(self.data).name
        return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()


_LOWEST = {
    "image_size": 1, "epochs": 1, "batch_size": 1, "momentum": 0, "weight_decay": 0, "warmup": 0,
    "patience": 1, "val_size": 1, "crop": 0, "seed": 0, "threads": 1, "save_every": 1,
}  # fmt: skip
_HIGHEST = {"image_size": 4096, "crop": 4096, "threads": 1024}  # more is a slip of the finger
_NOT_HASHED = ("data_dir", "out", "threads", "save_every")


def from_dict(values: dict[str, Any], source: str = "configuration") -> Config:
    """Return the configuration that JSON `values` describe; what is not named keeps its default.

    Raises
    ------
    InputError
        A key is unknown or a value has the wrong type; the message starts with `source`.
    """
    hints = typing.get_type_hints(Config)
    for key, value in values.items():
        if key not in hints:
            raise InputError(f"{source}: unknown key {key!r}{nearest(key, hints)}")
        if not _fits(value, hints[key]):
            raise InputError(f"{source}: {key} = {value!r} is not {_describe(hints[key])}")
    convert = {float: float, tuple[int, ...]: tuple}  # JSON has no tuples, and writes 1.0 as 1 too
    values = {k: convert.get(hints[k], lambda v: v)(v) for k, v in values.items()}
    try:
        return Config(**values)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def read(path: str | Path) -> Config:
    """Read a configuration, or the one inside a run's config.json, from a JSON file.

    A run's own folder (`out`) is left out, so that the file repeats the run beside the first one.
    """
    document = read_json(path)
    if isinstance(document.get("config"), dict):
        document = {**document["config"], "out": None}
    return from_dict(document, str(path))


def read_json(path: str | Path) -> dict[str, Any]:
    """Return the JSON object in a file; InputError where there is none."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: there is no such file") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InputError(f"{path} is not a JSON object, {{...}}")
    return document


def _fits(value: Any, hint: Any) -> bool:
    """Tell whether a JSON value has the type of a field."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return any(_fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    if origin is tuple:
        return isinstance(value, (list, tuple)) and all(_fits(v, inner[0]) for v in value)
    if isinstance(value, bool):  # a bool is an int in Python, but not to a reader of JSON
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


def _describe(hint: Any) -> str:
    """Return the type of a field in words: "int or None", "one of 'linear', 'step'"."""
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is Literal:
        return "one of " + ", ".join(map(repr, inner))
    if typing.get_origin(hint) is types.UnionType:
        return " or ".join(map(_describe, inner))
    if typing.get_origin(hint) is tuple:
        return f"a list of {inner[0].__name__}"
    return "null" if hint is types.NoneType else hint.__name__
