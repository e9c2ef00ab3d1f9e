"""The values of Python expressions, found without running anything.

Only what is certain has a value; all else is UNKNOWN. Files are those of one folder.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, Any

import libcst as cst

from uvlint.migrate.texts import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS = 20_000


class Unknown:
    """What can't be told before it runs."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise Undecided


UNKNOWN = Unknown()


class Undecided(Exception):  # noqa: N818 - it is an answer, too
    """What an expression gives can't be told."""


class Called(tuple[Any, ...]):
    """A call that has no value here, such as `find_packages(where="src")`: its name and keyword arguments."""

    __slots__ = ()


class Opened(str):
    """An open file of the project, as its text."""

    __slots__ = ()


class Place(str):
    """A path, relative to the project's folder."""

    __slots__ = ()


class Expressions:
    """The names that are known at a place of a module, and what expressions are worth there.

    `files`: those that were read. `follow` gives what a call of a function of the module returns.
    """

    def __init__(self, root: str, follow: Callable[[cst.FunctionDef, cst.Call], Any]) -> None:
        self.root = root
        self.names: dict[str, Any] = {"__file__": Place("setup.py"), "__name__": "__main__"}
        self.modules: dict[str, str] = {}
        self.files: list[str] = []
        self._follow = follow
        self._steps = 0

    def assign(self, target: cst.CSTNode, value: Any) -> None:
        if isinstance(target, cst.Name):
            self.names[target.value] = value
        elif isinstance(target, cst.Tuple | cst.List):
            several = value if isinstance(value, list | tuple) and len(value) == len(target.elements) else None
            for index, one in enumerate(target.elements):
                self.assign(one.value, several[index] if several is not None else UNKNOWN)
        elif isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name):
            owner = self.names.get(target.value.value)
            try:
                key = self.index(target)
            except Undecided:
                key = UNKNOWN
            if isinstance(owner, dict) and isinstance(key, str):
                owner[key] = value
            else:
                self.names[target.value.value] = UNKNOWN

    def keywords(self, node: cst.Call) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in node.args:
            if one.keyword is not None:
                found[one.keyword.value] = self.value(one.value)
            elif one.star == "**":
                value = self.value(one.value)
                found.update(value if isinstance(value, dict) else {"**": UNKNOWN})
            else:
                found["**"] = UNKNOWN
        return found

    def value(self, node: cst.CSTNode) -> Any:
        """The value of an expression, UNKNOWN where it isn't certain."""
        try:
            found = self.known(node)
        except (Undecided, RecursionError):
            return UNKNOWN
        except (TypeError, ValueError, LookupError, AttributeError, SyntaxError, re.error):
            return UNKNOWN  # what would fail when it runs
        return found

    def known(self, node: cst.CSTNode) -> Any:
        self._steps += 1
        if self._steps > _STEPS:
            raise Undecided
        for kind, method in _KINDS:
            if isinstance(node, kind):
                return getattr(self, method)(node)
        raise Undecided

    def _name(self, node: cst.Name) -> Any:
        known = {"True": True, "False": False, "None": None}
        if node.value in known:
            return known[node.value]
        value = self.names.get(node.value, UNKNOWN)
        if value is UNKNOWN:
            raise Undecided
        return value

    def _text(self, node: cst.SimpleString | cst.ConcatenatedString) -> Any:
        if isinstance(node, cst.ConcatenatedString):
            return self.known(node.left) + self.known(node.right)
        return node.evaluated_value

    def _formatted(self, node: cst.FormattedString) -> str:
        pieces = []
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                pieces.append(part.value.replace("{{", "{").replace("}}", "}"))
            elif isinstance(part, cst.FormattedStringExpression) and not part.format_spec and not part.conversion:
                value = self.known(part.expression)
                if not isinstance(value, str | int):
                    raise Undecided
                pieces.append(str(value))
            else:
                raise Undecided
        return "".join(pieces)

    def _several(self, node: cst.List | cst.Tuple | cst.Set) -> list[Any]:
        found: list[Any] = []
        for one in node.elements:
            value = self.value(one.value)
            if isinstance(one, cst.StarredElement):
                if not isinstance(value, list | tuple):
                    raise Undecided
                found += value
            else:
                found.append(value)
        return found

    def _dict(self, node: cst.Dict) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in node.elements:
            if isinstance(one, cst.StarredDictElement):
                value = self.known(one.value)
                if not isinstance(value, dict):
                    raise Undecided
                found.update(value)
            elif isinstance(one, cst.DictElement):
                key = self.known(one.key)
                if not isinstance(key, str):
                    raise Undecided
                found[key] = self.value(one.value)
        return found

    def _operation(self, node: cst.BinaryOperation) -> Any:
        left, right = self.known(node.left), self.known(node.right)
        if isinstance(node.operator, cst.Add):
            if isinstance(left, Place):
                return Place(str(left) + str(right).lstrip("/")) if str(left) in {"", "./"} else Place(left + right)
            if isinstance(left, str) and isinstance(right, str):
                return left + right
            if isinstance(left, list) and isinstance(right, list | tuple):
                return [*left, *right]
        if isinstance(node.operator, cst.Divide) and isinstance(left, Place):
            return _under(left, right)
        if isinstance(node.operator, cst.Modulo) and isinstance(left, str):
            return left % (tuple(right) if isinstance(right, list) else right)
        raise Undecided

    def _comparison(self, node: cst.Comparison) -> bool:
        if len(node.comparisons) != 1:
            raise Undecided
        left, right = self.known(node.left), self.known(node.comparisons[0].comparator)
        tests: dict[type, Callable[[], bool]] = {
            cst.Equal: lambda: left == right, cst.NotEqual: lambda: left != right, cst.In: lambda: left in right,
            cst.NotIn: lambda: left not in right, cst.Is: lambda: left is right, cst.IsNot: lambda: left is not right,
        }  # fmt: skip
        test = tests.get(type(node.comparisons[0].operator))
        if test is None:
            raise Undecided
        return test()

    def _boolean(self, node: cst.BooleanOperation | cst.UnaryOperation | cst.IfExp) -> Any:
        if isinstance(node, cst.IfExp):
            return self.known(node.body if self.known(node.test) else node.orelse)
        if isinstance(node, cst.UnaryOperation):
            if isinstance(node.operator, cst.Not):
                return not self.known(node.expression)
            raise Undecided
        left = self.known(node.left)
        if isinstance(node.operator, cst.And):
            return self.known(node.right) if left else left
        return left or self.known(node.right)

    def index(self, node: cst.Subscript) -> Any:
        part = node.slice[0].slice
        if len(node.slice) != 1 or not isinstance(part, cst.Index):
            raise Undecided
        return self.known(part.value)

    def _subscript(self, node: cst.Subscript) -> Any:
        return self.known(node.value)[self.index(node)]

    def _integer(self, node: cst.Integer) -> int:
        return int(node.evaluated_value)

    def _comprehension(self, node: cst.ListComp | cst.GeneratorExp) -> list[Any]:
        for_in = node.for_in
        values = self.known(for_in.iter)
        if for_in.inner_for_in is not None or not isinstance(values, list | tuple | Opened):
            raise Undecided
        kept = dict(self.names)
        found = []
        for one in _iterated(values):
            self.assign(for_in.target, one)
            if all(self.known(test.test) for test in for_in.ifs):
                found.append(self.known(node.elt))
        self.names = kept
        return found

    def _attribute(self, node: cst.Attribute) -> Any:
        owner = self.known(node.value)
        if isinstance(owner, Place) and node.attr.value == "parent":
            return Place(posixpath.dirname(owner))
        raise Undecided

    # Calls

    def full_name(self, node: cst.CSTNode) -> str:
        name = dotted(node)
        first, dot, rest = name.partition(".")
        return self.modules.get(first, first) + dot + rest

    def _call(self, node: cst.Call) -> Any:
        name = self.full_name(node.func)
        if isinstance(node.func, cst.Name) and isinstance(self.names.get(node.func.value), cst.FunctionDef):
            return self._follow(self.names[node.func.value], node)
        if name.rpartition(".")[2] in {"find_packages", "find_namespace_packages"}:
            found = self.keywords(node)
            found.pop("**", None)
            if node.args and node.args[0].keyword is None and not node.args[0].star:
                found["where"] = self.known(node.args[0].value)
            if any(one is UNKNOWN for one in found.values()):
                raise Undecided
            return Called((name.rpartition(".")[2], found))
        given = self.positional(node)
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](self, given)
        if name == "dict" and not given:
            return self.keywords(node)
        if isinstance(node.func, cst.Attribute):
            return self._method(self.known(node.func.value), node.func.attr.value, given, node)
        raise Undecided

    def positional(self, node: cst.Call) -> list[Any]:
        found: list[Any] = []
        for one in node.args:
            if one.star == "**":
                raise Undecided
            if one.star:
                found += _listed(self.known(one.value))
            elif one.keyword is None:
                found.append(self.known(one.value))
        return found

    def _method(self, owner: Any, verb: str, given: list[Any], node: cst.Call) -> Any:
        if isinstance(owner, Opened):
            if verb in {"read", "close"}:
                return str(owner)
            if verb == "readlines":
                return _iterated(owner)
            raise Undecided
        if isinstance(owner, Place):
            if verb in {"resolve", "absolute"}:
                return owner
            if verb == "joinpath":
                return _under(owner, *given)
            if verb in {"read_text", "open"}:
                text = self.opened(owner)
                return str(text) if verb == "read_text" else text
            raise Undecided
        if isinstance(owner, str) and verb in _OF_TEXT:
            named = {one.keyword.value: self.known(one.value) for one in node.args if one.keyword is not None}
            several = [tuple(one) if isinstance(one, list) and verb != "join" else one for one in given]
            return getattr(owner, verb)(*several, **named)
        if isinstance(owner, re.Match) and verb in {"group", "groups"}:
            return getattr(owner, verb)(*given)
        if isinstance(owner, dict) and verb in {"get", "values", "keys", "items"}:
            found = getattr(owner, verb)(*given)
            return found if verb == "get" else [list(one) if verb == "items" else one for one in found]
        raise Undecided

    def opened(self, place: Any) -> Opened:
        """A file of the project."""
        if not isinstance(place, str):
            raise Undecided
        text = text_of(self.root, posixpath.normpath(place))
        if text is None:
            raise Undecided
        self.files.append(posixpath.normpath(place))
        return Opened(text)


