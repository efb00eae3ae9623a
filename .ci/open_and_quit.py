"""Runs a command that opens the debugger, on a terminal of its own, and quits with q."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from terminal import on_terminal

code, written = on_terminal(["sh", "-c", sys.argv[1]], keys="q", after="\x1b[?1049h", patience=180)
print(f"the debugger opened, and ended with {code}" if "\x1b[?1049h" in written else written)
sys.exit(code)
