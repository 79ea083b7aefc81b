"""Local response normalisation, equal to `lrn_forward` and `lrn_backward`.

The window lies along the channels: neighbouring threads read neighbouring numbers, and of the n
reads of a window all but one are served by the cache. Every sum is fresh.

beta = 3/4 needs no power function: with r = s^-1/2, s^-3/4 = r r r^-1/2, and 1 / s = r r.
"""

from numba import cuda

from minialex.kernels.cuda.launch import (
    F32,
    FLOATS,
    U64,
    flat,
    grid_of_teams,
    kernel,
    lanes_for,
    suits,
)
from minialex.kernels.cuda.scalars import device, f32, has_channel, power, rsqrt, u32, u64

PIXELS = 2048  # ratios of a block, with the zeros around them, in shared memory
SHARED = 2 * PIXELS


def forward(x, y, n, k, c, beta, groups):
    """Write y_i = x_i S_i^-beta; x, y: (N, H, W, C)."""
    if not suits(x, y):
        return NotImplemented
    if x.size:
        constants = _constants(x, n, groups)
        pixels = x.size // constants["channels"]
        grid, block = grid_of_teams(constants["lanes"], pixels)
        lrn_forward(grid, block, *flat(x, y), pixels, k, c, beta, **constants)


def backward(x, gy, gx, n, k, c, beta, groups):
    """Write gx_i = gy_i S_i^-beta - 2 c beta x_i * sum over m of gy_m y_m / S_m."""
    width = x.shape[-1] // groups + n - 1
    if not suits(x, gy, gx) or width > PIXELS:
        return NotImplemented
    if x.size:
        constants = _constants(x, n, groups)
        pixels = x.size // constants["channels"]
        grid, block = grid_of_teams(constants["lanes"], pixels, teams=PIXELS // width)
        lrn_backward(grid, block, *flat(x, gy, gx), pixels, k, c, beta, **constants)


def _constants(x, n, groups):
    """Return the constants of a kernel to which each group of channels is a pixel of its own."""
    channels = x.shape[-1] // groups
    return {"n": n, "channels": channels, "lanes": lanes_for(channels)}


@kernel(FLOATS, FLOATS, U64, F32, F32, F32)
def lrn_forward(x, y, pixels, k, c, beta, n, channels, lanes):
    lane = u32(cuda.threadIdx.x)
    pixel = u64(cuda.blockIdx.x) * u64(cuda.blockDim.y) + u64(cuda.threadIdx.y)
    while pixel < pixels:
        first = pixel * u64(channels) + u64(lane)
        for part in range(0, channels, lanes):
            if has_channel(lane, part, lanes, channels):
                i = first + u64(part)
                y[i] = x[i] * root(scale(x, i, u32(lane + u32(part)), k, c, n, channels), beta)
        pixel += u64(cuda.gridDim.x) * u64(cuda.blockDim.y)


@kernel(FLOATS, FLOATS, FLOATS, U64, F32, F32, F32)
def lrn_backward(x, gy, gx, pixels, k, c, beta, n, channels, lanes):
    """In two steps, because the second needs ratios that other threads of the team compute.

    The ratios of a pixel lie in shared memory between zeros for the overhang of the windows; the
    direct terms wait there too, behind all ratios.
    """
    shared = cuda.shared.array(SHARED, F32)
    after = n - 1 - n // 2  # the window mirrored: the channels that look at i
    lane, team = u32(cuda.threadIdx.x), u32(cuda.threadIdx.y)
    own = u64(u32(team * u32(channels + n - 1))) + u64(lane)
    for part in range(0, n - 1, lanes):
        if has_channel(lane, part, lanes, n - 1):
            ahead = u32(lane + u32(part)) < u32(after)
            shared[own + u64(part) + u64(0 if ahead else channels)] = f32(0)
    block = u64(cuda.blockIdx.x) * u64(cuda.blockDim.y)  # its first pixel
    while block < pixels:
        pixel = block + u64(team)
        first = pixel * u64(channels) + u64(lane)
        if pixel < pixels:
            for part in range(0, channels, lanes):
                if has_channel(lane, part, lanes, channels):
                    i, at = first + u64(part), own + u64(part)
                    s = scale(x, i, u32(lane + u32(part)), k, c, n, channels)
                    r, direct = rsqrt(s), gy[i] * root(s, beta)
                    shared[at + u64(after)] = direct * x[i] * (r * r)
                    shared[at + u64(PIXELS)] = direct
        cuda.syncthreads()  # all ratios are there
        if pixel < pixels:
            for part in range(0, channels, lanes):
                if has_channel(lane, part, lanes, channels):
                    i, at = first + u64(part), own + u64(part)
                    total = f32(0)
                    for t in range(n):
                        total += shared[at + u64(t)]
                    gx[i] = shared[at + u64(PIXELS)] - f32(2) * c * beta * x[i] * total
        cuda.syncthreads()  # no ratio is needed any more
        block += u64(cuda.gridDim.x) * u64(cuda.blockDim.y)


@device
def scale(x, i, channel, k, c, n, channels):
    """Return S of the channel at x[i]."""
    before = n // 2
    total = f32(0)
    for t in range(n):
        if u32(channel + u32(t) - u32(before)) < u32(channels):
            neighbour = x[i + u64(t) - u64(before)]
            total += neighbour * neighbour
    return k + c * total


@device
def root(s, beta):
    """Return s^-beta."""
    if beta == f32(0.75):
        r = rsqrt(s)
        return r * r * rsqrt(max(r, f32(1e-20)))  # r is 0 where s is infinite: 0, and not 0 / 0
    return power(s, -beta)
