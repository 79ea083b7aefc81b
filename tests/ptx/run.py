"""Who runs next, and who waits.

Every thread has a program counter, the index of its next instruction. Threads part at jumps. Of all
that can run, those with the smallest program counter go next, together, until they reach a jump or
a place that others jump to. So those ahead wait where the ways meet again, as the threads of a warp
do on a GPU. All blocks advance side by side, which nothing may depend on: races.py sees to that.
"""

import numpy as np

from ptx.decode import decode
from ptx.faults import DivergentBarrier, Endless, Fault
from ptx.machine import Machine, Step
from ptx.parse import Instruction, Kernel

JUMPS, ENDS, BARRIERS = {"bra", "bra.uni"}, {"ret", "exit"}, {"bar.sync", "barrier.sync"}


class Run:
    """The threads of a launch on their way through the program."""

    def __init__(self, kernel: Kernel, machine: Machine, limit: int) -> None:
        self.instructions, self.labels = kernel.instructions, kernel.labels
        self.machine, self.limit = machine, limit
        self.steps = [self._step(instruction) for instruction in kernel.instructions]
        self.meetings = {*kernel.labels.values(), len(kernel.instructions)}
        self.end = len(kernel.instructions)
        self.counter = np.zeros(machine.threads.count, np.int64)
        self.waiting = np.zeros(machine.threads.count, np.bool_)

    def run(self) -> None:
        """Run all threads to their end."""
        while True:
            ready = (self.counter < self.end) & ~self.waiting
            if ready.any():
                first = self.counter[ready].min()
                self._advance(int(first), np.flatnonzero(ready & (self.counter == first)))
            elif self.waiting.any():
                self._open_barriers()
            else:
                return

    def _step(self, instruction: Instruction) -> Step | None:
        """Return what an instruction does, or None if it decides who runs next."""
        name = ".".join(instruction.words)
        if name in JUMPS and instruction.operands[0] in self.labels:
            return None
        if name in ENDS or (name in BARRIERS and instruction.operands == (0,)):
            return None
        return decode(instruction, self.machine)

    def _advance(self, at: int, lanes: np.ndarray) -> None:
        """Run threads that stand at one instruction until they part, wait or meet others."""
        warps = self.machine.threads.warp[lanes]
        while True:
            instruction, step = self.instructions[at], self.steps[at]
            self.machine.counts.issue(instruction.words[0], warps)
            self._check_limit(instruction)
            at += 1
            acting = lanes
            if instruction.guard:
                truth = self.machine.registers.read(instruction.guard, np.dtype(np.bool_), lanes)
                acting = lanes[truth == instruction.guard_value]
            if step is None:
                self.counter[lanes] = at
                self._control(instruction, acting)
                return
            if len(acting):
                try:
                    step(acting)
                except Fault as fault:
                    raise fault.at(instruction.place()) from None
            if at in self.meetings:
                self.counter[lanes] = at
                return

    def _control(self, instruction: Instruction, lanes: np.ndarray) -> None:
        """Jump, end or wait."""
        word = instruction.words[0]
        if word == "bra":
            self.counter[lanes] = self.labels[instruction.operands[0]]
        elif word in ENDS:
            self.counter[lanes] = self.end
        else:
            self.waiting[lanes] = True

    def _open_barriers(self) -> None:
        """Let blocks go on whose threads all wait at one barrier; the others never will."""
        size = self.machine.threads.block_size
        waiting, counter = self.waiting.reshape(-1, size), self.counter.reshape(-1, size)
        arrived = waiting.all(axis=1) & (counter == counter[:, :1]).all(axis=1)
        stuck = waiting.any(axis=1) & ~arrived
        if stuck.any():
            raise DivergentBarrier(self._why_stuck(int(np.argmax(stuck)) * size, size))
        self.waiting[:] = False
        for space in self.machine.spaces.values():
            space.barrier(arrived)

    def _why_stuck(self, first: int, size: int) -> str:
        """Return which thread of a block waits at a barrier that another does not reach."""
        lanes = np.arange(first, first + size)
        one = lanes[self.waiting[lanes]][0]
        apart = ~self.waiting[lanes] | (self.counter[lanes] != self.counter[one])
        other, name = lanes[apart][0], self.machine.threads.name
        place = self.instructions[self.counter[one] - 1].place()
        if self.waiting[other]:
            elsewhere = f"waits at {self.instructions[self.counter[other] - 1].place()}"
        else:
            elsewhere = "has ended"
        return f"{name(one)} waits at\n  {place}\nwhile {name(other)} {elsewhere}"

    def _check_limit(self, instruction: Instruction) -> None:
        self.limit -= 1
        if self.limit < 0:
            raise Endless("the limit of instructions is reached").at(instruction.place())
