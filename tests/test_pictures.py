"""The pictures in docs/ show the screen as it is. If they do not: python docs/make_pictures.py"""

from __future__ import annotations

import asyncio
import html
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parent.parent / "docs"
MADE = runpy.run_path(str(DOCS / "make_pictures.py"))
PICTURES = {picture.name: picture for picture in MADE["PICTURES"]}
LARGEST = 150_000
"""In bytes: a page with a picture should open at once."""


def texts(svg: str) -> list[str]:
    """What is written in a picture, piece by piece; colours and the frame are left out."""
    return [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def test_every_picture_is_made_by_the_command() -> None:
    assert {path.stem for path in DOCS.glob("*.svg")} == {*PICTURES}


@pytest.mark.parametrize("name", [*PICTURES])
def test_a_picture_is_up_to_date_and_small(name: str) -> None:
    kept = (DOCS / f"{name}.svg").read_text("utf-8")
    fresh: Any = asyncio.run(MADE["take"](PICTURES[name]))
    assert texts(kept) == texts(fresh)
    assert "∂E" in "".join(texts(kept))
    assert len(kept.encode()) < LARGEST
