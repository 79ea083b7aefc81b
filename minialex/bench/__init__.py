"""`minialex bench`: our training step beside those of other libraries.

work.py          what is timed: a network or one layer, its batch, its operations and bytes
contestants.py   what a contestant can do, and minialex as one
peers.py         the list of all, and who is installed
peers_*.py       PyTorch and TensorFlow as contestants; layers_*.py: our layers in their functions
agreement.py     the same outputs and gradients, or there is no row
timing.py        alternating rounds, medians, paired ratios
scaling.py       time against batch, picture size and threads; exponents
probe.py         memory and first step, in fresh processes
memory.py        how much memory a process holds
machine.py       what the figures depend on; the rate of a plain matrix product
report.py        tables
gpu.py           the CUDA kernels and a step on a GPU; gpu_cases.py: what the kernels run on
sass.py          the machine code of the CUDA kernels, without a GPU; machine_code.py, loops.py:
                 where it comes from and how it is counted; budgets.py: what it may cost
command.py       the command line
"""

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run `minialex bench` and return its exit code."""
    from minialex.bench.command import run

    return run(arguments)
