"""Winograd's convolution: the answer of im2col from two fifths to a sixth of its multiplications.

Four neighbouring outputs of a kernel of three taps share most of their inputs. Cook and Toom
multiply polynomials by their values at a few points: with 4 + 3 - 1 = 6 points, 6 products replace
4 * 3. In two dimensions 36 replace 144 (Winograd 1980; Lavin & Gray 2016, arXiv:1509.09308):

    y = A^T [ (G w) * (B^T x) ]       * is a product at each of the 36 points, summed over channels

All of it is matrix products: over tiles of the picture, A, B and G act on the flattened 6 x 6 as
A (x) A and so on, and the middle is one product (tiles x C) @ (C x F) for each point. Backward is
every map transposed. In float32 the result is off by about 1e-5 of the largest output, and a NaN or
infinity spreads over its tile.
"""

import functools
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minialex.backend import Array, device_of, sum_of_rows, to_device, xp_of
from minialex.layers.cook_toom import cook_toom
from minialex.layers.relu import add_bias
from minialex.shapes import Geometry
from minialex.threads import parallel, scratch, sum_of_workers, workers_for, zeros
from minialex.windows import add_unpadded, col2im, over_blocks, padded, windows

if TYPE_CHECKING:
    from minialex.layers.conv import Conv2d

BLOCK_BYTES = 16 << 20  # for the work arrays of one worker
LARGEST_KERNEL = 5
OUTPUTS = (4, 3, 2)  # outputs a tile and axis may have: with more, the error grows


class Tiling(NamedTuple):
    """How tiles lie on the picture, and the three maps for them."""

    tiles: Geometry  # windows of (ah, aw) pixels, mh and mw apart
    A: Array  # (ah * aw, mh * mw)
    G: Array  # (ah * aw, kh * kw)
    B: Array  # (ah * aw, ah * aw)

    @property
    def points(self) -> int:
        return len(self.B)

    def output_rows(self, rows: slice) -> slice:
        """Return the rows of y that these rows of tiles cover."""
        return slice(rows.start * self.tiles.stride[0], rows.stop * self.tiles.stride[0])


def applies(geometry: Geometry) -> bool:
    """Return whether the points suffice: stride 1, and kernels larger than 1 and up to 5 x 5."""
    return geometry.stride == (1, 1) and 1 < max(geometry.kernel) <= LARGEST_KERNEL


def is_worth(geometry: Geometry, channels: int, filters: int) -> bool:
    """Return whether this saves a fifth of im2col's multiplications, its maps included."""
    if not applies(geometry):
        return False
    t = tiling(geometry, "float32")
    tiles, pixels = math.prod(t.tiles.out), math.prod(geometry.out)
    maps = t.points * channels + t.A.shape[1] * filters
    direct = pixels * math.prod(geometry.kernel) * channels * filters
    return t.points * tiles * (channels * filters + maps) < 0.8 * direct


