"""What a recipe does to grey levels. A run stores it, so that a prediction repeats it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from minialex.data.dataset import Dataset
from minialex.errors import InputError, nearest

SCALES = ("0-255", "0-1", "unit-variance")
MEANS = ("none", "channel", "image")
CHUNK = 1 << 20  # grey levels that are summed at a time


@dataclass(frozen=True, eq=False)
class Pixels:
    """The map from grey levels to what a network sees: (factor * x - mean) / std.

    Parameters
    ----------
    scale : str
        "0-255" leaves the levels as they are, "0-1" divides them by 255, "unit-variance" by their
        standard deviation over the training pictures, one for each channel.
    centre : str
        What is subtracted: "none", the mean of each "channel", or the mean "image".
    mean : float32 (C,) or (H, W, C)
    std : float32 (C,)
    """

    scale: str
    centre: str
    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, dataset: Dataset, scale: str = "unit-variance", mean: str = "channel") -> "Pixels":
        """Measure the training pictures, in float64 and a chunk at a time.

        Raises
        ------
        InputError
            An unknown scale or mean, or no pictures.
        """
        _check(scale, mean)
        if len(dataset) == 0:
            raise InputError(f"{dataset.name}: no pictures to take a mean of")
        image, square = _moments(dataset)
        channel = image.mean(axis=(0, 1))
        offset = {"none": np.zeros_like(channel), "channel": channel, "image": image}[mean]
        variance = square - ((image**2).mean(axis=(0, 1)) if mean == "image" else channel**2)
        factor, std = 1 / 255 if scale == "0-1" else 1, np.ones_like(channel)
        if scale == "unit-variance":
            std = np.sqrt(variance, where=variance > 1e-6, out=std)  # a constant channel stays
        return cls(scale, mean, (factor * offset).astype(np.float32), std.astype(np.float32))

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Return the pictures uint8 (N, H, W, C) as float32, in a new array."""
        if images.shape[-self.mean.ndim :] != self.mean.shape:
            raise InputError(
                f"pictures of shape {images.shape[1:]} do not fit the stored mean, whose shape is "
                f"{self.mean.shape}; give pictures like those of the training"
            )
        x = np.multiply(images, 1 / 255 if self.scale == "0-1" else 1, dtype=np.float32)
        x -= self.mean
        x /= self.std
        return x

    def config(self) -> dict[str, str]:
        """Return what JSON can hold of it; `arrays` are the rest."""
        return {"scale": self.scale, "mean": self.centre}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the measured numbers, for a checkpoint."""
        return {"mean": self.mean, "std": self.std}

    @classmethod
    def restore(cls, config: dict[str, str], arrays: dict[str, Any]) -> "Pixels":
        """Return what `config` and `arrays` came from."""
        missing = [k for k in ("scale", "mean") if k not in config] + [
            k for k in ("mean", "std") if k not in arrays
        ]
        if missing:
            raise InputError(
                f"the stored pixel scale lacks {', '.join(missing)}; the run is damaged"
            )
        _check(config["scale"], config["mean"])
        if arrays["std"].shape != arrays["mean"].shape[-1:]:
            raise InputError(f"the stored pixel scale has a std of shape {arrays['std'].shape}")
        return cls(config["scale"], config["mean"], arrays["mean"], arrays["std"])


def _check(scale: str, mean: str) -> None:
    for what, value, known in (("scale", scale, SCALES), ("mean", mean, MEANS)):
        if value not in known:
            near = nearest(str(value), known)
            raise InputError(f"pixel {what} {value!r} is not one of {', '.join(known)}{near}")


def _moments(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean picture (H, W, C) and the mean square of each channel (C,), float64."""
    height, width, channels = dataset.images.shape[1:]
    total, squares = np.zeros((height, width, channels)), np.zeros(channels)
    step = max(1, CHUNK // (height * width * channels))
    for start in range(0, len(dataset), step):
        indices = np.arange(start, min(start + step, len(dataset)))
        x = dataset.images[indices].astype(np.float64)
        total += x.sum(axis=0)
        squares += np.einsum("nhwc,nhwc->c", x, x)
    return total / len(dataset), squares / (len(dataset) * height * width)
