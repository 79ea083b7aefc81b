"""Computes the table of docs/gradcheck.md: seven of the known-wrong layers of tests/mutants.

python docs/gradcheck/table.py
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "tests"))

import mutant_table
from mutants import MUTANTS

ROWS = {  # a row -> the mutants in it
    "max-pool `gx =` for `gx +=`, windows 2, stride 2": [
        "max-pool: gx = in place of += (windows 2, stride 2)",
    ],
    "the same, windows 3, stride 2 (AlexNet's)": [
        "max-pool: gx = in place of += (windows 3, stride 2)",
    ],
    "conv, `gb` of image 0 only: N = 1 / N = 2": [
        "conv: gb of image 0 only (N = 1)",
        "conv: gb of image 0 only (N = 2)",
    ],
    "conv, gradient in rows that no window reaches: there are none / 6 x 6, stride 2": [
        "conv: first row's gradient in rows left over (exact tiles)",
        "conv: first row's gradient in rows left over (6x6, stride 2)",
    ],
    "ReLU that ignores gy": ["ReLU: ignores gy"],
    "LRN without its neighbour term, alpha 1e-4": ["LRN: no neighbour term (alpha 1e-4)"],
    "the same, activations times 0.1": ["LRN: no neighbour term (alpha 1e-4, x times 0.1)"],
}
OURS, *OTHERS = mutant_table.COLUMNS


def table() -> str:
    """Return it in Markdown."""
    by_name = {mutant.name: mutant for mutant in MUTANTS}
    lines = []
    for row, names in ROWS.items():
        ours, *others = zip(*(mutant_table.row(by_name[name]) for name in names), strict=True)
        lines.append((row, *map(" / ".join, [*others[1:], others[0], ours])))
    head = ("wrong backward", *OTHERS[1:], OTHERS[0], OURS)
    return mutant_table.table(head, lines)


if __name__ == "__main__":
    print(table())
