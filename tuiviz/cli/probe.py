"""tuiviz probe: an instance that tells every known mistake apart, and a script to fill in."""

from __future__ import annotations

import click

from core.errors import InputError
from tuiviz.cli.options import require_convention, say
from tuiviz.files.disk import shown


@click.command()
@click.option("-o", "output", required=True, metavar="OUT.npz", help="The file to write.")
@click.option("--steps", default=6, show_default=True, metavar="T", help="Time steps.")
@click.option("--hidden", default=7, show_default=True, metavar="H", help="Size of the state.")
@click.option("--tokens", default=5, show_default=True, metavar="C", help="Distinct tokens.")
@click.option("--convention", metavar="NAME", help="How the parameters are called and laid out.")
@click.option("--force", is_flag=True, help="Replace the files if they exist.")
def probe(
    output: str, steps: int, hidden: int, tokens: int, convention: str | None, force: bool
) -> None:
    """Write an instance on which every known mistake shows.

    Beside OUT.npz, OUT.py: fill in its bptt(), run it, and give OUT.npz to tuiviz check.
    """
    if not output.lower().endswith(".npz"):
        raise InputError(f"{shown(output)}: expected a file ending in .npz")
    require_convention(convention)
    from tuiviz.diagnosis.probe import make_probe
    from tuiviz.diagnosis.template import write_probe
    from tuiviz.files.conventions import OURS, Convention

    chosen = Convention.usual(OURS if convention is None else convention)
    script = write_probe(output, make_probe(steps, hidden, tokens), chosen, force=force)
    say(f"saved {shown(output)}: T = {steps}, H = {hidden}, C = {tokens}")
    say(f"fill in bptt() in {shown(script)}, run it, then: tuiviz check {shown(output)}")
