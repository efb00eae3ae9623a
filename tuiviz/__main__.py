"""The command tuiviz, and python -m tuiviz."""

from __future__ import annotations

import gc


def main() -> None:
    """Loads the command line, and runs it; see `tuiviz.cli.main`."""
    gc.disable()  # 3 ms of start: what is loaded here stays
    from tuiviz import cli

    gc.freeze()
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
