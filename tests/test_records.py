"""A record behaves as the frozen dataclass of the same fields does."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from inspect import signature
from typing import Any, ClassVar

import pytest

from core.records import Record


class Base(Record):
    kind: ClassVar[str] = "not a field"
    x: int


class Point(Base):
    y: int = 2
    tags: list[str] = field(default_factory=list)
    kept: dict[str, int] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class OfDataclass:
    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list)
    kept: dict[str, int] = field(default_factory=dict, repr=False, compare=False)


class Pair(Record):
    x: int
    y: int = 2


class Own(Record, eq=False):
    x: int


class Positive(Record):
    x: int

    def __post_init__(self) -> None:
        if self.x <= 0:
            raise ValueError(f"expected a positive number, not {self.x}")


GIVEN: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, 5), {}),
    ((), {"x": 1}),
    ((1,), {"y": 5, "tags": ["a"]}),
    ((1, 5, ["a"], {"k": 1}), {}),
]
WRONG: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((), {"y": 5}),
    ((1, 2, [], {}, 5), {}),
    ((1,), {"x": 1}),
    ((1,), {"z": 1}),
    ((1, 2, [], {}), {"z": 1}),
]


def both(*values: Any, **named: Any) -> tuple[Point, OfDataclass]:
    return Point(*values, **named), OfDataclass(*values, **named)


@pytest.mark.parametrize(("values", "named"), GIVEN)
def test_it_has_the_values_of_its_fields_and_shows_them(values: Any, named: Any) -> None:
    ours, theirs = both(*values, **named)
    assert asdict(ours) == asdict(theirs)
    assert repr(ours) == repr(theirs).replace("OfDataclass", "Point")


@pytest.mark.parametrize("make", [Point, OfDataclass])
@pytest.mark.parametrize(("values", "named"), WRONG)
def test_a_value_that_lacks_its_field_or_a_field_its_value_is_refused(
    make: Callable[..., object], values: Any, named: Any
) -> None:
    with pytest.raises(TypeError):
        make(*values, **named)


@pytest.mark.parametrize("record", both(1))
def test_it_does_not_change(record: Any) -> None:
    with pytest.raises(AttributeError, match="cannot assign to field 'x'"):
        record.x = 5
    with pytest.raises(AttributeError, match="cannot delete field 'x'"):
        del record.x
    assert record.x == 1


def test_equal_fields_make_equal_records_of_one_class_alone() -> None:
    assert Pair(1, 2) == Pair(1)
    assert hash(Pair(1, 2)) == hash(Pair(1))
    assert Pair(1, 2) != Pair(1, 3)
    assert Base(1) != Positive(1)
    assert Point(1, kept={"k": 1}) == Point(1)
    assert Pair(1) != (1, 2)


def test_without_eq_it_is_equal_to_itself_alone() -> None:
    one, other = Own(1), Own(1)
    assert one == one
    assert one != other
    assert len({one, other, one}) == 2


def test_what_is_made_anew_is_shared_by_no_two() -> None:
    assert Point(1).tags is not Point(1).tags


def test_a_new_record_and_a_replaced_one_are_checked() -> None:
    with pytest.raises(ValueError, match="expected a positive number"):
        Positive(0)
    with pytest.raises(ValueError, match="expected a positive number"):
        replace(Positive(1), x=-1)


def test_it_is_a_dataclass_to_the_standard_library() -> None:
    assert [each.name for each in fields(Point)] == ["x", "y", "tags", "kept"]
    assert replace(Point(1), y=5) == Point(1, 5)
    assert pickle.loads(pickle.dumps(Pair(1, 5))) == Pair(1, 5)  # noqa: S301


def test_its_signature_is_that_of_its_fields() -> None:
    shown = [str(each).partition(":")[0] for each in signature(Point).parameters.values()]
    assert shown[:2] == ["x", "y=2"]
    assert list(signature(Point).parameters) == list(signature(OfDataclass).parameters)


def test_it_can_be_matched_by_its_fields() -> None:
    match Pair(1, 5):
        case Pair(x, 5):
            assert x == 1
        case _:
            pytest.fail("not matched")
