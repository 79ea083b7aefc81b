"""Draws docs/gpu/roofline.png and prints the table of docs/gpu.md. Nothing is timed.

python docs/gpu/roofline.py

Needs `pip install -e '.[gpucheck]'`, since bytes and sectors are counted by the emulator in tests/,
and instructions in machine code for an H100.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FOLDER = Path(__file__).parent
sys.path.append(str(FOLDER.parents[1] / "tests"))
import cuda_counts  # noqa: E402

from minialex.bench import sass  # noqa: E402
from minialex.bench.budgets import INSTRUCTIONS_PER_BYTE, WORK  # noqa: E402

INK, FAINT = "#1f2328", "#d0d7de"
# Okabe and Ito's colours, which colour-blind readers tell apart; fill and dashes differ as well.
MEMORY, REQUESTED = "#0072B2", "#D55E00"
GPUS = {"H100": ("sm_90", 3.35, "-"), "A100": ("sm_80", 1.56, "--")}  # TB/s, as published
FIRST_VERSION = "lrn.forward_v1"
STYLE = {
    "font.size": 11,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}


class Point(NamedTuple):
    """What one kernel does for each element."""

    kernel: str
    instructions: float
    moved: float  # bytes between memory and the GPU, if its caches lose nothing
    requested: float  # bytes of all sectors that its warps ask for


def points(rows: dict[tuple[str, str], sass.Row]) -> list[Point]:
    """Return all kernels with a budget, and the first version of LRN, counted in PTX."""
    found = []
    for name in ("lrn.forward", FIRST_VERSION, *list(WORK)[1:]):
        row = cuda_counts.row(name)
        ways = [*row.counts.loads.values(), *row.counts.stores.values()]
        sectors = sum(traffic.sectors for traffic in ways)  # of global memory only
        instructions = rows[name, "sm_90"].instructions or row.instructions
        found.append(Point(name, instructions, row.bytes, 32 * sectors / row.elements))
    return found


def table(rows: dict[tuple[str, str], sass.Row]) -> str:
    """Return the Markdown table: the largest of all architectures, and two of them apart."""
    lines = [
        "| kernel | per | registers | instructions A100 / H100 | budget | bytes: needed / emulated "
        "| sectors a request, load / store |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, work in WORK.items():
        row, ours = cuda_counts.row(name), [rows[key] for key in rows if key[0] == name]
        executed = " / ".join(f"{rows[name, gpu].instructions:.0f}" for gpu in ("sm_80", "sm_90"))
        budget = " / ".join(f"{rows[name, gpu].budget:.0f}" for gpu in ("sm_80", "sm_90"))
        sectors = (
            max(t.sectors_per_request() for t in way.values() if t.sectors)
            for way in (row.counts.loads, row.counts.stores)
        )
        lines.append(
            f"| {name} | {work.of} | {max(r.registers for r in ours)} | {executed} | {budget} | "
            f"{work.bytes:g} / {row.bytes:.1f} | {' / '.join(f'{s:.1f}' for s in sectors)} |"
        )
    return "\n".join(lines)


def draw_roofs(axes: Axes) -> None:
    """What a GPU can execute in a second, where it must fetch a byte every x instructions."""
    x = np.geomspace(0.1, 40, 400)
    for name, (architecture, bandwidth, line) in GPUS.items():
        ridge = INSTRUCTIONS_PER_BYTE[architecture]
        axes.plot(x, bandwidth * np.minimum(x, ridge), line, color=INK, lw=1.6)
        above = name == "H100"
        height = bandwidth * ridge * (1.12 if above else 0.85)
        axes.text(38, height, name, ha="right", va="bottom" if above else "top")
    axes.set(yscale="log", ylabel="instructions\n(10$^{12}$ a second)", ylim=(0.2, 60))
    axes.set_yticks([1, 10], ["1", "10"])
    axes.text(0.5, 2.1, "memory is the limit", rotation=21, ha="center")
    axes.set_title("What a GPU could execute (published rates)")


def draw_kernels(axes: Axes, found: list[Point]) -> None:
    """Every kernel: what its warps ask for, and what memory must deliver."""
    for i, point in enumerate(found):
        near, far = point.instructions / point.requested, point.instructions / point.moved
        axes.plot([near, far], [i, i], color=FAINT, lw=3, zorder=1)
        asked = axes.plot(
            near, i, "s", mfc="none", mec=REQUESTED, mew=1.8, ms=10, label="asked for by warps"
        )
        moved = axes.plot(far, i, "o", color=MEMORY, ms=6, label="moved to or from memory")
    axes.set_yticks(range(len(found)), [point.kernel for point in found])
    axes.invert_yaxis()
    axes.figure.legend(handles=[*asked, *moved], loc="outside lower center", ncols=2)
    axes.set(xlabel="instructions per byte that is ...", xscale="log", xlim=(0.1, 40))
    axes.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    axes.set_title("What the kernels need (counted, not timed)")


def draw(found: list[Point]) -> None:
    """Write roofline.png."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 7), layout="constrained")
        roofs, kernels = figure.subplots(2, sharex=True, height_ratios=[2, 3.4])
        draw_roofs(roofs)
        draw_kernels(kernels, found)
        for axes in (roofs, kernels):
            axes.grid(axis="x")
            for architecture, _, line in GPUS.values():
                axes.axvline(INSTRUCTIONS_PER_BYTE[architecture], color=INK, lw=0.9, ls=line)
        figure.savefig(FOLDER / "roofline.png", dpi=150)


if __name__ == "__main__":
    rows = {(row.kernel, row.architecture): row for row in sass.rows()}
    draw(points(rows))
    print(table(rows))
