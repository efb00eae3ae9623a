"""What a file holds by how its name ends, known before anything that reads it is loaded."""

from __future__ import annotations

import os

from tuiviz.files.disk import StrPath

NPZ, SAFETENSORS = ".npz", ".safetensors"

ARRAYS = (NPZ, SAFETENSORS)
"""What files of named arrays end in."""

PYTORCH = (".pt", ".pth", ".ckpt")
"""What PyTorch's own files end in; they are refused, with the line that converts them."""


def ending(path: StrPath) -> str:
    """What a name ends in: .npz; in small letters."""
    return os.path.splitext(os.fspath(path))[1].lower()
