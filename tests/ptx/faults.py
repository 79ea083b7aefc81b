"""What can be wrong with a kernel. Each message says where."""


class Fault(Exception):
    """A defect of the kernel, or of how it was launched."""

    def at(self, place: str) -> "Fault":
        """Return this fault with the instruction that it befell."""
        return type(self)(f"{self}\n  {place}")


class UnknownInstruction(Fault):
    """The emulator does not know this; nothing is ever skipped."""


class Float64(Fault):
    """Double precision: a 2.0 or an int64 that turned float32 arithmetic into float64.

    Most GPUs do 32 or 64 times fewer of these per second, and nothing else would tell.
    """


class OutOfBounds(Fault):
    """An access outside every array, or across the end of one."""


class Misaligned(Fault):
    """An access of n bytes at an address that n does not divide: a GPU stops there."""


class ReadOnly(Fault):
    """A store to an array that the kernel must not change."""


class NeverWritten(Fault):
    """A load of what nobody has stored: an output before it was written, shared or local memory."""


class Race(Fault):
    """Two threads met at a byte, at least one of them to write it, with no barrier between them."""


class DivergentBarrier(Fault):
    """Not all threads of a block wait at the same barrier.

    The CUDA C++ programming guide leaves open what happens then. PTX would let threads that wait go
    on when the others have returned; a kernel here must not count on it.
    """


class DivisionByZero(Fault):
    """An integer division by zero, whose result PTX leaves open."""


class Endless(Fault):
    """More instructions than allowed: a loop that does not end."""


class InvalidLaunch(Fault):
    """A grid, a block or arguments that CUDA would refuse, or take for others."""
