"""Runs what Numba compiles for a GPU, on a machine without one, and finds what no GPU reports.

PTX is the assembly language between CUDA compilers and NVIDIA's driver. What is needed to read it:

    ld.global.f32  %f1, [%rd3+4];      registers begin with %; brackets are memory; .f32 is the type
    @%p1 bra       $L__BB0_2;          jump to a label where the predicate register %p1 is true

Thousands of *threads* run the same program on registers of their own. Threads form *blocks*, which
may share memory and wait for each other at a *barrier* (`bar.sync`); the blocks of a launch are its
*grid*, and nothing orders them. 32 neighbouring threads of a block, a *warp*, take each instruction
together.

Here, a register is a NumPy array with one entry for every thread, so that an instruction is one
NumPy expression:

    parse.py        text -> instructions
    registers.py    registers, and what an operand stands for; dtypes.py: the types of PTX
    arithmetic.py   what each instruction computes, in a line of NumPy; what takes more lines is in
                    integers.py, rounding.py, comparisons.py and convert.py
    threads.py      which thread is which
    memory.py       arrays in memory, with guard gaps: bounds, alignment, what was never written
    races.py        whether two threads met at one byte
    decode.py, access.py, moves.py    an instruction -> a function of the threads that run it
    run.py          who runs next; barriers
    counts.py       instructions, and the bytes and sectors of memory that they moved
    launch.py       all of it together; arguments.py: how arrays are given; machine.py: the state
    compiled.py     a Python function -> PTX, by Numba; needs numba-cuda
    faults.py       what can be wrong
    snippets.py     small programs, for the tests of all this

A fault is raised as an exception that names the array and the byte, the thread, the PTX line and,
where Numba compiled it, the line of Python. What is not emulated (atomics, calls, constant tables,
float64's fused multiply-add, ...) is refused by name, never skipped. Order of execution, caches and
time are not modelled.
"""

from ptx import faults
from ptx.arguments import In, InOut, Out
from ptx.counts import Counts
from ptx.launch import launch
from ptx.parse import parse

__all__ = ["Counts", "In", "InOut", "Out", "faults", "launch", "parse"]
