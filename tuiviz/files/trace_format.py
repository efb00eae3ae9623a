"""The trace, version 1: one JSON object, as types; its JSON Schema is made from them.

Every float64 survives the round trip bit for bit. JSON has no NaN and no infinity: they are the
strings "NaN", "Infinity" and "-Infinity" in the number's place, as in the protobuf JSON mapping.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tuiviz.numbers import LARGEST_WHOLE

VERSION = 1

LIMIT = 2**30
"""The largest trace that is written or read, in bytes."""

Number = float | Literal["NaN", "Infinity", "-Infinity"]
Vector = list[Number]
Matrix = list[Vector]
Count = Annotated[int, Meta(ge=1, le=LARGEST_WHOLE)]
Index = Annotated[int, Meta(ge=0, le=LARGEST_WHOLE)]


class _Object(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An object with these fields and no others."""


class Source(_Object):
    """Where the text comes from; `sequence` counts from 1."""

    name: str
    sequence: Count
    level: Literal["word", "char"]


class TruncationFormat(_Object):
    """TBPTT(k1, k2), in time steps."""

    k1: Count
    k2: Count


class Model(_Object):
    """The network; `seed` is null where the parameters come from a file."""

    cell: Literal["rnn"]
    activation: Literal["tanh", "relu", "sigmoid", "identity"]
    hidden: Count
    seed: Index | None
    truncation: TruncationFormat | None


class ParametersFormat(_Object):
    """U (H, D), W (H, H), V (C, H), b (H), c (C); or a gradient of their shapes."""

    U: Matrix
    W: Matrix
    V: Matrix
    b: Vector
    c: Vector


class Values(_Object):
    """a, s (T, H); z, yhat (T, C); E (T)."""

    a: Matrix
    s: Matrix
    z: Matrix
    yhat: Matrix
    E: Vector


class MatrixTerm(_Object, omit_defaults=True):
    """One term of ∂E_t/∂θ: what step k contributes; `kept` by the truncation, or dropped."""

    k: Index
    norm: Number
    kept: bool
    value: Matrix | None = None


class VectorTerm(_Object, omit_defaults=True):
    """The same, of b or c."""

    k: Index
    norm: Number
    kept: bool
    value: Vector | None = None


class TermsFormat(_Object):
    """U, W, b: k from t down to 0; V, c: the one term k = t."""

    U: list[MatrixTerm]
    W: list[MatrixTerm]
    V: list[MatrixTerm]
    b: list[VectorTerm]
    c: list[VectorTerm]


class Adjoints(_Object):
    """Row k: ∂E_t/∂a_k, ∂E_t/∂s_k, (t + 1, H) each."""

    a: Matrix
    s: Matrix


class ErrorFormat(_Object):
    """E_t sent back on its own."""

    t: Index
    gradient: ParametersFormat
    adjoints: Adjoints
    terms: TermsFormat


class Trace(_Object):
    """A recorded forward pass and its gradients, under the truncation."""

    format: Literal["tuiviz-trace"]
    version: Literal[1]
    source: Source
    vocabulary: list[str]
    model: Model
    parameters: ParametersFormat
    initial_state: Vector
    x: list[Index]
    y: list[Index]
    values: Values
    loss: Number
    gradient: ParametersFormat
    errors: list[ErrorFormat]


def schema() -> dict[str, Any]:
    """The JSON Schema, draft 2020-12."""
    made = msgspec.json.schema(Trace)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def schema_text() -> str:
    """The JSON Schema as it stands in trace.schema.json."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode() + "\n"


if __name__ == "__main__":  # python -m tuiviz.files.trace_format > tuiviz/files/trace.schema.json
    sys.stdout.write(schema_text())
