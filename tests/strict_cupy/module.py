"""The module `cupy`: its functions, on arrays of the stand-in only."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from strict_cupy import devices
from strict_cupy.array import checked, ndarray, unwrapped, wrapped
from strict_cupy.names import CONSTANTS, FUNCTIONS, REDUCING, UFUNC_OPTIONS, UFUNCS
from strict_cupy.watch import uploaded

EMPTY = {"f": np.nan, "c": np.nan, "i": -77, "u": 77, "b": True}  # what new memory holds, by kind


class Namespace(SimpleNamespace):
    """A module that says which of its names CuPy lacks, or this project has not used so far."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"CuPy has no {self.__name__}.{name}, or names.py does not list it")


class PinnedMemory(bytearray):
    """Memory of the host that a GPU can read by itself."""


def empty_pinned(shape: Any, dtype: Any = float, order: str = "C") -> np.ndarray:
    """Return an uninitialised host array in pinned memory: cupyx.empty_pinned."""
    array = np.empty(shape, dtype, order)
    return np.frombuffer(PinnedMemory(array.nbytes), array.dtype).reshape(array.shape)


def _door(name: str) -> Any:
    """Return `asarray` or `array`, which take host arrays.

    A pinned one becomes read-only: the GPU may be reading it from now on.
    """
    check = checked(name, FUNCTIONS[name])

    def call(a: Any, dtype: Any = None, **options: Any) -> ndarray:
        check(a, dtype, **options)
        if isinstance(a, ndarray):
            return wrapped(getattr(np, name)(unwrapped(a), dtype))
        array = np.asarray(a)
        if array.ndim:  # a scalar travels with the call that fills the array
            is_pinned = isinstance(_owner(array), PinnedMemory)
            array.flags.writeable = array.flags.writeable and not is_pinned
            uploaded("pinned" if is_pinned else "pageable")
        return allocated(np.array(array, dtype, order="K"))

    return call


def allocated(host: np.ndarray) -> ndarray:
    """Return a new array of the current device; OutOfMemoryError where it has no room."""
    devices.make_room(host.nbytes)
    return ndarray(host)


def _owner(array: np.ndarray) -> Any:
    """Return the object that owns an array's memory."""
    owner: Any = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    return owner.obj if isinstance(owner, memoryview) else owner


def _function(name: str) -> Any:
    function: Any = np
    for part in name.split("."):
        function = getattr(function, part)
    check = checked(name, FUNCTIONS[name])

    def call(*args: Any, **options: Any) -> Any:
        check(*args, **options)
        options = {key: unwrapped(value) for key, value in options.items()}
        result = function(*map(unwrapped, args), **options)
        if name in ("empty", "empty_like"):
            result.fill(EMPTY[result.dtype.kind])
        if name in ("empty", "empty_like", "zeros", "zeros_like"):
            return allocated(result)
        return wrapped(result)

    return call


class Ufunc:
    """A function of every element, with what CuPy has of NumPy's options."""

    def __init__(self, name: str) -> None:
        self.__name__, self._ufunc = name, getattr(np, name)
        if name in REDUCING:
            self.reduce, self.accumulate = map(self._reduction, ("reduce", "accumulate"))

    def __call__(self, *args: Any, **options: Any) -> Any:
        if surplus := options.keys() - UFUNC_OPTIONS:
            raise TypeError(f"cupy.{self.__name__}: Wrong arguments {sorted(surplus)}")
        options = {key: unwrapped(value) for key, value in options.items()}
        result = self._ufunc(*map(unwrapped, args), **options)
        return args[self._ufunc.nin] if len(args) > self._ufunc.nin else wrapped(result)

    def _reduction(self, name: str) -> Any:
        def reduce(array: ndarray, axis: Any = 0, dtype: Any = None) -> Any:
            return wrapped(getattr(self._ufunc, name)(unwrapped(array), axis, dtype))

        return reduce


class Generator:
    """cupy.random.Generator: CuPy's has no normal, permutation, shuffle or choice."""

    def __init__(self, bit_generator: "Philox4x3210") -> None:
        self._rng = np.random.Generator(np.random.Philox(bit_generator.seed))

    def random(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> ndarray:
        return wrapped(self._rng.random(size, dtype, unwrapped(out)))


class Philox4x3210:
    """A random bit generator, whose state stays on the GPU: only its seed is known."""

    def __init__(self, seed: int | None = None, *, size: int = -1) -> None:
        self.seed = seed


def _namespace(name: str, **values: Any) -> Namespace:
    return Namespace(__name__=name, **values)


cupy = _namespace(
    "cupy",
    __version__="strict",
    ndarray=ndarray,
    random=_namespace("cupy.random", Generator=Generator, Philox4x3210=Philox4x3210),
    cuda=_namespace(
        "cupy.cuda",
        Device=devices.Device,
        runtime=devices.runtime,
        memory=SimpleNamespace(OutOfMemoryError=devices.OutOfMemoryError),
        get_current_stream=lambda: SimpleNamespace(ptr=0),
    ),
    lib=_namespace("cupy.lib", stride_tricks=_namespace("cupy.lib.stride_tricks")),
    get_default_memory_pool=lambda: SimpleNamespace(
        total_bytes=lambda: devices.machine.held, get_limit=lambda: devices.machine.limit
    ),
)
for _name in CONSTANTS:
    setattr(cupy, _name, getattr(np, _name))
for _name in UFUNCS:
    setattr(cupy, _name, Ufunc(_name))
for _name in FUNCTIONS:
    *_path, _last = _name.split(".")
    _home = cupy
    for _part in _path:
        _home = getattr(_home, _part)
    setattr(_home, _last, _function(_name))
cupy.asarray, cupy.array = map(_door, ("asarray", "array"))
cupyx = _namespace("cupyx", empty_pinned=empty_pinned)
