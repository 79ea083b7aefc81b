"""Pictures of any size and kind, as the squares that a network sees. Needs Pillow."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from minialex import threads
from minialex.data.dataset import Images
from minialex.errors import InputError

LIMIT = 4 << 30  # bytes of pictures that are held in memory; more are read batch by batch


def read_picture(source: str | Path | Image.Image | np.ndarray, size: int) -> np.ndarray:
    """Return the central square of a picture at this size: uint8 (size, size, 3).

    The shorter side is resized to `size` (bilinear, antialiased) and the longer one cropped.
    Grey, palette and CMYK pictures become RGB, transparency becomes white, and pictures of a
    turned camera are turned upright.

    Parameters
    ----------
    source : path, PIL picture or uint8 array (H, W), (H, W, 3) or (H, W, 4)
    size : int

    Raises
    ------
    InputError
        The file does not exist or does not open as a picture, or the array is no picture.
    """
    if isinstance(source, Image.Image):
        return _square(source, size)
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or not (source.ndim == 2 or source.shape[2:] in ((3,), (4,))):
            raise InputError(
                f"a picture is an array {source.dtype} of shape {source.shape}; "
                f"give uint8 grey levels of shape (H, W, 3)"
            )
        return _square(Image.fromarray(source), size)
    try:
        with Image.open(source) as image:
            image.draft("RGB", (2 * size, 2 * size))  # JPEG: decode large pictures at 1/2 to 1/8
            return _square(image, size)
    except FileNotFoundError:
        raise InputError(f"{source}: there is no such picture; check the path") from None
    except UnidentifiedImageError:
        raise InputError(f"{source}: not a picture in a format that Pillow knows") from None
    except Exception as error:  # Pillow's decoders raise many kinds for a damaged file
        raise InputError(f"{source}: does not open as a picture ({error})") from error


def _square(image: Image.Image, size: int) -> np.ndarray:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits, of which Pillow would clip what is above 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.BILINEAR))


class Pictures:
    """Pictures that are read when they are asked for, by a pool of threads.

    `pictures[indices]` is an array uint8 (n, size, size, 3).
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, sources: Sequence | Images, size: int) -> None:
        self.sources, self.size = sources, size
        self.shape = (len(sources), size, size, 3)

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, key: Any) -> np.ndarray:
        chosen = np.arange(len(self))[key]
        images = np.empty((*chosen.shape, *self.shape[1:]), np.uint8)

        def read(place: tuple[int, ...]) -> None:
            images[place] = read_picture(self.sources[chosen[place]], self.size)

        with ThreadPoolExecutor(threads.count()) as pool:
            list(pool.map(read, np.ndindex(chosen.shape)))
        return images


def read_pictures(
    sources: Sequence | Images, size: int, limit: int = LIMIT
) -> np.ndarray | Pictures:
    """Read every picture once, so that none can stop a training later.

    Parameters
    ----------
    sources : sequence of what `read_picture` takes
    size : int
    limit : int
        Bytes. Up to this all are returned as an array, above it as `Pictures`.

    Raises
    ------
    InputError
        Pictures do not open; the first ten are named.
    """
    from rich.console import Console
    from rich.progress import track

    pictures = Pictures(sources, size)
    fits = len(sources) * size * size * 3 <= limit
    images = np.empty(pictures.shape if fits else 0, np.uint8)

    def read(i: int) -> str | None:
        try:
            picture = read_picture(sources[i], size)
        except InputError as error:
            return str(error)
        if fits:
            images[i] = picture
        return None

    with ThreadPoolExecutor(threads.count()) as pool:
        outcomes = track(
            pool.map(read, range(len(sources))),
            description="reading pictures",
            total=len(sources),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        broken = [outcome for outcome in outcomes if outcome]
    if broken:
        raise InputError(
            f"{len(broken)} of {len(sources)} pictures do not open; remove or replace them:\n  "
            + "\n  ".join([*broken[:10], *(["..."] if len(broken) > 10 else [])])
        )
    return images if fits else pictures
