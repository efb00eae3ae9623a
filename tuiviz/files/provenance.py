"""Where trained weights come from: text, vocabulary, options and state, kept inside their file."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.errors import InputError
from tuiviz.files.arrays import read_metadata
from tuiviz.files.disk import StrPath, shown
from tuiviz.files.trace_format import Count, Index, TruncationFormat
from tuiviz.files.visible import visible

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


class _Object(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An object with these fields and no others."""


class TextFormat(_Object):
    """What was read: `digest` is of its tokens; `sequence` is null where all lines were."""

    name: str
    digest: str
    level: Literal["word", "char"]
    sequence: Count | None


class ModelFormat(_Object):
    """The network, and where its first parameters came from: a seed, or the θ of that digest."""

    cell: Literal["rnn"]
    activation: Literal["tanh", "relu", "sigmoid", "identity"]
    hidden: Count
    seed: Index
    theta: str | None


class ClipFormat(_Object):
    """The limit of each entry, or of the norm."""

    by: Literal["value", "norm"]
    limit: Positive


class SgdFormat(_Object):
    """How the steps were taken; `rate` is the learning rate of the first."""

    rate: NotNegative
    order: Literal["file", "shuffled"]
    halve: bool
    clip: ClipFormat | None
    truncation: TruncationFormat | None


class StateFormat(_Object):
    """Where training stands, beside θ itself."""

    step: Index
    rate: NotNegative
    epoch_loss: float
    last_epoch_loss: float | None


class Provenance(_Object):
    """What makes trained weights again, and what goes on from them."""

    format: Literal["tuiviz-weights"]
    version: Literal[1]
    tuiviz: str
    numpy: str
    text: TextFormat
    vocabulary: Annotated[list[str], Meta(min_length=1)]
    unknown: str | None
    model: ModelFormat
    sgd: SgdFormat
    state: StateFormat

    def to_json(self) -> str:
        """As it stands in the file."""
        return msgspec.json.encode(self).decode()


def read_provenance(path: StrPath) -> Provenance | None:
    """What the weights of a file say about themselves; None for weights that `train` did not make.

    Raises InputError for a file that cannot be read, and for metadata that is not what it should
    be.
    """
    content = read_metadata(path)
    if content is None:
        return None
    try:
        found = msgspec.json.decode(content, type=Provenance)
        if len(set(found.vocabulary)) != len(found.vocabulary):
            raise msgspec.ValidationError("the same token twice - at `$.vocabulary`")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{shown(path)}: its metadata is damaged ({visible(str(error))}); train again"
        ) from error
    return found
