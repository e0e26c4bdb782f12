"""What docs/write_pages.py writes into pages: tables of results and settings, targets, the graph, the folders."""

import sys
from pathlib import Path

# of methods the pages know what the workflow knows
sys.path.append(str(Path(__file__).parent.parent.parent / "scripts"))
