"""The gradients of windows back to their pixels, equal to `add_windows`.

NumPy adds runs of C numbers, kh * kw times; here a whole row of a window, kw * C numbers, is added
at a time. Copying windows gains little by that: `copy_windows` has no kernel for a CPU.
"""

from numba import njit


def backward(gcols, gx, geometry):
    """Add every row of gcols: (N, OH, OW, kh, kw, C), to the pixels of gx: (N, H, W, C).

    Where one of the two is a view, such as a group of the channels, the reference runs; and where
    they do not fit together, so that NumPy says so.
    """
    (batch, rows, columns, kh, kw, channels), (sh, sw) = gcols.shape, geometry.stride
    height, width = (rows - 1) * sh + kh, (columns - 1) * sw + kw
    fit = gx.shape == (batch, max(height, gx.shape[1]), max(width, gx.shape[2]), channels)
    if not (fit and gx.dtype == gcols.dtype):
        return NotImplemented
    if not (gcols.flags.c_contiguous and gx.flags.c_contiguous):
        return NotImplemented
    windows = batch, rows, columns, kh
    pictures = gx.reshape(*gx.shape[:2], gx.shape[2] * channels)
    _add(gcols.reshape(*windows, kw * channels), pictures, sh, sw * channels)


@njit(nogil=True, cache=True)
def _add(gcols, gx, row_step, column_step):
    batch, rows, columns, kh, run = gcols.shape
    for image in range(batch):
        for row in range(rows):
            for column in range(columns):
                first = column * column_step
                for i in range(kh):
                    source = gcols[image, row, column, i]
                    target = gx[image, row * row_step + i, first : first + run]
                    for k in range(run):
                        target[k] += source[k]
