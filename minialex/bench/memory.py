"""How much memory this process holds, and held at most."""

import sys
from pathlib import Path


def peak_bytes() -> int | None:
    """Return the most memory that this process ever held; None where nothing tells (Windows).

    On Linux from /proc: there `ru_maxrss` starts at that of the process that started this one.
    """
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    return _linux_status("VmHWM")


def resident_bytes() -> int | None:
    """Return the memory that this process holds now; where only the peak is known, the peak."""
    return peak_bytes() if sys.platform == "darwin" else _linux_status("VmRSS")


def _linux_status(field: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(field)), None)
