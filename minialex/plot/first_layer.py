"""The filters of a first layer, which are pictures."""

from typing import TYPE_CHECKING

import numpy as np

from minialex.errors import InputError
from minialex.plot.style import GREY, bare, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 24
PICTURE_CHANNELS = (1, 3)


def filters(W: np.ndarray, groups: int = 1) -> "Figure":
    """Draw filters that see a picture, those of each group by themselves, from grey to coloured.

    Each is scaled by its own largest weight; grey is zero.

    Parameters
    ----------
    W : array (kh, kw, C, F)
        Of a convolution on C = 1 or 3 channels.
    groups : int
        In how many equal groups the filters are shown: two for the paper's two GPUs.

    Raises
    ------
    InputError
        The filters see no picture, or cannot be split.
    """
    W = np.asarray(W)
    if W.ndim != 4 or W.shape[2] not in PICTURE_CHANNELS or W.shape[3] % groups:
        raise InputError(
            f"W has shape {W.shape}: filters on a picture have (height, width, 1 or 3, filters), "
            f"here with a multiple of {groups} filters"
        )
    sheets = [
        sheet(scaled(part)[..., np.argsort(colourfulness(part), kind="stable")])
        for part in np.split(W, groups, axis=3)
    ]
    height = 7.0 * sheets[0].shape[0] / sheets[0].shape[1] + 0.3
    figure, axes = canvas(groups, 1, size=(7.2, groups * height + 0.25), squeeze=False)
    size = f"{W.shape[0]}x{W.shape[1]}"
    for group, (ax, picture) in enumerate(zip(axes[:, 0], sheets, strict=True), 1):
        bare(ax).imshow(picture, interpolation="nearest")
        of = f"group {group}: " if groups > 1 else ""
        ax.set_title(f"{of}{W.shape[3] // groups} filters of {size}", fontsize=10)
    axes[-1, 0].set_xlabel(
        "from grey to coloured; each scaled by its own largest weight, grey is zero",
        fontsize=8, color=GREY,
    )  # fmt: skip
    return figure


def scaled(W: np.ndarray) -> np.ndarray:
    """Return filters as pictures between 0 and 1, zero at 0.5.

    >>> scaled(np.array([-4.0, 0, 2]).reshape(1, 3, 1, 1)).ravel()
    array([0.  , 0.5 , 0.75])
    """
    largest = np.abs(W).max(axis=(0, 1, 2))
    return 0.5 + 0.5 * W / np.where(largest == 0, 1, largest)


def colourfulness(W: np.ndarray) -> np.ndarray:
    """Return the share of each filter's energy that its channels do not have in common: 0 is grey.

    >>> colourfulness(np.array([[1.0, 1, 1], [1, -1, 0]]).T.reshape(1, 1, 3, 2))
    array([0., 1.])
    """
    energy = (W**2).sum(axis=(0, 1, 2))
    own = ((W - W.mean(axis=2, keepdims=True)) ** 2).sum(axis=(0, 1, 2))
    return own / np.where(energy == 0, 1, energy)


def sheet(pictures: np.ndarray) -> np.ndarray:
    """Return pictures side by side, transparent between them: (kh, kw, C, F) -> (H, W, 4)."""
    kh, kw, _, count = pictures.shape
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, kh + 1, kw + 1, 4))
    cells[:count, :kh, :kw, :3] = np.moveaxis(pictures, 3, 0)  # one channel becomes three
    cells[:count, :kh, :kw, 3] = 1
    grid = cells.reshape(rows, columns, kh + 1, kw + 1, 4).swapaxes(1, 2)
    return grid.reshape(rows * (kh + 1), columns * (kw + 1), 4)
