"""PTX types as NumPy knows them."""

import numpy as np

# u: unsigned, s: signed, b: just bits, f: floating point. A predicate is one bit.
DTYPES = {
    "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "u64": np.uint64,
    "s8": np.int8, "s16": np.int16, "s32": np.int32, "s64": np.int64,
    "b8": np.uint8, "b16": np.uint16, "b32": np.uint32, "b64": np.uint64,
    "f32": np.float32, "f64": np.float64, "pred": np.bool_,
}  # fmt: skip
DTYPES = {name: np.dtype(dtype) for name, dtype in DTYPES.items()}


def bits_of(dtype: np.dtype) -> np.dtype:
    """Return the unsigned type of this width; a predicate is itself."""
    return dtype if dtype.kind == "b" else np.dtype(f"u{dtype.itemsize}")
