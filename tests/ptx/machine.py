"""What instructions act on."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ptx.counts import Counts
from ptx.memory import Space
from ptx.registers import Registers
from ptx.threads import Threads

Step = Callable[[np.ndarray], None]  # an instruction, given the threads that run it


@dataclass
class Machine:
    """The state of a launch."""

    threads: Threads
    registers: Registers
    parameters: dict[str, int]  # the bits of the kernel's arguments
    spaces: dict[str, Space]
    allow_float64: bool
    counts: Counts = field(default_factory=Counts)
