"""A file and the model options, made into what the debugger shows: θ, a sequence, its tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import InputError
from core.records import Record
from tuiviz.files.disk import StrPath, byte_size, shown
from tuiviz.files.text import Corpus, normalized, read_corpus
from tuiviz.files.visible import visible
from tuiviz.numbers import LARGEST_WHOLE

if TYPE_CHECKING:
    from core.diagnosis.report import Report
    from core.parameters import Parameters
    from core.tape import Tape
    from core.truncation import Truncation

T = TypeVar("T")

LARGEST = 4 * 2**30
"""The most memory that the parameters and the tape may take, in bytes."""

LEVEL, SEQUENCE, HIDDEN, SEED, ACTIVATION = "word", 1, 4, 0, "tanh"


class ModelOptions(Record):
    """What the commands share; None where nobody chose.

    say: told by which names weights were read, where these are not ours.
    """

    level: str | None = None
    sequence: int | None = None
    hidden: int | None = None
    seed: int | None = None
    activation: str | None = None
    weights: StrPath | None = None
    unknown: str | None = None
    convention: str | None = None
    truncation: Truncation | None = None
    say: Callable[[str], None] | None = field(default=None, compare=False)


class Problem(Record, eq=False):
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
    report: Report | None = None  # on gradients that somebody computed

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

    def axis_labels(
        self, axes: tuple[str, ...], shape: tuple[int, ...]
    ) -> tuple[tuple[str, ...], ...]:
        """The names along each axis: tokens for x and the readout, numbers for the units."""
        return tuple(self._axis(name, size) for name, size in zip(axes, shape, strict=True))

    def _axis(self, name: str, size: int) -> tuple[str, ...]:
        from core.program import Stage, symbol

        if name == "E":
            return ("",)
        program = self.tape.program
        tokens = name == "x" or program.stages[program.lines[name]] is Stage.AFTER
        if tokens and len(self.labels) == size:
            return self.labels
        return tuple(f"{symbol(name)}[{unit}]" for unit in range(size))


def read_problem(path: StrPath, options: ModelOptions) -> Problem:
    """The problem of a text file.

    Raises InputError for everything that can be wrong with the file, the options and the weights,
    and for sizes that no memory holds, before any is taken.
    """
    corpus, options = read_text(path, options)
    sequence = chosen(options.sequence, SEQUENCE)
    x, y = corpus.sequence(sequence)
    theta = parameters(corpus, options, len(x))
    activation = chosen(options.activation, ACTIVATION)
    from core.tape import record

    return Problem(
        name=corpus.name,
        level=corpus.level,
        sequence=sequence,
        vocabulary=corpus.vocabulary,
        activation=activation,
        seed=None if options.weights else chosen(options.seed, SEED),
        truncation=options.truncation,
        theta=theta,
        tape=record(theta, x, y, activation=activation),
    )


def read_text(path: StrPath, options: ModelOptions) -> tuple[Corpus, ModelOptions]:
    """The corpus of a text, by the vocabulary of trained weights if there are any.

    The options come back with the level and the activation of these weights. Raises InputError for
    what is wrong with the text or the weights, and for options that contradict the weights.
    """
    saved = None
    if options.weights is not None:
        from tuiviz.files.provenance import read_provenance

        saved = read_provenance(options.weights)
    if saved is None:
        if options.unknown is not None:
            raise InputError("--unknown needs --weights that tuiviz train made, with a vocabulary")
        return read_corpus(path, chosen(options.level, LEVEL)), options
    for name, trained in (("level", saved.text.level), ("activation", saved.model.activation)):
        if (given := getattr(options, name)) not in (None, trained):
            raise InputError(
                f"--{name} {visible(given)}: {shown(options.weights or '')} was trained with "
                f"{trained}; leave --{name} out"
            )
    unknown = None if options.unknown is None else normalized(options.unknown)
    corpus = read_corpus(path, saved.text.level).in_vocabulary(tuple(saved.vocabulary), unknown)
    return corpus, replace(
        options, level=saved.text.level, activation=saved.model.activation, unknown=unknown
    )


def problem_of_tape(
    tape: Tape, name: str, vocabulary: Sequence[str] | None = None, report: Report | None = None
) -> Problem:
    """A recorded tape; its tokens are their numbers, unless there is a vocabulary.

    Raises InputError for a vocabulary of another size.
    """
    size = tape.values["z"].shape[-1]
    if vocabulary is not None and len(vocabulary) != size:
        raise InputError(f"the vocabulary has {len(vocabulary)} tokens; expected C = {size}")
    return Problem(
        name=name,
        level="word",
        sequence=1,
        vocabulary=tuple(vocabulary or map(str, range(size))),
        activation=tape.program.cell.activation,
        seed=None,
        truncation=None,
        theta=tape.theta,
        tape=tape,
        report=report,
    )


def parse_truncation(text: str, called: str = "--truncate") -> Truncation:
    """`K2` stands for TBPTT(1, K2), `K1,K2` for TBPTT(K1, K2).

    Raises InputError otherwise, by the name that it is `called` where it was typed.
    """
    from core.truncation import Truncation

    parts = text.split(",")
    try:
        numbers = [int(part) for part in parts]
        k1, k2 = [1, *numbers] if len(numbers) == 1 else numbers
        if not (1 <= k1 <= LARGEST_WHOLE and 1 <= k2 <= LARGEST_WHOLE):
            raise ValueError
    except ValueError:
        raise InputError(
            f"{called} {visible(text)}: expected K2 or K1,K2, whole numbers of time steps from 1 up"
        ) from None
    return Truncation(k1, k2)


def check_memory(size: int, hidden: int, steps: int, advice: str) -> None:
    """Raises InputError if a tape of T = `steps` and its parameters take more than LARGEST."""
    of_size, of_hidden = steps * 3 * size, hidden * (2 * size + hidden) + steps * 3 * hidden
    needed = 2 * 8 * (of_size + of_hidden)  # once more for a gradient and its cotangents
    if needed > LARGEST:
        if of_size > of_hidden:
            advice = "use a shorter sequence, or one of fewer distinct tokens"
        raise InputError(
            f"T = {steps}, H = {hidden}, C = {size} take {byte_size(needed)}, more than "
            f"{byte_size(LARGEST)}: {advice}"
        )


def parameters(corpus: Corpus, options: ModelOptions, steps: int) -> Parameters:
    """θ, drawn or loaded, for sequences of at most T = `steps`.

    Raises InputError for sizes and seeds that cannot be, and weights that do not fit the text.
    """
    size = len(corpus.vocabulary)
    if options.weights is not None:
        return _loaded(options.weights, options, size, steps)
    from core.parameters import Parameters

    if options.convention is not None:
        raise InputError("--convention needs --weights, whose names and layout it tells")
    hidden, seed = chosen(options.hidden, HIDDEN), chosen(options.seed, SEED)
    if hidden < 1:
        raise InputError(f"--hidden {hidden}: expected 1 or more")
    if not 0 <= seed <= LARGEST_WHOLE:
        raise InputError(f"--seed {seed}: expected 0 to {LARGEST_WHOLE}")
    check_memory(size, hidden, steps, "use a smaller --hidden or a shorter sequence")
    return Parameters.random(inputs=size, hidden=hidden, outputs=size, seed=seed)


def _loaded(path: StrPath, options: ModelOptions, size: int, steps: int) -> Parameters:
    from core.parameters import NAMES, Parameters
    from tuiviz.files.conventions import OURS
    from tuiviz.files.weights import check_sizes, load_recognised

    convention, theta = load_recognised(path, options.convention)
    if options.say and convention.name != OURS:
        options.say(f"names: {convention}")
    check_sizes(theta, size, path)
    # float32 too: what is saved in a trace must give the same numbers again.
    theta = Parameters(**{name: getattr(theta, name).astype("float64") for name in NAMES})
    if options.hidden not in (None, theta.hidden):
        raise InputError(
            f"--hidden {options.hidden}: {shown(path)} has H = {theta.hidden}; leave --hidden out"
        )
    if options.seed is not None:
        raise InputError("--seed and --weights: choose one; weights from a file have no seed")
    check_memory(size, theta.hidden, steps, "use a shorter sequence")
    return theta


def chosen(given: T | None, default: T) -> T:
    """What was given, or the default where nobody chose."""
    return default if given is None else given
