"""Makes the weights beside this file: `python samples/make_weights.py`, with tuiviz installed.

Both fit sample.txt (6 words), with H = 8. An orthogonal matrix keeps lengths, so with W = ρ times
one, ∂s_j/∂s_{j−1} = diag(1 − s_j²) W makes a gradient ρ times as long, or less where tanh is flat.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.parameters import Parameters
from tuiviz.files.weights import save_parameters

WORDS, HIDDEN, SEED = 6, 8, 0
Matrix = NDArray[np.float64]


def vanishing() -> Parameters:
    """W = 0.02 × orthogonal: a gradient loses at least a factor of 50 with each step back."""
    rng = np.random.default_rng(SEED)
    return Parameters(
        U=0.7 * spread(rng, HIDDEN, WORDS),
        W=0.02 * orthogonal(rng, HIDDEN),
        V=0.7 * spread(rng, WORDS, HIDDEN),
    )


def exploding() -> Parameters:
    """W = 20 × orthogonal in the last four units, which U hardly touches; 0.5 × in the first four.

    An ordinary W this large would saturate tanh, and 1 − s² would take back what W gives. Here the
    first four units hold ordinary states; the last four stay near 0, where tanh is steepest, and
    wait for any change in them to grow twentyfold with each step.
    """
    rng = np.random.default_rng(SEED)
    quiet = HIDDEN // 2
    U = 0.7 * spread(rng, HIDDEN, WORDS)
    U[quiet:] *= 1e-7
    W = np.zeros((HIDDEN, HIDDEN))
    W[:quiet, :quiet] = 0.5 * orthogonal(rng, quiet)
    W[quiet:, quiet:] = 20 * orthogonal(rng, HIDDEN - quiet)
    return Parameters(U=U, W=W, V=0.7 * spread(rng, WORDS, HIDDEN))


def orthogonal(rng: np.random.Generator, size: int) -> Matrix:
    """A product of `size` reflections I − 2 v vᵀ / vᵀv.

    Sums by math.fsum: those of a matrix product or of LAPACK depend on the processor, and these
    files are to be the same to the last bit on any machine.
    """
    rows = np.eye(size).tolist()
    for _ in range(size):
        v = spread(rng, size).tolist()
        square = math.fsum(a * a for a in v)
        for row in rows:
            along = 2 * math.fsum(a * b for a, b in zip(row, v, strict=True)) / square
            row[:] = [a - along * b for a, b in zip(row, v, strict=True)]
    return np.array(rows)


def spread(rng: np.random.Generator, *shape: int) -> Matrix:
    """Uniform in ±1. Not rng.uniform, which some processors round once where others do twice."""
    return 2 * rng.random(shape) - 1


def main() -> None:
    folder = Path(__file__).parent
    save_parameters(folder / "vanishing.safetensors", vanishing(), force=True)
    save_parameters(folder / "exploding.safetensors", exploding(), force=True)


if __name__ == "__main__":
    main()
