"""What CuPy has, as far as this project uses it: a name that is not listed here does not exist.

Each signature says which arguments CuPy takes; `test_strict_cupy.py` holds them against the CuPy
that is installed, where one is. To use another function of CuPy, look it up and add its line.
"""

FUNCTIONS = {
    "arange": "start, stop=None, step=1, dtype=None",
    "array": "obj, dtype=None, copy=True, order='K', subok=False, ndmin=0, *, blocking=False",
    "array_equal": "a1, a2, equal_nan=False",
    "asarray": "a, dtype=None, order=None, *, copy=None, blocking=False",
    "ascontiguousarray": "a, dtype=None",
    "broadcast_to": "array, shape",
    "concatenate": "tup, axis=0, out=None, *, dtype=None, casting='same_kind'",
    "copyto": "dst, src, casting='same_kind', where=None",
    "empty": "shape, dtype=float, order='C'",
    "empty_like": "prototype, dtype=None, order='K', subok=None, shape=None",
    "full": "shape, fill_value, dtype=None, order='C'",
    "lib.stride_tricks.as_strided": "x, shape=None, strides=None",
    "moveaxis": "a, source, destination",
    "ones": "shape, dtype=float, order='C'",
    "ones_like": "a, dtype=None, order='K', subok=None, shape=None",
    "pad": "array, pad_width, mode='constant', **kwargs",
    "stack": "tup, axis=0, out=None, *, dtype=None, casting='same_kind'",
    "take_along_axis": "a, indices, axis",
    "where": "condition, x=None, y=None",
    "zeros": "shape, dtype=float, order='C'",
    "zeros_like": "a, dtype=None, order='K', subok=None, shape=None",
    "matmul": "*args, axes=None, axis=None, keepdims=False, casting='same_kind', dtype=None, "
    "signature=None, order='K', out=None",
}  # fmt: skip

UFUNCS = (  # these take `out`, `dtype` and `casting`: no `where`
    "abs", "absolute", "add", "cos", "divide", "equal", "exp", "greater", "isfinite", "isinf",
    "isnan", "less", "log", "log1p", "logical_and", "logical_not", "logical_or", "maximum",
    "minimum", "multiply", "negative", "power", "sign", "sin", "sqrt", "subtract", "tanh",
)  # fmt: skip
UFUNC_OPTIONS = {"out", "dtype", "casting"}
REDUCING = ("add", "multiply")  # the only ufuncs with reduce and accumulate

METHODS = {
    "all": "axis=None, out=None, keepdims=False",
    "any": "axis=None, out=None, keepdims=False",
    "argmax": "axis=None, out=None, dtype=None, keepdims=False",
    "argmin": "axis=None, out=None, dtype=None, keepdims=False",
    "astype": "dtype, order='K', casting=None, subok=None, copy=True",
    "copy": "order='C'",
    "fill": "value",
    "max": "axis=None, out=None, keepdims=False",
    "mean": "axis=None, dtype=None, out=None, keepdims=False",
    "min": "axis=None, out=None, keepdims=False",
    "prod": "axis=None, dtype=None, out=None, keepdims=None",
    "ravel": "order='C'",
    "repeat": "repeats, axis=None",
    "reshape": "*shape, order='C', copy=None",
    "squeeze": "axis=None",
    "std": "axis=None, dtype=None, out=None, ddof=0, keepdims=False",
    "sum": "axis=None, dtype=None, out=None, keepdims=False",
    "swapaxes": "axis1, axis2",
    "transpose": "*axes",
    "var": "axis=None, dtype=None, out=None, ddof=0, keepdims=False",
}

CONSTANTS = (
    "bool_", "complex64", "complex128", "dtype", "e", "float32", "float64", "inf", "int8", "int32",
    "int64", "nan", "newaxis", "pi", "uint8", "uint32", "uint64",
)  # fmt: skip
