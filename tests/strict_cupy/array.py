"""An array that only CuPy's own ways lead to."""

import inspect
import operator
from typing import Any, NamedTuple

import numpy as np

from strict_cupy.devices import Device, current
from strict_cupy.names import METHODS
from strict_cupy.watch import synchronised


class Flags(NamedTuple):
    """What CuPy says of an array's memory; not whether it is writeable."""

    c_contiguous: bool
    f_contiguous: bool


class ndarray:
    """Stands in for cupy.ndarray. The numbers are in `_host`, where NumPy cannot see them."""

    __slots__ = ("_host", "_id")
    __array_ufunc__ = None  # NumPy's functions and operators refuse it
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, host: np.ndarray, device: int | None = None) -> None:
        self._host, self._id = host, current() if device is None else device

    # What CuPy refuses

    def __array__(self, *args: Any, **options: Any) -> np.ndarray:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __contains__(self, item: Any) -> bool:
        raise TypeError("`in` would compare element by element, and wait for each")

    # What waits for the GPU

    def get(self) -> np.ndarray:
        synchronised("get")
        return self._host.copy()

    def item(self) -> Any:
        synchronised("item")
        return self._host.item()

    def tolist(self) -> Any:
        synchronised("tolist")
        return self._host.tolist()

    def __bool__(self) -> bool:
        synchronised("bool")
        return bool(self._host)

    def __int__(self) -> int:
        synchronised("int")
        return int(self._host)

    def __float__(self) -> float:
        synchronised("float")
        return float(self._host)

    def __complex__(self) -> complex:
        synchronised("complex")
        return complex(self._host)

    def __format__(self, form: str) -> str:
        synchronised("format")
        return format(self._host if self._host.ndim else self._host.item(), form)

    def __repr__(self) -> str:
        synchronised("repr")
        return f"strict_cupy.{self._host!r}"

    # What does not

    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    shape = property(lambda self: self._host.shape)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    device = property(lambda self: Device(self._id))
    flags = property(lambda self: Flags(*(self._host.flags[f"{c}_CONTIGUOUS"] for c in "CF")))
    T = property(lambda self: wrapped(unwrapped(self).T))
    real = property(lambda self: wrapped(unwrapped(self).real))
    imag = property(lambda self: wrapped(unwrapped(self).imag))

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> "ndarray":
        parts = index if isinstance(index, tuple) else (index,)
        if any(isinstance(part, ndarray) and part.dtype == bool for part in parts):
            synchronised("mask")  # the size of the result is known on the GPU only
        return wrapped(np.asarray(unwrapped(self)[unwrapped(index)]))

    def __setitem__(self, index: Any, value: Any) -> None:
        unwrapped(self)[unwrapped(index)] = unwrapped(value)


def unwrapped(value: Any) -> Any:
    """Return what NumPy is to compute with; TypeError for an array that is not on this device."""
    if isinstance(value, ndarray):
        if value._id != current():
            raise ValueError(f"an array on cuda:{value._id} was used on cuda:{current()}")
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}: a host array among those of the GPU")
    if isinstance(value, tuple | list):
        return type(value)(map(unwrapped, value))
    return value


def wrapped(value: Any) -> Any:
    """Return what NumPy computed as arrays of the current device; scalars become 0-d arrays."""
    if isinstance(value, np.ndarray | np.generic | bool):
        return ndarray(np.asarray(value))
    return value


def checked(name: str, signature: str) -> Any:
    """Return a function that raises TypeError for arguments that CuPy's `name` would not take."""
    bind = inspect.signature(eval(f"lambda {signature}: None")).bind

    def check(*args: Any, **options: Any) -> None:
        try:
            bind(*args, **options)
        except TypeError as error:
            raise TypeError(f"cupy.{name}: {error}") from None

    return check


def _method(name: str) -> Any:
    check = checked(f"ndarray.{name}", METHODS[name])

    def method(self: ndarray, *args: Any, **options: Any) -> Any:
        check(*args, **options)
        options = {key: unwrapped(value) for key, value in options.items()}
        return wrapped(getattr(unwrapped(self), name)(*map(unwrapped, args), **options))

    return method


def _operator(function: Any, swapped: bool = False) -> Any:
    def method(self: ndarray, *others: Any) -> Any:
        operands = [unwrapped(self), *map(unwrapped, others)]
        return wrapped(function(*(operands[::-1] if swapped else operands)))

    return method


def _in_place(function: Any) -> Any:
    def method(self: ndarray, other: Any) -> ndarray:
        function(unwrapped(self), unwrapped(other))
        return self

    return method


for _name in METHODS:
    setattr(ndarray, _name, _method(_name))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor"):
    _function, _bare = getattr(operator, _name), _name.rstrip("_")
    setattr(ndarray, f"__{_bare}__", _operator(_function))
    setattr(ndarray, f"__r{_bare}__", _operator(_function, swapped=True))
    setattr(ndarray, f"__i{_bare}__", _in_place(getattr(operator, f"i{_bare}")))
for _name in ("matmul", "eq", "ne", "lt", "le", "gt", "ge", "neg", "pos", "abs", "invert"):
    setattr(ndarray, f"__{_name}__", _operator(getattr(operator, _name)))
