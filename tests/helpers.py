"""What tests share: where the project lies, and the environment of a process that runs its scripts."""

import os
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "scripts"


def script_environment(**variables: str) -> dict[str, str]:
    """This process's environment with every folder of scripts on the path of Python, and further variables."""
    folders = [str(SCRIPTS), *(str(path) for path in sorted(SCRIPTS.iterdir()) if path.is_dir())]
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders)} | variables
