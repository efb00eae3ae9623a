"""Makes repeat-2.txt and repeat-20.txt beside this file: `python samples/make_repeat.py`.

In each line a block of n + 1 symbols, drawn by chance, comes again and again: what was read is to
be said again after n other symbols.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

SYMBOLS, LINES, SEED = "abcd", 100, 0
LENGTHS = {2: 24, 20: 63}
"""T + 1 by n."""


def lines(n: int, length: int) -> str:
    """The text for one n, a line of so many symbols for each block."""
    rng = np.random.default_rng(SEED)
    # not rng.integers, whose draws are not promised to stay the same
    blocks = (rng.random((LINES, n + 1)) * len(SYMBOLS)).astype(int)
    made = [" ".join(SYMBOLS[block[i % (n + 1)]] for i in range(length)) for block in blocks]
    return "\n".join(made) + "\n"


def main() -> None:
    for n, length in LENGTHS.items():
        path = Path(__file__).with_name(f"repeat-{n}.txt")
        path.write_text(lines(n, length), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
