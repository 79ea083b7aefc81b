"""Layers as readers write them, each with faults that can be switched on by name.

With no fault a layer is right; `MUTANTS` are all faults, each with an input on which a reader might
try it, and friendly where the fault then hides. `ON_ROWS` and `ON_PICTURES` are right layers that a
careless checker takes for wrong.
"""

from mutants import (
    activations,
    conv,
    conv_loops,
    dense,
    dropout,
    loss,
    lrn,
    norm,
    pool,
    pool_loops,
    smooth,
)
from mutants.case import Case, Mutant
from mutants.right_complex import LOSING
from mutants.right_pictures import ON_PICTURES
from mutants.right_unusual import UNUSUAL

FAMILIES = (
    conv, conv_loops, pool, pool_loops, lrn, activations, smooth, dropout, dense, norm, loss,
)  # fmt: skip
MUTANTS: tuple[Mutant, ...] = tuple(mutant for family in FAMILIES for mutant in family.MUTANTS)
ON_ROWS = {**LOSING, **UNUSUAL}

__all__ = ["FAMILIES", "MUTANTS", "ON_PICTURES", "ON_ROWS", "Case", "Mutant"]
