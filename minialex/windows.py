"""Windows on pictures: im2col, col2im, and blocks of them for the pool of threads."""

from collections.abc import Callable

from minialex import threads
from minialex.backend import Array, xp_of
from minialex.forms import has_kernel
from minialex.shapes import Geometry

BLOCK_BYTES = 6 << 20  # for one worker's `cols`: more falls out of the cache, less starves BLAS


def windows(x: Array, geometry: Geometry) -> Array:
    """Return every window of a padded picture as a view: overlapping windows share their memory.

    x: (N, H, W, C) -> (N, OH, OW, kh, kw, C), with as many rows OH as fit into x.
    """
    (kh, kw), (sh, sw), _, (_, out_width) = geometry
    batch, height, _, channels = x.shape
    n, h, w, c = x.strides
    shape = (batch, (height - kh) // sh + 1, out_width, kh, kw, channels)
    return xp_of(x).lib.stride_tricks.as_strided(x, shape, (n, h * sh, w * sw, h, w, c))


def im2col(x: Array, geometry: Geometry) -> Array:
    """Return the windows of a padded picture as rows: one strided view and one copy.

    x: (N, H, W, C) -> (N * OH * OW, kh * kw * C), a work array of this thread.
    """
    batch, out_height, out_width, kh, kw, channels = shape = windows(x, geometry).shape
    cols = threads.scratch("cols", shape, x)
    copy_windows(x, cols, geometry)
    return cols.reshape(batch * out_height * out_width, kh * kw * channels)


def col2im(gcols: Array, gx: Array, geometry: Geometry) -> None:
    """Add the gradient of every row of `cols` to the pixels that the row was copied from.

    gcols: (N * OH * OW, kh * kw * C), gx: (N, H, W, C) of the padded picture.
    """
    (kh, kw), _, _, (_, out_width) = geometry
    add_windows(gcols.reshape(len(gx), -1, out_width, kh, kw, gx.shape[3]), gx, geometry)


@has_kernel("im2col.forward", cpu=False)
def copy_windows(x: Array, cols: Array, geometry: Geometry) -> None:
    """Write the windows of a padded picture to cols: (N, OH, OW, kh, kw, C)."""
    xp_of(x).copyto(cols, windows(x, geometry))


@has_kernel("im2col.backward")
def add_windows(gcols: Array, gx: Array, geometry: Geometry) -> None:
    """Add gcols: (N, OH, OW, kh, kw, C), to the pixels of the padded picture."""
    _, (sh, sw), _, _ = geometry
    _, out_height, out_width, kh, kw, _ = gcols.shape
    for i in range(kh):
        for j in range(kw):  # one pixel of every window at a time: these never overlap
            gx[:, i : i + sh * out_height : sh, j : j + sw * out_width : sw] += gcols[:, :, :, i, j]


def padded(x: Array, geometry: Geometry, rows: slice, value: float = 0.0) -> Array:
    """Return the part of the padded picture that lies under these output rows.

    x: (N, H, W, C) -> (N, input rows, W + left + right, C); a work array if there is padding.
    """
    batch, _, width, channels = x.shape
    _, _, left, right = geometry.pad
    source, target, height = _overlap(x, geometry, rows)
    if height == source.stop - source.start and left == right == 0:
        return x[:, source]
    out = threads.scratch("padded", (batch, height, left + width + right, channels), x)
    out[...] = value
    out[:, target, left : left + width] = x[:, source]
    return out


def add_unpadded(gx: Array, gx_padded: Array, geometry: Geometry, rows: slice) -> None:
    """Add the gradient of what `padded` returned to gx: (N, H, W, C), dropping the padding.

    The block with the first rows of a picture clears its gx: blocks of a picture come in order.
    """
    left, width = geometry.pad[2], gx.shape[2]
    if rows.start == 0:
        gx[...] = 0
    source, target, _ = _overlap(gx, geometry, rows)
    gx[:, source] += gx_padded[:, target, left : left + width]


def _overlap(x: Array, geometry: Geometry, rows: slice) -> tuple[slice, slice, int]:
    """Return the rows of x under these output rows, where they lie in `padded`, and its height."""
    (kh, _), (sh, _), (top, _, _, _), _ = geometry
    first, last = rows.start * sh - top, (rows.stop - 1) * sh - top + kh
    start = min(max(first, 0), x.shape[1])
    stop = max(min(last, x.shape[1]), start)
    return slice(start, stop), slice(start - first, stop - first), last - first


def over_blocks(
    work: Callable[[int, slice, slice], None],
    x: Array,
    geometry: Geometry,
    window_bytes: int,
    cached: int = BLOCK_BYTES,
) -> None:
    """Call `work(worker, images, rows)` on blocks of windows, in the pool.

    A block is several whole pictures or, where one is larger than the budget (VGG at 224 pixels),
    some output rows of one picture. Blocks of one picture are handled in order by one worker.

    Parameters
    ----------
    work : function of (worker, slice of images, slice of output rows)
    x : (N, H, W, C)
    geometry : Geometry
    window_bytes : int
        Work memory for one window.
    cached : int
        Work memory for one block of a core (`threads.block_bytes`).
    """
    out_height, out_width = geometry.out
    budget_rows = max(1, threads.block_bytes(x, cached) // (out_width * window_bytes))

    def blocks(worker: int, start: int, stop: int) -> None:
        step = max(1, budget_rows // (stop - start))
        for row in range(0, out_height, step):
            work(worker, slice(start, stop), slice(row, min(row + step, out_height)))

    images = max(1, budget_rows // out_height)
    threads.parallel(blocks, len(x), images, x)
