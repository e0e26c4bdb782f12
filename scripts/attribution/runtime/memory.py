"""Peak of a process's memory, also of one stretch of its work."""

import resource
import sys
from pathlib import Path

RESET, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def forget_peak() -> None:
    """Begin a stretch: on Linux the peak is then that of what follows, elsewhere of the whole process."""
    try:
        RESET.write_text("5")
    except OSError:
        pass  # no Linux, or not allowed


def resident() -> int:
    """Bytes that the process holds; 0 where that is not told, on other systems than Linux."""
    return _told("VmRSS") or 0


def peak() -> int:
    """Bytes of the peak since `forget_peak`."""
    found = _told("VmHWM")
    if found is not None:
        return found
    # Linux counts in kilobytes, macOS in bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _told(name: str) -> int | None:
    """Bytes of a line of the process's own status."""
    lines = STATUS.read_text().splitlines() if STATUS.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), None)
