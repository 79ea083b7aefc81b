"""`minialex bench --device cuda`: the CUDA kernels and a training step, timed on a GPU."""

import importlib
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from statistics import median
from typing import Any

from minialex import gpu, tables
from minialex.backend import device, to_device, to_host
from minialex.bench import agreement, timing, work
from minialex.bench.contestants import Contestant, Minialex
from minialex.bench.peers import installed
from minialex.bench.peers_torch import Torch
from minialex.errors import InputError

ROUNDS, LAUNCHES, WARMUP, AHEAD = 11, 10, 3, 20
COPIED = 1 << 28  # bytes, by which the bandwidth is measured
NOTES = """\
GB/s: the bytes that a kernel must move, divided by its time; the share is that of a plain copy.
Ratio: the median over the rounds of this time divided by minialex's, above 1 where minialex is
faster. * marks PyTorch's faster layout. TF32 is off for all."""


def report(name: str, request: work.Request, rounds: int) -> dict[str, Any]:
    """Time everything on one GPU and print it; return it as JSON takes it.

    Raises
    ------
    InputError
        There is no such device, or it cannot be used.
    """
    with device(name):
        facts = gpu.describe(name)
        print(f"{name}: {', '.join(f'{key} {value}' for key, value in facts.items())}")
        cupy: Any = importlib.import_module("cupy")
        kernels = _kernels(cupy)
        steps = _steps(cupy, name, request, rounds)
    print(NOTES)
    return {"machine": facts, **kernels, "steps": steps}


def _kernels(cupy: Any) -> dict[str, Any]:
    """Time a plain copy, then each kernel."""
    from minialex.bench import gpu_cases

    source = cupy.zeros(COPIED // 4, cupy.float32)
    target = source.copy()
    bandwidth = 2 * COPIED / seconds(cupy, lambda: cupy.copyto(target, source))
    print(f"a copy within its memory moves {1e-9 * bandwidth:,.0f} GB/s")
    found = {}
    for kernel, make in gpu_cases.CASES.items():
        case = make(cupy, gpu_cases.BATCH)
        found[kernel] = {"seconds": seconds(cupy, case.launch), "bytes": case.bytes}
    rates = {kernel: row["bytes"] / row["seconds"] for kernel, row in found.items()}
    tables.show(("kernel", ">ms", ">MB", ">GB/s", ">of copy"), [
        (
            kernel, f"{1e3 * row['seconds']:.3f}", f"{1e-6 * row['bytes']:,.1f}",
            f"{1e-9 * rates[kernel]:,.0f}", tables.percent(rates[kernel] / bandwidth),
        )
        for kernel, row in found.items()
    ])  # fmt: skip
    return {"copy bytes a second": bandwidth, "kernels": found}


def seconds(cupy: Any, launch: Callable[[], None]) -> float:
    """Return the median time of a launch, by events that the GPU itself records.

    It copies something first, so that the launches are all queued when it comes to them: one after
    the other they would wait for the host, which needs longer for some than the GPU.
    """
    for _ in range(WARMUP):
        launch()
    source = cupy.zeros(COPIED // 4, cupy.float32)
    target, taken = source.copy(), []
    for _ in range(ROUNDS):
        for _ in range(AHEAD):
            cupy.copyto(target, source)
        begun, ended = cupy.cuda.Event(), cupy.cuda.Event()
        begun.record()
        for _ in range(LAUNCHES):
            launch()
        ended.record()
        ended.synchronize()
        taken.append(1e-3 * cupy.cuda.get_elapsed_time(begun, ended) / LAUNCHES)
    return median(taken)


def _steps(cupy: Any, name: str, request: work.Request, rounds: int) -> list[dict[str, Any]]:
    """Time a training step, or both passes of a layer alone, beside PyTorch."""
    case = work.make(request)
    peers = torch_on(name, case)
    moved = {field: to_device(getattr(case, field), name) for field in ("x", "gy")}
    labels = None if case.labels is None else to_device(case.labels, name)
    ours = OnGpu(timing.OURS, replace(case, network=case.network.to(name), labels=labels, **moved))
    contestants = [ours, *peers]
    agreement.check(contestants)
    phases = ("forward", "backward") if labels is None else ("step",)

    def clock() -> float:
        cupy.cuda.Device().synchronize()
        return time.perf_counter()

    rows = timing.rows(timing.measure(contestants, phases, rounds, clock=clock))
    print(f"\n{request.title}, batch {request.batch}")
    tables.show(("contestant", "phase", ">median ms", ">ratio"), [
        (row.contestant + " *" * row.best, row.phase, f"{1e3 * row.median:.2f}", f"{row.ratio:.2f}")
        for row in rows
    ])  # fmt: skip
    return [asdict(row) for row in rows]


class OnGpu(Minialex):
    """minialex on a GPU."""

    def found(self) -> dict[str, Any]:
        return {name: to_host(array) for name, array in super().found().items()}


class TorchOnGpu(Torch):
    """PyTorch on a GPU, eager, with cuDNN."""

    def as_ours(self, name: str, tensor: Any) -> Any:
        return super().as_ours(name, tensor.cpu())

    def _array(self, tensor: Any) -> Any:
        return super()._array(tensor.cpu())


def torch_on(name: str, case: work.Case) -> list[Contestant]:
    """Return PyTorch in both layouts; nobody where it cannot use this GPU."""
    torch: Any = importlib.import_module("torch") if installed("torch") else None
    if torch is None or not torch.cuda.is_available():
        print("PyTorch is not timed: it is not installed, or without CUDA")
        return []
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.benchmark = True  # a peer is shown at its best
    try:
        return torch_contestants(name, case)
    except InputError as error:  # a layer that it does not have
        print(f"PyTorch is not timed: {error}")
        return []


def torch_contestants(name: str, case: work.Case) -> list[Contestant]:
    """Return PyTorch in both layouts with its tensors on a device."""
    with importlib.import_module("torch").device(name):
        return [TorchOnGpu(peer, case) for peer in ("torch contiguous", "torch channels_last")]
