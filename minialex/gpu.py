"""The GPUs of a machine: choosing one, and saying what is missing where none can be used."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from minialex.errors import InputError
from minialex.limits import check_device

# How CUDA's libraries say that a GPU's memory is full. CuPy's own arrays raise a MemoryError.
FULL = ("CUBLAS_STATUS_ALLOC_FAILED", "CUDA_ERROR_OUT_OF_MEMORY", "cudaErrorMemoryAllocation")


def device(name: str) -> Any:
    """Return CuPy's device "cuda", "cuda:1", ...; as a context, it is where arrays are made.

    Raises
    ------
    InputError
        There is no such device, or it cannot be used: the message says what is missing.
    """
    return _cupy(name).cuda.Device(_number(name))


@contextmanager
def on(device: Any) -> Iterator[None]:
    """Make arrays on a device; memory that is full is a MemoryError, whoever finds it so."""
    with device:
        try:
            yield
        except Exception as error:  # each library has errors of its own
            if any(code in str(error) for code in FULL):
                raise MemoryError(str(error)) from error
            raise


def memory(name: str) -> tuple[int, int]:
    """Return how many bytes of a GPU this process has or could take, and how many there are.

    CUPY_GPU_MEMORY_LIMIT may allow it less than there are.
    """
    with device(name) as chosen:
        free, total = chosen.mem_info
        pool = sys.modules["cupy"].get_default_memory_pool()
        return min(free + pool.total_bytes(), pool.get_limit() or total), total


def describe(name: str) -> dict[str, str]:
    """Return the GPU's name and the versions of what drives it, for a run's config.json."""
    cupy = _cupy(name)
    runtime = cupy.cuda.runtime
    properties = runtime.getDeviceProperties(_number(name))
    versions = {"cuda": _version(runtime.driverGetVersion()), "cupy": cupy.__version__}
    return {"gpu": properties["name"].decode(), **versions}


def _number(name: str) -> int:
    return int(name.partition(":")[2] or 0)


def _cupy(name: str) -> ModuleType:
    """Return CuPy where it can use this GPU."""
    check_device(name)
    try:
        import cupy
    except ImportError as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(
            f"device={name} needs CuPy, which cannot be imported ({reason}): pip install "
            "'minialex[cuda13]', or 'minialex[cuda12]' where the driver is older"
        ) from None
    runtime = cupy.cuda.runtime
    driver, wheel = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    if driver == 0:
        raise InputError(
            f"device={name}: this machine has no NVIDIA driver. Install one, or use device cpu"
        )
    if driver // 1000 < wheel // 1000:
        raise InputError(
            f"device={name}: the driver goes up to CUDA {_version(driver)}, and the installed CuPy "
            f"is for CUDA {_version(wheel)}. Install a newer driver, or the CuPy of "
            f"'minialex[cuda{driver // 1000}]' in place of this one"
        )
    try:
        count = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        raise InputError(f"device={name}: the driver finds no GPU ({error})") from None
    if _number(name) >= count:
        known = " and ".join(f"cuda:{i}" for i in range(count)) or "no GPU"
        raise InputError(f"device={name}: this machine has {known} (see CUDA_VISIBLE_DEVICES)")
    return cupy


def _version(number: int) -> str:
    """Return CUDA's 12090 as "12.9".

    >>> _version(12090)
    '12.9'
    """
    return f"{number // 1000}.{number % 1000 // 10}"
