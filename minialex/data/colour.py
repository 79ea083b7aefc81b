"""Noise along the principal components of colour: other light, the same things.

Krizhevsky et al. 2012, section 4.1. What the paper writes and what its code does differ.
"""

from dataclasses import dataclass

import numpy as np

from minialex.data.dataset import Dataset
from minialex.data.pixels import Pixels
from minialex.errors import InputError, nearest

FORMS = ("paper", "coded")
CHUNK = 1 << 20  # pixels whose covariance is summed at a time


@dataclass(frozen=True, eq=False)
class ColourNoise:
    """One colour, drawn for each picture, is added to all of its pixels.

    With p_k and l_k, the eigenvectors and eigenvalues of the covariance of the training pixels'
    colours in grey levels from 0 to 255, and z ~ N(0, 1), three for each picture:

    paper   [p1 p2 p3] [a1 l1, a2 l2, a3 l3]^T is added, a = 0.1 z. Eigenvalues are variances: they
            grow with the square of the scale. On ImageNet, where l1 is 121.78^2, the noise has a
            standard deviation of 1483 along p1, and leaves nothing to see of grey levels up to
            255. Had l been measured on pixels from 0 to 1, it would be 5.8 of them.
    coded   [p1 p2 p3] [a1 sqrt(l1), a2 sqrt(l2), a3 sqrt(l3)]^T is added, a tenth of the standard
            deviation of the colours, and then everything is divided by 1.1 to keep its scale. In
            the authors' convdata.py the mean has been subtracted before.

    Make one with `ColourNoise.fit`.

    Parameters
    ----------
    form : str
        "paper" or "coded".
    values : float64 (C,)
        l_k, the largest first.
    vectors : float64 (C, C)
        p_k is the k-th column.
    scale : float64 (C,)
        What a grey level is in the pictures that are given to it.
    """

    form: str
    values: np.ndarray
    vectors: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, dataset: Dataset, pixels: Pixels, form: str) -> "ColourNoise":
        """Measure the training pictures, in float64 and a chunk at a time.

        Parameters
        ----------
        dataset : Dataset
        pixels : Pixels
            What makes grey levels into the pictures that the noise is added to.
        form : str
            "paper" or "coded".

        Raises
        ------
        InputError
            An unknown form, no pictures, or pictures that are divided by 1.1 uncentred.
        """
        if form not in FORMS:
            raise InputError(
                f"colour {form!r} is not one of {', '.join(FORMS)}{nearest(form, FORMS)}"
            )
        if form == "coded" and pixels.centre == "none":
            raise InputError(
                "colour='coded' divides the pictures by 1.1, which darkens them unless their mean "
                "is subtracted: take mean 'channel' or 'image'"
            )
        values, vectors = np.linalg.eigh(covariance(dataset))
        values, vectors = values[::-1].clip(0), vectors[:, ::-1]
        largest = np.abs(vectors).argmax(axis=0)  # LAPACK leaves the sign open; ours is positive
        vectors = vectors * np.sign(vectors[largest, np.arange(len(values))])
        factor = 1 / 255 if pixels.scale == "0-1" else 1.0
        return cls(form, values, vectors, factor / pixels.std.astype(np.float64))

    def __call__(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a new array like x (N, H, W, C)."""
        z = rng.standard_normal((len(x), len(self.values)))
        noise = (self.scale * self.levels(z)).astype(x.dtype)
        y = x + noise[:, None, None, :]
        if self.form == "coded":
            y /= 1.1
        return y

    def levels(self, z: np.ndarray) -> np.ndarray:
        """Return the colours, in grey levels, that draws z ~ N(0, 1) stand for; both (N, C)."""
        lengths = self.values if self.form == "paper" else np.sqrt(self.values)
        return (0.1 * z * lengths) @ self.vectors.T


def covariance(dataset: Dataset) -> np.ndarray:
    """Return the covariance (C, C) of the colours of all pixels, in grey levels, float64."""
    if len(dataset) == 0:
        raise InputError(f"{dataset.name}: no pictures to measure colours in")
    height, width, channels = dataset.images.shape[1:]
    total, products = np.zeros(channels), np.zeros((channels, channels))  # of whole numbers: exact
    step = max(1, CHUNK // (height * width))
    for start in range(0, len(dataset), step):
        indices = np.arange(start, min(start + step, len(dataset)))
        colours = dataset.images[indices].reshape(-1, channels).astype(np.float64)
        total += colours.sum(axis=0)
        products += colours.T @ colours
    count = len(dataset) * height * width
    mean = total / count
    return products / count - np.outer(mean, mean)