@functools.lru_cache(maxsize=256)
def tiling(geometry: Geometry, dtype: str, device: str = "cpu") -> Tiling:
    """Return the tiles with the fewest products that cover the output, and maps on a device."""
    sides = []
    for kernel, out in zip(geometry.kernel, geometry.out, strict=True):
        outputs = min(OUTPUTS, key=lambda m: -(-out // m) * (m + kernel - 1))
        sides.append((outputs, kernel, outputs + kernel - 1, -(-out // outputs)))
    (mh, kh, ah, th), (mw, kw, aw, tw) = sides
    top, bottom, left, right = geometry.pad
    bottom, right = bottom + th * mh - geometry.out[0], right + tw * mw - geometry.out[1]
    tiles = Geometry((ah, aw), (mh, mw), (top, bottom, left, right), (th, tw))
    pairs = zip(cook_toom(mh, kh), cook_toom(mw, kw), strict=True)
    return Tiling(tiles, *(to_device(np.kron(h, w).astype(dtype), device) for h, w in pairs))


def forward(conv: "Conv2d", x: Array, y: Array) -> None:
    """Write the convolution of x to y."""
    xp, filters = xp_of(x), conv.filters
    t = tiling(conv.geometry(x.shape[1:]), x.dtype.name, device_of(x))
    U = _filters(t, conv.params["W"])

    def convolve(worker: int, images: slice, rows: slice) -> None:
        picture = padded(x[images], t.tiles, rows)
        y_rows = y[images, t.output_rows(rows)]
        for c, f in conv.group_slices():
            V = _to_points(t, picture[..., c])
            M = scratch("M", (t.points, V.shape[1], f.stop - f.start), x)
            xp.matmul(V, U[:, :, f], out=M)
            Y = scratch("Y", (t.A.shape[1], M[0].size), x)
            xp.matmul(t.A.T, M.reshape(t.points, -1), out=Y)
            for y_cell, Y_cell in _cells(t, y_rows[..., f], Y):
                y_cell[...] = Y_cell
        add_bias(y_rows.reshape(-1, filters), conv.params["b"], conv.rectify)

    _over_tiles(convolve, conv, x, t)


def backward(conv: "Conv2d", gy: Array, gx: Array | None) -> None:
    """Write the gradients of W, b and, unless gx is None, of x: each map of forward, transposed."""
    x, y, xp = conv.x, conv.y, xp_of(gy)
    t = tiling(conv.geometry(x.shape[1:]), x.dtype.name, device_of(x))
    U = _filters(t, conv.params["W"])
    gU = zeros("gU", (workers_for(gy), *U.shape), gy)  # one sum a worker
    gb = zeros("gb", (workers_for(gy), conv.filters), gy)

    def propagate(worker: int, images: slice, rows: slice) -> None:
        picture = padded(x[images], t.tiles, rows)
        gpicture = zeros("gpicture", picture.shape, gy)
        block = images, t.output_rows(rows)
        gy_rows = conv.before_relu(gy[block], y[block])
        gb[worker] += sum_of_rows(gy_rows.reshape(-1, conv.filters))
        for c, f in conv.group_slices():
            V = _to_points(t, picture[..., c])
            gY = zeros("Y", (t.A.shape[1], V.shape[1] * (f.stop - f.start)), gy)
            for gy_cell, gY_cell in _cells(t, gy_rows[..., f], gY):
                gY_cell[...] = gy_cell
            gM = scratch("M", (t.points, V.shape[1], f.stop - f.start), gy)
            xp.matmul(t.A, gY, out=gM.reshape(t.points, -1))
            for gU_point, V_point, gM_point in zip(gU[worker, :, :, f], V, gM, strict=True):
                gU_point += V_point.T @ gM_point
            if gx is not None:
                gV = xp.matmul(gM, U[:, :, f].transpose(0, 2, 1), out=V)
                _add_from_points(t, gV, gpicture[..., c])
        if gx is not None:
            add_unpadded(gx[images], gpicture, t.tiles, rows)

    _over_tiles(propagate, conv, x, t)
    conv.grads["b"][...] = sum_of_workers(gb)
    gW = conv.grads["W"].reshape(t.G.shape[1], -1)
    total, *others = gU.reshape(len(gU), t.points, -1)

    def transform(worker: int, start: int, stop: int) -> None:
        for other in others:
            total[:, start:stop] += other[:, start:stop]
        xp.matmul(t.G.T, total[:, start:stop], out=gW[:, start:stop])

    parallel(transform, gW.shape[1], x=x)


def _filters(t: Tiling, W: Array) -> Array:
    """Return U = G W at every point: (points, C / groups, F)."""
    U = scratch("U", (t.points, *W.shape[2:]), W)
    taps, flat = W.reshape(t.G.shape[1], -1), U.reshape(t.points, -1)

    def transform(worker: int, start: int, stop: int) -> None:
        xp_of(W).matmul(t.G, taps[:, start:stop], out=flat[:, start:stop])

    parallel(transform, flat.shape[1], x=W)
    return U


def _to_points(t: Tiling, picture: Array) -> Array:
    """Return V = B^T x of every tile at every point: (points, tiles, C)."""
    tiles = windows(picture, t.tiles).transpose(3, 4, 0, 1, 2, 5)  # (ah, aw, N, th, tw, C)
    D = scratch("D", tiles.shape, picture)
    xp_of(picture).copyto(D, tiles)
    V = scratch("V", (t.points, D[0, 0, ..., 0].size, D.shape[-1]), picture)
    xp_of(picture).matmul(t.B.T, D.reshape(t.points, -1), out=V.reshape(t.points, -1))
    return V


def _add_from_points(t: Tiling, gV: Array, gpicture: Array) -> None:
    """Add gx = B gV of every tile to the padded picture: the transpose of `_to_points`."""
    (ah, aw), _, _, (_, tw) = t.tiles
    gD = scratch("D", gV.shape, gV).reshape(t.points, -1)
    xp_of(gV).matmul(t.B, gV.reshape(t.points, -1), out=gD)
    tiles = gD.reshape(ah, aw, len(gpicture), -1, tw, gV.shape[-1])
    col2im(tiles.transpose(2, 3, 4, 0, 1, 5), gpicture, t.tiles)


def _cells(t: Tiling, y: Array, Y: Array) -> Iterator[tuple[Array, Array]]:
    """Yield, for each output of a tile, its pixels in y: (N, rows, OW, F) and its values in Y.

    Y: (mh * mw, tiles * F). Tiles that reach beyond the picture are cut off.
    """
    (mh, mw), (_, tw) = t.tiles.stride, t.tiles.out
    Y = Y.reshape(mh, mw, len(y), -1, tw, y.shape[-1])
    for i in range(mh):
        for j in range(mw):
            pixels = y[:, i::mh, j::mw]
            yield pixels, Y[i, j][:, : pixels.shape[1], : pixels.shape[2]]


def _over_tiles(
    work: Callable[[int, slice, slice], None], conv: "Conv2d", x: Array, t: Tiling
) -> None:
    """Call `work(worker, images, rows of tiles)` on blocks whose D, V and M fit the workspace."""
    channels, filters = conv.params["W"].shape[2], conv.filters // conv.groups
    tile_bytes = t.points * (2 * channels + filters) * x.dtype.itemsize
    over_blocks(work, x, t.tiles, tile_bytes, BLOCK_BYTES)
