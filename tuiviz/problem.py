"""A file and the model options, made into what the debugger shows: θ, a sequence, its tape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from tuiviz.files.disk import StrPath, byte_size, shown
from tuiviz.files.text import Corpus, read_corpus
from tuiviz.files.visible import visible

if TYPE_CHECKING:
    from core.parameters import Parameters
    from core.tape import Tape
    from core.truncation import Truncation

LARGEST = 4 * 2**30
"""The most memory that the parameters and the tape may take, in bytes."""

HIDDEN, SEED = 4, 0


@dataclass(frozen=True)
class ModelOptions:
    """What the commands share. `hidden` and `seed` are None where nobody chose them."""

    level: str = "word"
    sequence: int = 1
    hidden: int | None = None
    seed: int | None = None
    activation: str = "tanh"
    weights: StrPath | None = None
    truncation: Truncation | None = None


@dataclass(frozen=True, eq=False)
class Problem:
    """A recorded sequence and where it comes from.

    `name` may be shown as it is. `vocabulary` has the tokens as the file has them; `labels` are
    made to be seen. `seed` is None where the parameters come from a file.
    """

    name: str
    level: str
    sequence: int
    vocabulary: tuple[str, ...]
    activation: str
    seed: int | None
    truncation: Truncation | None
    theta: Parameters
    tape: Tape

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Each token as a screen may show it."""
        return tuple(visible(token) for token in self.vocabulary)

    @cached_property
    def x(self) -> Any:
        """The tokens read, (T,) ids."""
        return self.tape.inputs["x"]

    @cached_property
    def y(self) -> Any:
        """The tokens that really follow, (T,) ids."""
        return self.tape.inputs["y"]

    @property
    def steps(self) -> int:
        """T."""
        return self.tape.steps

    def reads(self, t: int) -> str:
        """The label of x_t; nothing for a vector."""
        return self.labels[int(self.x[t])] if self.x.ndim == 1 else ""

    def follows(self, t: int) -> str:
        """The label of y_t."""
        return self.labels[int(self.y[t])]


def read_problem(path: StrPath, options: ModelOptions) -> Problem:
    """The problem of a text file.

    Raises InputError for everything that can be wrong with the file, the options and the weights,
    and for sizes that no memory holds, before any is taken.
    """
    corpus = read_corpus(path, options.level)
    x, y = corpus.sequence(options.sequence)
    theta = _parameters(corpus, options, len(x))
    from core.tape import record

    return Problem(
        name=corpus.name,
        level=options.level,
        sequence=options.sequence,
        vocabulary=corpus.vocabulary,
        activation=options.activation,
        seed=None if options.weights else _chosen(options.seed, SEED),
        truncation=options.truncation,
        theta=theta,
        tape=record(theta, x, y, activation=options.activation),
    )


def parse_truncation(text: str) -> Truncation:
    """`K2` stands for TBPTT(1, K2), `K1,K2` for TBPTT(K1, K2). Raises InputError otherwise."""
    from core.truncation import Truncation

    parts = text.split(",")
    try:
        numbers = [int(part) for part in parts]
        k1, k2 = [1, *numbers] if len(numbers) == 1 else numbers
    except ValueError:
        raise InputError(
            f'truncation "{visible(text)}": expected K2 or K1,K2, whole numbers of time steps'
        ) from None
    return Truncation(k1, k2)


def _parameters(corpus: Corpus, options: ModelOptions, steps: int) -> Parameters:
    size = len(corpus.vocabulary)
    if options.weights is not None:
        return _loaded(options.weights, options, size, steps)
    hidden, seed = _chosen(options.hidden, HIDDEN), _chosen(options.seed, SEED)
    if hidden < 1:
        raise InputError(f"--hidden {hidden}: expected 1 or more")
    if seed < 0:
        raise InputError(f"--seed {seed}: expected 0 or more")
    _check_memory(size, hidden, steps, "use a smaller --hidden or a shorter sequence")
    from core.parameters import Parameters

    return Parameters.random(inputs=size, hidden=hidden, outputs=size, seed=seed)


def _loaded(path: StrPath, options: ModelOptions, size: int, steps: int) -> Parameters:
    from core.parameters import NAMES, Parameters
    from tuiviz.files.weights import check_sizes, load_parameters

    theta = load_parameters(path)
    check_sizes(theta, size, path)
    # float32 too: what is saved in a trace must give the same numbers again.
    theta = Parameters(**{name: getattr(theta, name).astype("float64") for name in NAMES})
    if options.hidden not in (None, theta.hidden):
        raise InputError(
            f"--hidden {options.hidden}: {shown(path)} has H = {theta.hidden}; leave --hidden out"
        )
    if options.seed is not None:
        raise InputError("--seed and --weights: choose one; weights from a file have no seed")
    _check_memory(size, theta.hidden, steps, "use a shorter sequence")
    return theta


def _check_memory(size: int, hidden: int, steps: int, advice: str) -> None:
    numbers = hidden * (2 * size + hidden) + steps * (3 * hidden + 3 * size)
    needed = 2 * 8 * numbers  # once more for a gradient and its cotangents
    if needed > LARGEST:
        raise InputError(
            f"T = {steps}, H = {hidden}, C = {size} take {byte_size(needed)}, more than "
            f"{byte_size(LARGEST)}: {advice}"
        )


def _chosen(given: int | None, default: int) -> int:
    return default if given is None else given
