"""A machine with GPUs that are none: devices, the driver, and memory."""

import threading
from dataclasses import dataclass
from types import SimpleNamespace

from strict_cupy.watch import synchronised


@dataclass
class Machine:
    """What the stand-in says of the machine; a test may change it."""

    devices: int = 2
    driver: int = 13000  # the newest CUDA that the driver knows; 0: there is no driver
    wheel: int = 12090  # the CUDA that CuPy was built for
    memory: int = 8 << 30  # bytes of a GPU
    held: int = 0  # bytes that CuPy's pool has taken
    limit: int = 0  # bytes that the pool may take, where CUPY_GPU_MEMORY_LIMIT says so
    largest: int = 1 << 40  # bytes of the largest array that finds room


machine = Machine()
_thread = threading.local()  # the current device belongs to a thread, and is 0 in a new one


class CUDARuntimeError(RuntimeError):
    """What CUDA refuses."""


class OutOfMemoryError(MemoryError):
    """No room for an array."""


class Device:
    """A GPU; `with Device(1):` makes it the current one of this thread."""

    def __init__(self, device: int | None = None) -> None:
        self.id = current() if device is None else device

    def __enter__(self) -> "Device":
        if self.id >= machine.devices:
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        _stack().append(self.id)
        return self

    def __exit__(self, *exception: object) -> None:
        _stack().pop()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.id == other.id

    __hash__ = None  # type: ignore[assignment]  # as CuPy's

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id}>"

    @property
    def mem_info(self) -> tuple[int, int]:
        return machine.memory - machine.held, machine.memory

    def synchronize(self) -> None:
        synchronised("Device.synchronize")


def current() -> int:
    """Return the number of this thread's current device."""
    return _stack()[-1]


def make_room(nbytes: int) -> None:
    """Raise OutOfMemoryError for an array that is too large."""
    if nbytes > machine.largest:
        raise OutOfMemoryError(f"Out of memory allocating {nbytes:,} bytes")


def _stack() -> list[int]:
    if not hasattr(_thread, "stack"):
        _thread.stack = [0]
    return _thread.stack


def _device_count() -> int:
    if machine.devices == 0:
        raise CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
    return machine.devices


runtime = SimpleNamespace(
    CUDARuntimeError=CUDARuntimeError,
    driverGetVersion=lambda: machine.driver,
    runtimeGetVersion=lambda: machine.wheel,
    getDevice=current,
    getDeviceCount=_device_count,
    getDeviceProperties=lambda number: {"name": b"Stand-in"},
)
