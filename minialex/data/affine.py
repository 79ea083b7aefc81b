"""Turned, shifted, sheared and zoomed pictures, in one pass over the pixels."""

from dataclasses import dataclass

import numpy as np

from minialex.errors import InputError

CHUNK = 1 << 15  # pixels that are resampled at a time: their coordinates stay in the cache


@dataclass(frozen=True)
class Affine:
    """Random turns, shifts, shears and zooms, as Keras' ImageDataGenerator draws them.

    Each picture has its own, uniform between the bounds. Where a new picture reaches beyond the
    old one, the nearest pixel of the border is repeated (Keras' fill_mode="nearest").

    Parameters
    ----------
    rotate : float
        Largest angle, to the left and to the right, in degrees.
    shift : float
        Largest shift in each direction, as a share of height and width.
    shear : float
        Largest angle, in degrees. Keras' shear_range is in degrees, too: the 0.2 that is often
        given to it moves nothing in a picture of 224x224 by more than 0.4 pixels.
    zoom : float
        Height and width of things are divided by numbers between 1 - zoom and 1 + zoom, one for
        each, so that they are stretched as well.

    Raises
    ------
    InputError
        A bound is negative or too large.
    """

    rotate: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    zoom: float = 0.0

    def __post_init__(self) -> None:
        for name, end in (("rotate", 360), ("shift", 1), ("shear", 90), ("zoom", 1)):
            value = getattr(self, name)
            if not 0 <= value < end:
                raise InputError(f"{name} {value}: the bound must be at least 0 and below {end}")

    def __call__(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a new array like x (N, H, W, C)."""
        batch, height, width, _ = x.shape
        angle, right, down, shear, zoom_x, zoom_y = rng.uniform(-1, 1, (6, batch))
        maps = matrices(
            np.deg2rad(self.rotate) * angle,
            self.shift * width * right,
            self.shift * height * down,
            np.deg2rad(self.shear) * shear,
            1 + self.zoom * zoom_x,
            1 + self.zoom * zoom_y,
        )
        return resample(x, maps)


def matrices(
    angle: np.ndarray,
    right: np.ndarray,
    down: np.ndarray,
    shear: np.ndarray,
    zoom_x: np.ndarray,
    zoom_y: np.ndarray,
) -> np.ndarray:
    """Return R T S Z for each picture: the way from its new pixels to where their values lie.

    The matrices act on (x, y, 1) with x to the right, y down, and 0 in the middle of the picture.
    Since they lead from new to old, a positive angle turns the picture to the left, a positive
    shift moves it to the left and up, and a zoom above 1 makes it smaller.

    Order and matrices are those of `apply_affine_transform` in Keras 3
    (keras/src/legacy/preprocessing/image.py). The older package keras_preprocessing let x point
    down and y to the right, so that it sheared along the other axis.

    Parameters
    ----------
    angle, shear : (N,)
        In radians.
    right, down : (N,)
        In pixels.
    zoom_x, zoom_y : (N,)

    Returns
    -------
    float64 (N, 3, 3)
    """

    def matrix(*elements: float | np.ndarray) -> np.ndarray:
        rows = [np.broadcast_to(element, len(angle)) for element in elements]
        return np.stack(rows, axis=-1).reshape(-1, 3, 3)

    cos, sin = np.cos(angle), np.sin(angle)
    R = matrix(cos, -sin, 0, sin, cos, 0, 0, 0, 1)
    T = matrix(1, 0, right, 0, 1, down, 0, 0, 1)
    S = matrix(1, -np.sin(shear), 0, 0, np.cos(shear), 0, 0, 0, 1)
    Z = matrix(zoom_x, 0, 0, 0, zoom_y, 0, 0, 0, 1)
    return R @ T @ S @ Z


def resample(x: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Return pictures whose pixels are taken, by bilinear interpolation, from where `maps` leads.

    x: (N, H, W, C), maps: (N, 3, 3) as `matrices` returns them.
    """
    y = np.empty_like(x)
    step = max(1, CHUNK // (x.shape[1] * x.shape[2]))
    for start in range(0, len(x), step):
        some = slice(start, start + step)
        y[some] = _resample(x[some], maps[some])
    return y


def _resample(x: np.ndarray, maps: np.ndarray) -> np.ndarray:
    batch, height, width, _ = x.shape
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    new_x = np.arange(width) - middle_x
    new_y = np.arange(height)[:, None] - middle_y
    m = maps[:, :, :, None, None]
    old_x = m[:, 0, 0] * new_x + m[:, 0, 1] * new_y + (m[:, 0, 2] + middle_x)  # (N, H, W)
    old_y = m[:, 1, 0] * new_x + m[:, 1, 1] * new_y + (m[:, 1, 2] + middle_y)

    left, right, across = _neighbours(old_x, width, x.dtype)
    above, below, along = _neighbours(old_y, height, x.dtype)
    picture = np.arange(batch)[:, None, None]
    upper = _between(x[picture, above, left], x[picture, above, right], across)
    lower = _between(x[picture, below, left], x[picture, below, right], across)
    return _between(upper, lower, along)


def _neighbours(place: np.ndarray, size: int, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """Return the pixels before and after a place, and the share (N, H, W, 1) of the second."""
    place = place.clip(0, size - 1)  # the border goes on for ever
    before = place.astype(np.intp)
    share = (place - before).astype(dtype)
    return before, np.minimum(before + 1, size - 1), share[..., None]


def _between(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return a where share is 0, b where it is 1. Equal values stay what they are, exactly."""
    return a + share * (b - a)
