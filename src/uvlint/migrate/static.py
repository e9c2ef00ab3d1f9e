"""The value of Python expressions, found without running anything: what a setup.py does before it calls `setup()`.

Only what is certain has a value; all else is UNKNOWN. Files are those of one folder.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, Any

import libcst as cst

from uvlint.migrate.lines import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_STEPS = 20_000
_DEPTH = 30


class Unknown:
    """What can't be told before it runs."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise Undecided


UNKNOWN = Unknown()


class Undecided(Exception):
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


class Evaluator:
    """Runs through a module's statements.

    `setups` are the calls of `setup()`, their nodes and keyword arguments; `files` the files that were read.
    """

    def __init__(self, root: str, tree: cst.Module) -> None:
        self.root = root
        self.tree = tree
        self.files: list[str] = []
        self.names: dict[str, Any] = {"__file__": Place("setup.py"), "__name__": "__main__"}
        self.setups: list[tuple[cst.Call, dict[str, Any]]] = []
        self._steps = 0
        self._full: dict[str, str] = {}
        self.body(tree.body)

    # Statements

    def body(self, statements: Sequence[cst.CSTNode]) -> None:
        for one in statements:
            self._statement(one)

    def _statement(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.SimpleStatementLine):
            self.body(node.body)
        elif isinstance(node, cst.Import | cst.ImportFrom):
            self._import(node)
        elif isinstance(node, cst.Assign):
            value = self.value(node.value)
            for target in node.targets:
                self._assign(target.target, value)
        elif isinstance(node, cst.AnnAssign) and node.value is not None:
            self._assign(node.target, self.value(node.value))
        elif isinstance(node, cst.AugAssign):
            value = self.value(cst.BinaryOperation(node.target, cst.Add(), node.value))  # type: ignore[arg-type]
            self._assign(node.target, value if isinstance(node.operator, cst.AddAssign) else UNKNOWN)
        elif isinstance(node, cst.FunctionDef):
            self.names[node.name.value] = node
        elif isinstance(node, cst.Expr):
            self._expression(node.value)
        else:
            self._compound(node)

    def _compound(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.With):
            for item in node.items:
                if item.asname is not None:
                    self._assign(item.asname.name, self.value(item.item))
            self.body(node.body.body)
        elif isinstance(node, cst.Try):
            self.body(node.body.body)
            if node.orelse is not None:
                self.body(node.orelse.body.body)
        elif isinstance(node, cst.If):
            self._if(node)
        else:
            self._forget(node)

    def _if(self, node: cst.If) -> None:
        try:
            chosen = bool(self._known(node.test))
        except Undecided:
            self._forget(node)
            return
        if chosen:
            self.body(node.body.body)
        elif isinstance(node.orelse, cst.If):
            self._if(node.orelse)
        elif node.orelse is not None:
            self.body(node.orelse.body.body)

    def _forget(self, node: cst.CSTNode) -> None:
        """Makes unknown whatever a statement may change that can't be followed."""
        for one in _all(node):
            if isinstance(one, cst.Assign):
                for target in one.targets:
                    self._assign(target.target, UNKNOWN)
            elif isinstance(one, cst.AugAssign | cst.AnnAssign | cst.For):
                self._assign(one.target, UNKNOWN)
            elif isinstance(one, cst.Call):
                if isinstance(one.func, cst.Attribute):
                    self._assign(one.func.value, UNKNOWN)
                if self._full_name(one.func).rpartition(".")[2] == "setup":
                    self.setups.append((one, self._keywords(one)))

    def _assign(self, target: cst.CSTNode, value: Any) -> None:
        if isinstance(target, cst.Name):
            self.names[target.value] = value
        elif isinstance(target, cst.Tuple | cst.List):
            several = value if isinstance(value, list | tuple) and len(value) == len(target.elements) else None
            for index, one in enumerate(target.elements):
                self._assign(one.value, several[index] if several is not None else UNKNOWN)
        elif isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name):
            owner = self.names.get(target.value.value)
            try:
                key = self._index(target)
            except Undecided:
                key = UNKNOWN
            if isinstance(owner, dict) and isinstance(key, str):
                owner[key] = value
            else:
                self.names[target.value.value] = UNKNOWN

    def _import(self, node: cst.Import | cst.ImportFrom) -> None:
        if isinstance(node.names, cst.ImportStar):
            return
        owner = _dotted(node.module) + "." if isinstance(node, cst.ImportFrom) and node.module is not None else ""
        for alias in node.names:
            full = owner + _dotted(alias.name)
            known = alias.evaluated_alias or (full if not owner else _dotted(alias.name))
            self._full[known.partition(".")[0] if not owner else known] = (
                full if owner or alias.evaluated_alias else known.partition(".")[0]
            )
            if owner.startswith("."):
                self.names[known] = UNKNOWN

    def _expression(self, node: cst.CSTNode) -> None:
        if not isinstance(node, cst.Call):
            return
        if self._full_name(node.func).rpartition(".")[2] == "setup":
            self.setups.append((node, self._keywords(node)))
            return
        if not isinstance(node.func, cst.Attribute) or not isinstance(node.func.value, cst.Name):
            return
        name, verb = node.func.value.value, node.func.attr.value
        owner = self.names.get(name)
        if not isinstance(owner, list | dict):
            return
        given = [self.value(one.value) for one in node.args]
        if verb == "append" and isinstance(owner, list):
            owner.extend(given)
        elif verb == "extend" and isinstance(owner, list) and len(given) == 1 and isinstance(given[0], list | tuple):
            owner.extend(given[0])
        elif verb == "update" and isinstance(owner, dict) and len(given) == 1 and isinstance(given[0], dict):
            owner.update(given[0])
        else:
            self.names[name] = UNKNOWN

    def _keywords(self, node: cst.Call) -> dict[str, Any]:
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

    # Expressions

    def value(self, node: cst.CSTNode) -> Any:
        """The value of an expression, UNKNOWN where it isn't certain."""
        try:
            found = self._known(node)
        except (Undecided, RecursionError):
            return UNKNOWN
        except (TypeError, ValueError, IndexError, KeyError, AttributeError, re.error):
            return UNKNOWN  # what would fail when it runs
        return found

    def _known(self, node: cst.CSTNode) -> Any:
        self._steps += 1
        if self._steps > _STEPS:
            raise Undecided
        for kind, method in _KINDS:
            if isinstance(node, kind):
                return method(self, node)
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
            return self._known(node.left) + self._known(node.right)
        return node.evaluated_value

    def _formatted(self, node: cst.FormattedString) -> str:
        pieces = []
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                pieces.append(part.value.replace("{{", "{").replace("}}", "}"))
            elif isinstance(part, cst.FormattedStringExpression) and not part.format_spec and not part.conversion:
                value = self._known(part.expression)
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
                value = self._known(one.value)
                if not isinstance(value, dict):
                    raise Undecided
                found.update(value)
            elif isinstance(one, cst.DictElement):
                key = self._known(one.key)
                if not isinstance(key, str):
                    raise Undecided
                found[key] = self.value(one.value)
        return found

    def _operation(self, node: cst.BinaryOperation) -> Any:
        left, right = self._known(node.left), self._known(node.right)
        if isinstance(node.operator, cst.Add):
            if isinstance(left, Place):
                return Place(str(left) + str(right).lstrip("/")) if str(left) in {"", "./"} else Place(left + right)
            if isinstance(left, list | str) and type(left) is type(right):
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
        left, right = self._known(node.left), self._known(node.comparisons[0].comparator)
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
            return self._known(node.body if self._known(node.test) else node.orelse)
        if isinstance(node, cst.UnaryOperation):
            if isinstance(node.operator, cst.Not):
                return not self._known(node.expression)
            raise Undecided
        left = self._known(node.left)
        if isinstance(node.operator, cst.And):
            return self._known(node.right) if left else left
        return left or self._known(node.right)

    def _index(self, node: cst.Subscript) -> Any:
        part = node.slice[0].slice
        if len(node.slice) != 1 or not isinstance(part, cst.Index):
            raise Undecided
        return self._known(part.value)

    def _subscript(self, node: cst.Subscript) -> Any:
        return self._known(node.value)[self._index(node)]

    def _integer(self, node: cst.Integer) -> int:
        return int(node.evaluated_value)

    def _comprehension(self, node: cst.ListComp | cst.GeneratorExp) -> list[Any]:
        for_in = node.for_in
        values = self._known(for_in.iter)
        if for_in.inner_for_in is not None or not isinstance(values, list | tuple | Opened):
            raise Undecided
        kept = dict(self.names)
        found = []
        for one in _iterated(values):
            self._assign(for_in.target, one)
            if all(self._known(test.test) for test in for_in.ifs):
                found.append(self._known(node.elt))
        self.names = kept
        return found

    def _attribute(self, node: cst.Attribute) -> Any:
        owner = self._known(node.value)
        if isinstance(owner, Place) and node.attr.value == "parent":
            return Place(posixpath.dirname(owner))
        raise Undecided

    # Calls

    def _full_name(self, node: cst.CSTNode) -> str:
        name = _dotted(node)
        first, dot, rest = name.partition(".")
        return self._full.get(first, first) + dot + rest

    def _call(self, node: cst.Call) -> Any:
        name = self._full_name(node.func)
        if isinstance(node.func, cst.Name) and isinstance(self.names.get(node.func.value), cst.FunctionDef):
            return self._own(self.names[node.func.value], node)
        if name.rpartition(".")[2] in {"find_packages", "find_namespace_packages"}:
            found = self._keywords(node)
            found.pop("**", None)
            if node.args and node.args[0].keyword is None and not node.args[0].star:
                found["where"] = self._known(node.args[0].value)
            if any(one is UNKNOWN for one in found.values()):
                raise Undecided
            return Called((name.rpartition(".")[2], found))
        given = self._positional(node)
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](self, given)
        if name == "dict" and not given:
            return self._keywords(node)
        if isinstance(node.func, cst.Attribute):
            return self._method(self._known(node.func.value), node.func.attr.value, given, node)
        raise Undecided

    def _positional(self, node: cst.Call) -> list[Any]:
        found: list[Any] = []
        for one in node.args:
            if one.star == "**":
                raise Undecided
            if one.star:
                found += _listed(self._known(one.value))
            elif one.keyword is None:
                found.append(self._known(one.value))
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
            named = {one.keyword.value: self._known(one.value) for one in node.args if one.keyword is not None}
            several = [tuple(one) if isinstance(one, list) and verb != "join" else one for one in given]
            return getattr(owner, verb)(*several, **named)
        if isinstance(owner, re.Match) and verb in {"group", "groups"}:
            return getattr(owner, verb)(*given)
        if isinstance(owner, dict) and verb in {"get", "values", "keys", "items"}:
            found = getattr(owner, verb)(*given)
            return found if verb == "get" else [list(one) if verb == "items" else one for one in found]
        raise Undecided

    def _own(self, function: cst.FunctionDef, node: cst.Call) -> Any:
        """What a function of the file returns: its statements are read as if they stood here."""
        parameters = function.params
        star = parameters.star_arg
        if parameters.star_kwarg is not None or parameters.kwonly_params:
            raise Undecided
        bound: dict[str, Any] = {}
        for one in parameters.params:
            bound[one.name.value] = self.value(one.default) if one.default is not None else UNKNOWN
        free = [one.name.value for one in parameters.params]
        for value in self._positional(node):
            if free:
                bound[free.pop(0)] = value
            elif isinstance(star, cst.Param):
                bound.setdefault(star.name.value, []).append(value)
            else:
                raise Undecided
        for given in node.args:
            if given.keyword is not None:
                bound[given.keyword.value] = self.value(given.value)
        kept, self.names = self.names, {**self.names, **bound}
        try:
            return self._returned(function.body.body)
        finally:
            self.names = kept

    def _returned(self, statements: Sequence[cst.CSTNode]) -> Any:
        for one in statements:
            if isinstance(one, cst.SimpleStatementLine) and isinstance(one.body[-1], cst.Return):
                value = one.body[-1].value
                return self._known(value) if value is not None else None
            if isinstance(one, cst.With) and any(isinstance(inner, cst.Return) for inner in _all(one)):
                for item in one.items:
                    if item.asname is not None:
                        self._assign(item.asname.name, self.value(item.item))
                return self._returned(one.body.body)
            if any(isinstance(inner, cst.Return | cst.Raise) for inner in _all(one)):
                raise Undecided
            self._statement(one)
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


def _all(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _all(child)


def _dotted(node: cst.CSTNode | None) -> str:
    if isinstance(node, cst.Attribute):
        owner = _dotted(node.value)
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
_FUNCTIONS: dict[str, Callable[[Evaluator, list[Any]], Any]] = {
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
_KINDS: tuple[tuple[Any, Callable[[Evaluator, Any], Any]], ...] = (
    (cst.Name, Evaluator._name),
    ((cst.SimpleString, cst.ConcatenatedString), Evaluator._text),
    (cst.FormattedString, Evaluator._formatted),
    ((cst.List, cst.Tuple, cst.Set), Evaluator._several),
    (cst.Dict, Evaluator._dict),
    (cst.BinaryOperation, Evaluator._operation),
    (cst.Comparison, Evaluator._comparison),
    ((cst.BooleanOperation, cst.UnaryOperation, cst.IfExp), Evaluator._boolean),
    (cst.Subscript, Evaluator._subscript),
    (cst.Integer, Evaluator._integer),
    ((cst.ListComp, cst.GeneratorExp), Evaluator._comprehension),
    (cst.Attribute, Evaluator._attribute),
    (cst.Call, Evaluator._call),
)
