"""How a kernel is declared, compiled and launched, and how threads form teams."""

import functools
import inspect
import sys
from collections.abc import Callable

import numpy as np
from numba import types

from minialex.kernels.cuda.scalars import device

FLOATS, BYTES = types.float32[::1], types.uint8[::1]  # flat arrays
F32, U32, U64 = types.float32, types.uint32, types.uint64

WARP = 32  # threads that run, and touch memory, together
THREADS = 256  # of a block, at most
BLOCKS = 4096  # of a grid, at most: a few times what the largest GPU runs at once


class Kernel:
    """A function that every thread of a grid runs; compiled when it is first launched.

    Its last parameters are constants. They are filled in before it is compiled, so that loops over
    a window unroll, and a division by the stride is a multiplication. Other constants are another
    compiled kernel; a network has few.

    Parameters
    ----------
    function : function
        Numba CUDA code: returns nothing, no float64, no atomics.
    signature : tuple of Numba types
        Of the parameters before the constants.
    """

    def __init__(self, function: Callable, signature: tuple[types.Type, ...]) -> None:
        self.function, self.signature = device(function), signature
        # what each argument is made into; None for an array, which stays as it is
        self.casts = [
            None if isinstance(kind, types.Array) else np.dtype(kind.name).type
            for kind in signature
        ]

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], *args, **constants) -> None:
        """Launch on flat arrays, scalars and constants.

        Every scalar is cast as the signature says. A plain Python float would arrive as float64,
        and everything that it touches would run at a fraction of the speed.
        """
        pairs = zip(self.casts, args, strict=True)
        run(self, constants, grid, block, [cast(arg) if cast else arg for cast, arg in pairs])

    def filled(self, **constants: int) -> Callable:
        """Return a function of the parameters before the constants, which calls `function`."""
        name, parameters = self.function.__name__, list(inspect.signature(self.function).parameters)
        free = ", ".join(parameter for parameter in parameters if parameter not in constants)
        code = f"""
def fill(function, {", ".join(constants)}):
    def {name}({free}):
        function({", ".join(parameters)})
    return {name}
"""
        made: dict[str, Callable] = {}
        exec(code, self.function.__globals__, made)  # Numba's simulator exchanges `cuda` there
        return made["fill"](self.function, **constants)


def kernel(*signature: types.Type) -> Callable[[Callable], Kernel]:
    """Make the decorated function a `Kernel` of this signature."""
    return lambda function: Kernel(function, signature)


def run(kernel: Kernel, constants: dict[str, int], grid: tuple, block: tuple, args: list) -> None:
    """Run a kernel on CuPy's current stream. Tests put an emulator in this function's place.

    CuPy launches it, because Numba's own launch takes the host far longer (docs/gpu.md).
    """
    gpu = sys.modules["cupy"].cuda.runtime.getDevice()
    _loaded(kernel, tuple(constants.items()), gpu)(grid, block, parameters(args))


@functools.cache
def _loaded(kernel: Kernel, constants: tuple, gpu: int) -> Callable:
    """Return what CuPy launches: the kernel, compiled for the current GPU, which is this one."""
    from minialex.kernels.cuda import build

    cupy_cuda = sys.modules["cupy"].cuda
    capability = int(cupy_cuda.Device(gpu).compute_capability)  # 90 is 9.0
    code, name = build.cubin(kernel, dict(constants), divmod(capability, 10))
    module = cupy_cuda.function.Module()
    module.load(code)
    return module.get_function(name)


def parameters(args: list) -> list:
    """Return arguments as Numba's kernels get them.

    Of a flat array: two pointers that are not used on a GPU, the number of its elements, the bytes
    of one, where they are, and shape and strides.
    """
    given = []
    for argument in args:
        if isinstance(argument, np.generic):
            given.append(argument)
        else:
            size, step = argument.size, argument.itemsize
            given += [0, 0, size, step, argument.data.ptr, size, step]
    return given


def suits(*arrays) -> bool:
    """Return whether these arrays are float32 and C-contiguous."""
    return all(a.dtype == np.float32 and a.flags.c_contiguous for a in arrays)


def flat(*arrays) -> list:
    """Return flat views of contiguous arrays."""
    return [a.reshape(-1) for a in arrays]


def grid_of_threads(size: int) -> tuple[tuple[int], tuple[int]]:
    """Return grid and block for one thread a number."""
    return (min(-(-size // THREADS), BLOCKS),), (THREADS,)


def grid_of_teams(
    lanes: int, pixels: int, images: int = 1, teams: int = THREADS
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the grid (blocks of pixels, images) and the block (lanes, teams); one team a pixel.

    A large batch does not get more blocks but longer loops: a team goes on to the same pixel of
    another image, where all that it knows about the windows there holds as well.

    Parameters
    ----------
    lanes, pixels, images : int
    teams : int
        At most so many in a block.
    """
    teams = evenly(pixels, min(THREADS // lanes, teams))
    blocks = min(-(-pixels // teams), BLOCKS)
    return (blocks, min(images, max(1, BLOCKS // blocks))), (lanes, teams)


def lanes_for(channels: int) -> int:
    """Return the lanes of a team: each thread gets four channels, so that one address serves four.

    They are lanes apart, and not side by side: neighbouring threads touch neighbouring numbers.
    """
    return evenly(-(-channels // 4), THREADS)


def evenly(total: int, most: int) -> int:
    """Return the size of pieces as few as pieces of `most` would be, but alike: 40, 32 -> 20."""
    return -(-total // -(-total // most))
