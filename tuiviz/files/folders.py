"""Where a person's own files of tuiviz are."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import InputError


def config_folder() -> Path:
    """$XDG_CONFIG_HOME/tuiviz, by default ~/.config/tuiviz; on Windows %APPDATA%/tuiviz.

    A relative $XDG_CONFIG_HOME counts as unset, as the XDG Base Directory Specification says.
    Raises InputError if no home folder is known.
    """
    base = os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/.config")
    if not os.path.isabs(base):
        raise InputError("no home folder is known: set XDG_CONFIG_HOME to a folder")
    return Path(base, "tuiviz")