def _under(*parts: Any) -> Place:
    if not all(isinstance(one, str) for one in parts):
        raise Undecided
    return Place(posixpath.normpath(posixpath.join(*parts)) if any(parts) else "")


def _iterated(values: Any) -> list[Any]:
    return str(values).splitlines(keepends=True) if isinstance(values, Opened) else list(values)


def dotted(node: cst.CSTNode | None) -> str:
    if isinstance(node, cst.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr.value}" if owner else ""
    return node.value if isinstance(node, cst.Name) else ""


def _dirname(place: Any) -> Any:
    return Place(posixpath.dirname(place))


def _listed(values: Any) -> list[Any]:
    if not isinstance(values, list | tuple | Opened):
        raise Undecided
    return _iterated(values)


def _filtered(test: Any, values: Any) -> list[Any]:
    if test is not None:
        raise Undecided
    return [one for one in _listed(values) if one]


_OF_TEXT = frozenset(
    ["strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "replace", "lower", "upper", "join", "startswith",
     "endswith", "format", "partition", "rpartition", "title", "decode"]
)  # fmt: skip
_FUNCTIONS: dict[str, Callable[[Expressions, list[Any]], Any]] = {
    "open": lambda self, given: self.opened(given[0]),
    "io.open": lambda self, given: self.opened(given[0]),
    "codecs.open": lambda self, given: self.opened(given[0]),
    "os.path.join": lambda _, given: _under(*given),
    "os.path.dirname": lambda _, given: _dirname(given[0]),
    "os.path.abspath": lambda _, given: Place(given[0]),
    "os.path.realpath": lambda _, given: Place(given[0]),
    "pathlib.Path": lambda _, given: _under(*given) if given else Place(""),
    "os.path.exists": lambda self, given: os.path.exists(os.path.join(self.root, given[0])) or None,
    "re.search": lambda _, given: re.search(*given),
    "re.match": lambda _, given: re.match(*given),
    "re.findall": lambda _, given: re.findall(*given),
    "re.compile": lambda _, given: re.compile(*given),
    "str": lambda _, given: str(given[0]),
    "list": lambda _, given: _listed(given[0]) if given else [],
    "tuple": lambda _, given: _listed(given[0]) if given else [],
    "sorted": lambda _, given: sorted(_listed(given[0])),
    "set": lambda _, given: list(dict.fromkeys(_listed(given[0]))) if given else [],
    "filter": lambda _, given: _filtered(*given),
    "sum": lambda _, given: [part for one in given[0] for part in _listed(one)],
    "len": lambda _, given: len(given[0]),
}
_KINDS: tuple[tuple[Any, str], ...] = (
    (cst.Name, "_name"),
    ((cst.SimpleString, cst.ConcatenatedString), "_text"),
    (cst.FormattedString, "_formatted"),
    ((cst.List, cst.Tuple, cst.Set), "_several"),
    (cst.Dict, "_dict"),
    (cst.BinaryOperation, "_operation"),
    (cst.Comparison, "_comparison"),
    ((cst.BooleanOperation, cst.UnaryOperation, cst.IfExp), "_boolean"),
    (cst.Subscript, "_subscript"),
    (cst.Integer, "_integer"),
    ((cst.ListComp, cst.GeneratorExp), "_comprehension"),
    (cst.Attribute, "_attribute"),
    (cst.Call, "_call"),
)
