"""Several crops of a test picture, whose answers are averaged."""

from minialex.backend import Array
from minialex.errors import InputError

COUNTS = (1, 9, 10)


def views(x: Array, size: int | tuple[int, ...], count: int = 1) -> list[Array]:
    """Return crops of all pictures, in the order of Krizhevsky's code. No pixel is copied.

    1 is the centre. 9 are three rows of three, from the top left to the bottom right
    (CroppedCIFARDataProvider in cuda-convnet2 and in AlexNet's code). 10 are the corners and the
    centre, top left first and centre third, then their mirror images (Krizhevsky et al. 2012,
    section 4.1; cuda-convnet for CIFAR). The middle is rounded down, as there.

    Parameters
    ----------
    x : (N, H, W, C)
    size : int, or (height, width)
        Of a crop.
    count : int
        1, 9 or 10.

    Returns
    -------
    list of `count` arrays (N, height, width, C)
        Views of x.

    Raises
    ------
    InputError
        The crops do not fit into the pictures, or several crops would all be the same.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(25).reshape(1, 5, 5, 1)
    >>> [int(view[0, 0, 0, 0]) for view in views(x, 2, 9)]
    [0, 1, 3, 5, 6, 8, 15, 16, 18]
    """
    height, width = (size, size) if isinstance(size, int) else size
    bottom, right = x.shape[1] - height, x.shape[2] - width
    small = f"pictures of {x.shape[1]}x{x.shape[2]}, of which the network sees {height}x{width}"
    if count not in COUNTS:
        raise InputError(f"{count} views: choose one of {', '.join(map(str, COUNTS))}")
    if bottom < 0 or right < 0:
        raise InputError(f"{small}, are too small: load them at a larger size (load_size)")
    if count > 1 and bottom == right == 0:
        raise InputError(
            f"{count} views: {small}, leave nothing to crop; "
            f"train with a larger load_size (minialex train --load-size)"
        )
    middle = (bottom // 2, right // 2)
    corners = [(top, left) for top in (0, bottom) for left in (0, right)]
    grid = [(top, left) for top in (0, middle[0], bottom) for left in (0, middle[1], right)]
    places = {1: [middle], 9: grid, 10: [*corners[:2], middle, *corners[2:]]}[count]
    crops = [x[:, top : top + height, left : left + width] for top, left in places]
    return crops + [crop[:, :, ::-1] for crop in crops] if count == 10 else crops
