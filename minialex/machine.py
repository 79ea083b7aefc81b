"""What computed a run, for its config.json: another machine may round differently."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import minialex


def describe() -> dict[str, Any]:
    """Return versions, the kernel inside BLAS, the machine and the number of threads."""
    from threadpoolctl import threadpool_info

    from minialex import threads

    versions = {"minialex": minialex.__version__, "python": platform.python_version()}
    for package in ("numpy", "numba"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    blas = [f"{b['internal_api']} {b['version']} {b.get('architecture', '')}".strip()
            for b in threadpool_info() if b["user_api"] == "blas"]  # fmt: skip
    machine = {"system": platform.platform(), "processor": _processor(), "cores": os.cpu_count()}
    return {"versions": versions, "blas": blas, "machine": machine, "threads": threads.count()}


def _processor() -> str:
    """Return the name of the processor: Linux keeps it where `platform` does not look."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
