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


def peak() -> int:
    """Bytes of the peak since `forget_peak`."""
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    # Linux counts in kilobytes, macOS in bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
