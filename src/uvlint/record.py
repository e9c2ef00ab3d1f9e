"""Classes of named fields, made in a fifth of the time that `dataclasses` takes and without what that imports.

A start makes some thirty of them. To type checkers they are dataclasses with slots; equal only to themselves, unless
`eq=True` has them compared by their fields, and then without a hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_GIVEN = object()
_OWN = ("__dict__", "__weakref__")


class _Field:
    __slots__ = ("default", "factory", "init")

    def __init__(self, default: Any, factory: Callable[[], Any] | None, init: bool) -> None:  # noqa: FBT001
        self.default = default
        self.factory = factory
        self.init = init


def field(*, default: Any = None, default_factory: Callable[[], Any] | None = None, init: bool = True) -> Any:
    """A field whose default is made anew each time, or one that is not given (`init=False`), nor shown or compared."""
    return _Field(default, default_factory, init)


@dataclass_transform(eq_default=False, field_specifiers=(field,))
def record(*, eq: bool = False) -> Callable[[type[T]], type[T]]:
    """Makes a class with slots and `__init__` of one whose fields are annotated, with their defaults."""

    def make(cls: type[T]) -> type[T]:
        names = tuple(cls.__annotations__)
        own = {name: value for name, value in vars(cls).items() if name not in names and name not in _OWN}
        given = {name: vars(cls)[name] for name in names if name in vars(cls)}
        own["__slots__"] = names
        own["__init__"] = _init(names, given)
        own["__repr__"] = _repr
        own["_fields"] = tuple(name for name in names if getattr(given.get(name), "init", True))
        if eq:
            own |= {"__eq__": _eq, "__hash__": None}
        return cast("type[T]", type(cls.__name__, cls.__bases__, own))

    return make


def _init(names: tuple[str, ...], given: dict[str, Any]) -> Any:
    """`__init__`, written out as it would be by hand: generic code takes several times as long for each instance."""
    known: dict[str, Any] = {"GIVEN": _GIVEN}
    parameters, lines = ["self"], []
    for name in names:
        value = given.get(name)
        known[f"d_{name}"] = value
        if isinstance(value, _Field):
            known[f"d_{name}"] = value.default if value.factory is None else _GIVEN
            known[f"f_{name}"] = value.factory
        source = name
        if isinstance(value, _Field) and not value.init:
            source = f"d_{name}" if value.factory is None else f"f_{name}()"
        else:
            parameters.append(f"{name}=d_{name}" if name in given else name)
            if isinstance(value, _Field) and value.factory is not None:
                source = f"f_{name}() if {name} is GIVEN else {name}"
        lines.append(f" self.{name} = {source}\n")
    exec(f"def __init__({', '.join(parameters)}):\n{''.join(lines)}", known)  # noqa: S102 - of this module's own making
    return known["__init__"]


def replace(one: T, **changes: Any) -> T:
    """A record with other values in some of its fields."""
    return type(one)(**{name: getattr(one, name) for name in one._fields} | changes)  # type: ignore[attr-defined]


def _eq(self: Any, other: Any) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    return all(getattr(self, name) == getattr(other, name) for name in self._fields)


def _repr(self: Any) -> str:
    values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
    return f"{type(self).__name__}({values})"
