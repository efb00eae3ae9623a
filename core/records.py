"""Immutable records: dataclasses that inherit their methods.

A frozen dataclass compiles six methods from source text, 0.4 ms for each class whenever it is
imported, which were 30 ms before the first frame. A record is a dataclass all the same: `fields`,
`replace` and `asdict` of the standard library take it.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

if TYPE_CHECKING:
    from inspect import Signature


class _Signature:
    """What `help` shows: the fields, as arguments."""

    def __get__(self, record: object, cls: type[Record]) -> Signature:
        from inspect import Parameter, Signature

        def argument(of: Field[Any]) -> Parameter:
            defaults = (found for found in (of.default, of.default_factory) if found is not MISSING)
            default = next(defaults, Parameter.empty)
            return Parameter(of.name, Parameter.POSITIONAL_OR_KEYWORD, default=default)

        return Signature([argument(of) for of in fields(cls)])


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record:
    """A record: its fields are what its class annotates, those of the base first.

    Two are equal if they are of one class and their fields are; with eq=False, as for those that
    hold arrays, each is equal to itself alone.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    __match_args__: ClassVar[tuple[str, ...]] = ()
    __signature__ = _Signature()
    _compared: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, eq: bool = True) -> None:
        super().__init_subclass__()
        dataclass(init=False, repr=False, eq=False)(cls)
        cls._compared = tuple(each.name for each in fields(cls) if each.compare)
        if not eq:
            cls.__eq__ = object.__eq__  # type: ignore[method-assign]
            cls.__hash__ = object.__hash__  # type: ignore[method-assign]

    def __init__(self, *values: Any, **named: Any) -> None:
        if named or len(values) != len(self.__match_args__):
            values = self._completed(values, named)
        self.__dict__.update(zip(self.__match_args__, values, strict=True))
        self.__post_init__()

    @classmethod
    def _completed(cls, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """A value for each field. Raises TypeError if one has none or two, or is no field."""
        names = cls.__match_args__
        given = dict(zip(names, values, strict=False)) | named
        if len(given) < len(values) + len(named) or not given.keys() <= set(names):
            raise TypeError(f"{cls.__qualname__} takes one value for each of {', '.join(names)}")
        return tuple([given[name] if name in given else cls._default(name) for name in names])

    @classmethod
    def _default(cls, name: str) -> Any:
        of = cls.__dataclass_fields__[name]
        if of.default_factory is not MISSING:
            return of.default_factory()
        if of.default is MISSING:
            raise TypeError(f"{cls.__qualname__} needs {name}")
        return of.default

    def __post_init__(self) -> None:
        """Checks the fields of a new record; nothing unless a class says what."""

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        shown = [f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr]
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self._compared])
