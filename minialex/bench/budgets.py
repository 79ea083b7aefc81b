"""What each CUDA kernel must move through memory, and what a GPU can execute meanwhile.

An H100 (SXM) issues 132 multiprocessors x 4 schedulers x 32 threads = 16,896 instructions a cycle
and moves 3.35e12 bytes a second; an A100 (40 GB) 13,824 at 1.41 GHz, and 1.56e12. With 1.7 GHz
assumed for the H100, which may run faster, memory takes the time as long as a kernel executes at
most about 8.65 or 12.5 instructions for each byte that it must move. These are published sizes and
rates, none of them measured here; the A100 of 80 GB moves more bytes, and has less to spare. Older
architectures are held to the A100's figure, newer ones to the H100's.

Bytes are those at AlexNet's sizes, an array that is read again counted once:

- LRN reads x and writes y; backward reads x and gy and writes gx.
- A pooled number has 81/16 ~ (55/27)^2 inputs: 4.15 x 4 bytes are read, 4 + 1 are written.
- Backward reads 5 bytes for every window, a fraction of 1 / 4.15 of the pixels, and writes 4.
- A number in a row of conv2 is written, and shared by 23.7 windows where it is read.
- The update reads weight, velocity and gradient and writes the first two.
"""

from typing import NamedTuple

INSTRUCTIONS_PER_BYTE = {
    "sm_75": 12.5, "sm_80": 12.5, "sm_86": 12.5, "sm_90": 8.65, "sm_100": 8.65, "sm_120": 8.65,
}  # fmt: skip


class Work(NamedTuple):
    """One kernel at constants of `minialex.kernels.cuda.KERNELS`.

    Attributes
    ----------
    of : str
        An element is a number of this array.
    bytes : float
        That must move for each element.
    around : tuple of float
        Elements that one thread is done with when it has gone once round each of its nested loops,
        the innermost first. Threads of LRN and pooling have 4 channels of 96. A batch of 128 gives
        each team of pool.backward the same pixel of 9 pictures, and of others of 2 or 3.
    threads : int
        Of a block: 24 lanes x 10 teams are 7.5 warps, of which 8 are issued.
    budget : float, optional
        Instructions for each element, where memory is not what decides them.
    """

    of: str
    bytes: float
    around: tuple[float, ...]
    threads: int = 240
    budget: float | None = None

    def instructions(self, architecture: str) -> float:
        """Return the budget of an element on an architecture."""
        return self.budget or self.bytes * INSTRUCTIONS_PER_BYTE[architecture]


WORK = {
    "lrn.forward": Work("x", 8, (4,)),
    "lrn.backward": Work("x", 12, (4,)),
    "pool.forward": Work("y", 21.6, (1, 4, 4 * 2)),
    "pool.backward": Work("x", 5.2, (4, 4 * 9)),
    # A window of conv2 is 5 x 5 pixels with 48 channels of a tower, two for each lane. On an H100
    # memory would allow 36 instructions; CuPy's own kernel for such copies has 177.
    "im2col.forward": Work("cols", 4.2, (1, 2, 10, 50, 50 * 2), budget=80),
    "im2col.backward": Work("cols", 4.4, (1, 5, 25, 50, 50 * 3)),
    "relu.backward": Work("y", 12, (1,), threads=256),
    "relu.add_bias": Work("y", 8, (1, 4)),
    "sgd.update": Work("w", 20, (1,), threads=256),
}
