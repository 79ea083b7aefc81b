"""What each arithmetic instruction computes: its name, and a line of NumPy.

The names are those of PTX without what says nothing new: `.rn` is how NumPy rounds, `.ftz` is done
in decode.py, and the type chooses the table. An instruction that is not here is refused. Bit
patterns of the operands are already viewed as the instruction's type, and NumPy's integers wrap
around as those of a GPU do.
"""

from collections.abc import Callable

import numpy as np

from ptx.integers import (
    field,
    high_half,
    quotient,
    shifted_left,
    shifted_right,
    wide,
    with_field,
)
from ptx.rounding import (
    approximate,
    approximate_log2,
    approximate_quotient,
    multiply_add,
    multiply_add_down,
)

Table = dict[str, Callable[..., np.ndarray]]
double = np.float64  # numbers in enough precision to round or disturb afterwards

FLOAT: Table = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "fma": multiply_add,
    "fma.rm": multiply_add_down,
    "div": lambda a, b: a / b,
    "div.approx": approximate_quotient,
    "div.full": lambda a, b: approximate("div", double(a) / double(b)),
    "rcp": lambda a: 1 / a,
    "rcp.approx": lambda a: approximate("rcp", 1 / double(a)),
    "sqrt": np.sqrt,
    "sqrt.approx": lambda a: approximate("sqrt", np.sqrt(double(a))),
    "rsqrt.approx": lambda a: approximate("rsqrt", 1 / np.sqrt(double(a))),
    "ex2.approx": lambda a: approximate("ex2", np.exp2(double(a))),
    "lg2.approx": approximate_log2,
    "neg": lambda a: -a,
    "abs": np.abs,
    "min": np.fmin,  # of a number and a NaN: the number
    "max": np.fmax,
    "min.NaN": np.minimum,  # of a number and a NaN: the NaN
    "max.NaN": np.maximum,
}

FLOAT32_ONLY = {name for name in FLOAT if name.startswith("fma") or "approx" in name}

INTEGER: Table = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul.lo": lambda a, b: a * b,
    "mul.hi": high_half,
    "mul.wide": lambda a, b: wide(a) * wide(b),
    "mad.lo": lambda a, b, c: a * b + c,
    "mad.wide": lambda a, b, c: wide(a) * wide(b) + c,
    "div": quotient,
    "rem": lambda a, b: a - quotient(a, b) * b,  # has the sign of a
    "neg": lambda a: -a,
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
    "shl": shifted_left,
    "shr": shifted_right,
    "bfe": field,
    "bfi": with_field,
}

BITS: Table = {  # of integers, and of predicates
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.invert,
}


def operand_types(name: str, dtype: np.dtype, count: int) -> list[np.dtype]:
    """Return the types of the operands: mostly that of the instruction."""
    types = [dtype] * count
    if name == "mad.wide":
        types[2] = wide(np.empty(1, dtype)).dtype
    for i in POSITIONS.get(name, ()):
        types[i] = np.dtype(np.uint32)
    return types


POSITIONS = {"shl": [1], "shr": [1], "bfe": [1, 2], "bfi": [2, 3]}  # and numbers of bits
