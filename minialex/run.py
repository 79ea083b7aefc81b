"""The run folder: what a training leaves behind, and using it.

It holds::

    config.json       the configuration with everything resolved, classes, versions and machine,
                      and what tells the pictures from others
    log.csv           a row an epoch (see minialex.figures)
    last.safetensors  where --resume goes on; best.safetensors has the highest validation accuracy,
                      epoch-NNN.safetensors is kept by --save-every
    result.json       loss and accuracy on the test pictures, measured once, at the end
    curves.png        the log as a picture
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minialex import checkpoint as checkpoints
from minialex import config, gpu, machine
from minialex.config import Config
from minialex.data.dataset import is_description
from minialex.errors import InputError
from minialex.figures import write_json

if TYPE_CHECKING:
    from minialex.data.pixels import Pixels
    from minialex.network import Sequential


@dataclass(frozen=True)
class Run:
    """A trained network with what it takes to use it."""

    folder: Path
    config: Config
    network: "Sequential"
    pixels: "Pixels"
    classes: tuple[str, ...]

    def predict(self, pictures: Iterable[Any]) -> np.ndarray:
        """Return the probability of every class, (n, classes) float32.

        Parameters
        ----------
        pictures : list of paths, PIL pictures or uint8 arrays (H, W, 3); or uint8 (N, H, W, 3)
            Each is resized and cropped to the size of the training's pictures and scaled as there;
            the network sees its centre, or as many crops as the run has `views`, and answers with
            the mean of the probabilities.

        Raises
        ------
        InputError
            A picture does not open, or a single picture was given instead of a list.
        """
        many = isinstance(pictures, Iterable) and getattr(pictures, "ndim", 4) == 4
        if isinstance(pictures, str) or not many:
            raise InputError("predict takes a list of pictures: put a single one into [ ]")
        from minialex.data.pictures import read_picture
        from minialex.evaluate import logits_of_views
        from minialex.layers import Softmax

        size = self.config.load_size or self.network.input_shape[0]
        images = [read_picture(picture, size) for picture in pictures]
        if not images:
            return np.empty((0, len(self.classes)), np.float32)
        x = self.pixels(np.stack(images))
        return Softmax().forward(logits_of_views(self.network, x, self.config.views))


def load(folder: str | Path, checkpoint: str = "best", device: str = "cpu") -> Run:
    """Load a trained network from its run folder.

    Parameters
    ----------
    folder : path
        Made by `minialex train`, or by `train.fit(..., folder=...)` of a network from `build`. For
        a `Sequential` of your own, make it again and copy `minialex.checkpoint.load`'s tensors in.
    checkpoint : str
        "best", "last" or a numbered one such as "epoch-010".
    device : str
        Where to compute: "cpu", "cuda" or "cuda:1", wherever the training was.

    Raises
    ------
    InputError
        The folder holds no run or that of no model by name, the checkpoint is damaged or of another
        model, or the device cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> from minialex import models, run, train
    >>> images, labels = np.zeros((20, 32, 32, 3), np.uint8), np.arange(20) % 10
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lenet5, settings = models.build("lenet5"), Config(epochs=1)
    ...     history = train.fit(lenet5, (images, labels), settings, folder=folder)
    ...     probabilities = run.load(folder).predict(images[:3])
    >>> probabilities.shape
    (3, 10)
    """
    from minialex import models
    from minialex.data.pixels import Pixels

    folder = Path(folder)
    document, settings = read_config(folder)
    path = folder / f"{checkpoint}.safetensors"
    tensors, _ = checkpoints.load(path)
    classes = tuple(document["classes"])
    network = models.build(settings.model, classes=len(classes), image_size=settings.image_size)
    checkpoints.copy_into(network.params, checkpoints.group(tensors), path)
    pixels = Pixels.restore(document["pixels"], checkpoints.group(tensors, "pixels"))
    return Run(folder, settings, network.to(device), pixels, classes)


def new_folder(settings: Config) -> Path:
    """Return where a new run goes: `out`, or runs/<model>-<data>-<k> with the first free k.

    The latter is made, so that of trainings that begin together each has its own.
    """
    if settings.out is not None:
        return Path(settings.out)
    runs = Path("runs")
    runs.mkdir(exist_ok=True)
    for k in count(1):
        folder = runs / f"{settings.model}-{Path(settings.data).name}-{k}"
        with suppress(FileExistsError):
            folder.mkdir()
            break
    return folder


def write_config(
    folder: Path,
    settings: Config,
    network: "Sequential",
    pixels: "Pixels",
    classes: Sequence[str],
    described: Mapping[str, Any],
) -> None:
    """Write config.json, and make the folder where there is none.

    described: what `Dataset.described` says of the pictures that it is "trained_on", held-out ones
    among them, and "tested_on"; {} where nobody knows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "config": dataclasses.asdict(settings),
        "config_hash": settings.hash(),
        "classes": list(classes),
        "pixels": pixels.config(),
        **described,
        "parameters": sum(p.size for p in network.params.values()),
        **machine.describe(),
        **({} if settings.device == "cpu" else gpu.describe(settings.device)),
    }
    write_json(folder / "config.json", document)


def read_config(folder: Path) -> tuple[dict[str, Any], Config]:
    """Return config.json and the configuration in it; InputError where the folder holds no run."""
    path = folder / "config.json"
    if not path.is_file():
        raise InputError(f"{folder} holds no run: there is no {path}")
    document = config.read_json(path)
    for key, kind in {"config": dict, "classes": list, "pixels": dict, "parameters": int}.items():
        if not isinstance(document.get(key), kind):
            raise InputError(
                f"{path} is not a run's config.json: it has no {key!r} as it should be"
            )
    settings = config.from_dict(document["config"], str(path))
    for key in ("trained_on", "tested_on"):
        if (part := document.get(key)) is not None and not is_description(part):
            raise InputError(f"{path}: its {key!r} is not as `minialex train` writes it")
    if not document["classes"] or not all(isinstance(name, str) for name in document["classes"]):
        raise InputError(f"{path} is not a run's config.json: its 'classes' are no names")
    return document, settings
