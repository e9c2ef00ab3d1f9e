"""A Python text as libcst reads it: its calls, names and strings, each with its place.

Imported only where a text that mentions pip is read: libcst costs more to import than all the rest of uvlint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from uvlint.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from libcst import CSTNode

_ESCAPE = regex(r"\\(?:\r?\n|N\{[^}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|.)")
_PLACEHOLDER = regex(r"%(?:\(\w*\))?[-#0 +]*[\d.*]*[sdrifgxc]|\{[^{}]*\}")
_STARS = {
    "subprocess": ("run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput"),
    "os": ("system", "popen", "environ"),
    "sys": ("executable", "argv"),
}
_DEPTH = 8


class Piece(NamedTuple):
    """A part of a string, at `[start, end)` of the text; None for what is only known when it runs.

    `special`: characters that can't be written there as they are, beside quotes and backslashes.
    """

    text: str | None
    start: int
    end: int
    special: str = ""


class Part(NamedTuple):
    """An element of a list: its `value`; with `starred`, what it adds is several. `direct`: it stands in the list itself."""

    node: CSTNode
    value: CSTNode
    starred: bool
    direct: bool


def parse(text: str) -> Module | None:
    """The text as libcst reads it; None where it can't."""
    try:
        tree = cst.parse_module(text)
        wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
        spans = wrapper.resolve(ByteSpanPositionProvider)
        return Module(text, tree, spans)
    except (cst.ParserSyntaxError, UnicodeError, RecursionError, ValueError, TypeError):
        return None


class Module:
    """One text. Nodes without a meaning here give "", None or nothing."""

    def __init__(self, text: str, tree: cst.Module, spans: Mapping[CSTNode, object]) -> None:
        self.source = text
        self.tree = tree
        self._spans = spans
        self._bytes = None if text.isascii() else _char_offsets(text)
        self._parents: dict[CSTNode, CSTNode] = {}
        self._nodes: list[CSTNode] = []
        self._names: dict[str, str] = {}
        self._bound: dict[str, list[CSTNode]] = {}
        self._values: dict[str, CSTNode | None] = {}
        self._read(tree)

    # Reading

    def _read(self, tree: CSTNode) -> None:
        stack: list[CSTNode] = [tree]
        while stack:
            node = stack.pop()
            self._nodes.append(node)
            children = list(node.children)
            for child in children:
                self._parents[child] = node
            stack += reversed(children)
        for node in self._nodes:
            if isinstance(node, cst.Import):
                self._imported(node)
            elif isinstance(node, cst.ImportFrom):
                self._imported_from(node)
            else:
                self._assigned(node)

    def _imported(self, node: cst.Import) -> None:
        for alias in node.names:
            full = _chain(alias.name)
            name = alias.evaluated_alias or full.partition(".")[0]
            self._bind(name, full if alias.evaluated_alias else name, node)

    def _imported_from(self, node: cst.ImportFrom) -> None:
        owner = _chain(node.module) if node.module is not None and not node.relative else ""
        if isinstance(node.names, cst.ImportStar):
            for name in _STARS.get(owner, ()):
                self._bind(name, f"{owner}.{name}", node)
            return
        for alias in node.names:
            name = alias.evaluated_alias or alias.evaluated_name
            self._bind(name, f"{owner}.{alias.evaluated_name}" if owner else "", node)

    def _bind(self, name: str, full: str, node: CSTNode) -> None:
        self._names[name] = full
        self._bound.setdefault(name, []).append(node)

    def _assigned(self, node: CSTNode) -> None:
        """Notes what a name stands for: nothing known where it is assigned twice, or otherwise than by `=`."""
        name, value = "", None
        if isinstance(node, cst.Assign):
            for target in node.targets:
                if isinstance(target.target, cst.Name):
                    self._value(target.target.value, node.value)
            return
        if isinstance(node, cst.AnnAssign) and isinstance(node.target, cst.Name):
            name, value = node.target.value, node.value
        elif isinstance(node, (cst.AugAssign, cst.For, cst.CompFor, cst.NamedExpr)) and isinstance(
            node.target, cst.Name
        ):
            name = node.target.value
        elif isinstance(node, cst.Param):
            name = node.name.value
        elif isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
            if node.attr.value in {"append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"}:
                name = node.value.value
        elif isinstance(node, cst.Global | cst.Nonlocal):
            for item in node.names:
                self._value(item.name.value, None)
        elif isinstance(node, cst.AsName) and isinstance(node.name, cst.Name):
            name = "" if isinstance(self._parents.get(node), cst.ImportAlias) else node.name.value
        if name:
            self._value(name, value)

    def _value(self, name: str, value: CSTNode | None) -> None:
        self._values[name] = None if name in self._values else value

    # Places

    def span(self, node: CSTNode | None) -> tuple[int, int]:
        found = self._spans.get(node) if node is not None else None
        if found is None:
            return (0, 0)
        start, end = found.start, found.start + found.length  # type: ignore[attr-defined]
        return (start, end) if self._bytes is None else (self._bytes[start], self._bytes[end])

    def calls(self) -> Iterator[CSTNode]:
        """The calls, in the order of the text."""
        return iter([node for node in self._nodes if isinstance(node, cst.Call)])

    def comments(self) -> list[str]:
        return [node.value for node in self._nodes if isinstance(node, cst.Comment)]

    # Names

    def callee(self, node: CSTNode | None) -> CSTNode | None:
        return node.func if isinstance(node, cst.Call) else None

    def arguments(self, node: CSTNode | None) -> dict[str, CSTNode]:
        """The arguments of a call, by keyword, or by number; none that a star brings."""
        found: dict[str, CSTNode] = {}
        for index, one in enumerate(node.args if isinstance(node, cst.Call) else ()):
            if one.star:
                continue
            found[one.keyword.value if one.keyword is not None else str(index)] = one.value
        return found

    def dotted(self, node: CSTNode | None, depth: int = 0) -> str:
        """What an expression names, by the module it comes from: "subprocess.run" for `sp.run`."""
        if depth > _DEPTH:
            return ""
        if isinstance(node, cst.Name):
            if node.value in self._names:
                return self._names[node.value]
            value = self._values.get(node.value)
            if value is not None:
                return self.dotted(value, depth + 1)
            return node.value if node.value == "__import__" else ""
        if isinstance(node, cst.Attribute):
            owner = self.dotted(node.value, depth + 1)
            return f"{owner}.{node.attr.value}" if owner else ""
        if isinstance(node, cst.Call):
            name = self.dotted(node.func, depth + 1)
            given = self.text(node.args[0].value) if node.args else None
            if given is not None and name == "__import__":
                return given.partition(".")[0] if len(node.args) == 1 else given
            return given if given is not None and name == "importlib.import_module" else ""
        if isinstance(node, cst.IfExp):
            return self.dotted(node.body, depth + 1) or self.dotted(node.orelse, depth + 1)
        return ""

    def resolved(self, node: CSTNode, depth: int = 0) -> CSTNode:
        """What a name stands for, where it is assigned once."""
        while isinstance(node, cst.Name) and depth < _DEPTH:
            value = self._values.get(node.value)
            if value is None:
                return node
            node, depth = value, depth + 1
        return node

    def shared(self, node: CSTNode) -> bool:
        """Whether this is a name that more than one place uses, so that its value can't be changed for one of them."""
        return isinstance(node, cst.Name) and self._uses(node.value, self._nodes) != 2

    def constant(self, node: CSTNode | None) -> bool | None:
        """True or False where that is what stands there."""
        if isinstance(node, cst.Name) and node.value in {"True", "False"}:
            return node.value == "True"
        if isinstance(node, cst.Integer):
            return node.value != "0"
        return None

    def is_none(self, node: CSTNode | None) -> bool:
        return isinstance(node, cst.Name) and node.value == "None"

    # Strings and lists

    def text(self, node: CSTNode) -> str | None:
        """The value of a string, where all of it is known."""
        pieces = self.pieces(node)
        if pieces is None or any(one.text is None for one in pieces):
            return None
        return "".join(one.text or "" for one in pieces)

    def quote(self, node: CSTNode) -> str:
        """The quotes around a string that stands there itself, "" for anything else."""
        if isinstance(node, cst.SimpleString):
            return node.quote
        return node.end if isinstance(node, cst.FormattedString) else ""

    def pieces(self, node: CSTNode, depth: int = 0) -> list[Piece] | None:
        """The parts of a string; None for what is no string. One that several places name is only known as a whole."""
        if self.shared(node):
            value, (start, end) = self.resolved(node), self.span(node)
            inner = None if value is node or depth > _DEPTH else self.pieces(value, depth + 1)
            if inner is None or any(one.text is None for one in inner):
                return None
            known = "".join(one.text or "" for one in inner)
            return None if len(known) == end - start else [Piece(known, start, end)]
        node = self.resolved(node)
        if depth > _DEPTH or isinstance(node, cst.Name):
            return None
        if isinstance(node, cst.SimpleString):
            return self._simple(node)
        if isinstance(node, cst.FormattedString):
            return self._formatted(node)
        if isinstance(node, cst.ConcatenatedString):
            left, right = self.pieces(node.left, depth + 1), self.pieces(node.right, depth + 1)
            return None if left is None or right is None else left + right
        if isinstance(node, cst.BinaryOperation):
            return self._operation(node, depth)
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "format":
            inner = self.pieces(node.func.value, depth + 1)
            return None if inner is None else _filled(inner)
        return None

    def _operation(self, node: cst.BinaryOperation, depth: int) -> list[Piece] | None:
        left = self.pieces(node.left, depth + 1)
        if isinstance(node.operator, cst.Modulo):
            return None if left is None else _filled(left)
        right = self.pieces(node.right, depth + 1)
        if not isinstance(node.operator, cst.Add) or (left is None and right is None):
            return None
        return (left or [Piece(None, *self.span(node.left))]) + (right or [Piece(None, *self.span(node.right))])

    def _simple(self, node: cst.SimpleString) -> list[Piece] | None:
        if "b" in node.prefix.lower():
            return None
        start, end = self.span(node)
        start, end = start + len(node.prefix) + len(node.quote), end - len(node.quote)
        return self._unescaped(start, end, raw="r" in node.prefix.lower())

    def _formatted(self, node: cst.FormattedString) -> list[Piece] | None:
        found: list[Piece] = []
        for part in node.parts:
            start, end = self.span(part)
            if isinstance(part, cst.FormattedStringText):
                for one in self._unescaped(start, end, raw="r" in node.prefix.lower()):
                    found += _unbraced(one)
            else:
                found.append(Piece(None, start, end))
        end = self.span(node)[1] - len(node.end)
        return found or [Piece("", end, end)]

    def _unescaped(self, start: int, end: int, *, raw: bool) -> list[Piece]:
        """The pieces of a string's content."""
        found: list[Piece] = []
        at = start
        for match in () if raw else _ESCAPE.finditer(self.source, start, end):
            if match.start() > at:
                found.append(Piece(self.source[at : match.start()], at, match.start()))
            found.append(Piece(_meant(match[0]), match.start(), match.end()))
            at = match.end()
        if at < end or not found:
            found.append(Piece(self.source[at:end], at, end))
        return found

    def elements(self, node: CSTNode, depth: int = 0) -> list[Part] | None:
        """The elements of a list or tuple, or of several that are added; None for anything else."""
        node = self.resolved(node)
        if depth > _DEPTH:
            return None
        if isinstance(node, cst.List | cst.Tuple):
            return [
                Part(one if isinstance(one, cst.StarredElement) else one.value, one.value,
                     isinstance(one, cst.StarredElement), direct=True)
                for one in node.elements
            ]  # fmt: skip
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            left = self.elements(node.left, depth + 1)
            if left is None:
                return None
            if self.shared(node.left):
                left = [Part(node.left, node.left, starred=True, direct=False)]
            return [*left, Part(node.right, node.right, starred=True, direct=False)]
        return None

    def split_string(self, node: CSTNode) -> CSTNode | None:
        """The string of `"…".split()`."""
        if isinstance(node, cst.Call) and not node.args and isinstance(node.func, cst.Attribute):
            return node.func.value if node.func.attr.value == "split" else None
        return None

    # Surroundings

    def is_statement(self, node: CSTNode) -> bool:
        """Whether a call stands for itself, its value dropped."""
        return isinstance(self._parents.get(node), cst.Expr)

    def in_try(self, node: CSTNode) -> bool:
        """Whether a failure is caught."""
        child: CSTNode | None = node
        while child is not None:
            parent = self._parents.get(child)
            if isinstance(parent, cst.Try) and parent.handlers and child is parent.body:
                return True
            if isinstance(parent, cst.With) and "suppress" in self.source[slice(*self.span(parent.items[0]))]:
                return True
            child = parent
        return False

    def assigned_before(self, name: str, node: CSTNode) -> CSTNode | None:
        """The last value that an attribute such as `sys.argv` was given before a call."""
        found, place = None, self.span(node)[0]
        for one in self._nodes:
            if not isinstance(one, cst.Assign) or self.span(one)[0] > place:
                continue
            if any(self.dotted(target.target) == name for target in one.targets):
                found = one.value
        return found

    def importing(self, node: CSTNode) -> tuple[str, tuple[tuple[int, int, str], ...]] | None:
        """How a call of pip's own `main` is written through subprocess, and the edits that import it."""
        for name, full in self._names.items():
            if full in {"subprocess", "subprocess.call"}:
                return (f"{name}.call" if full == "subprocess" else name), ()
        root = self.callee(node)
        while isinstance(root, cst.Attribute):
            root = root.value
        name = root.value if isinstance(root, cst.Name) else ""
        bound = self._bound.get(name, [])
        if len(bound) == 1 and isinstance(bound[0], cst.Import | cst.ImportFrom):
            alone = not isinstance(bound[0].names, cst.ImportStar) and len(bound[0].names) == 1
            if alone and self._uses(name, self._nodes) - self._uses(name, self._below(bound[0])) == 1:
                return "subprocess.call", ((*self.span(bound[0]), "import subprocess"),)
        return self._inserted()

    def _inserted(self) -> tuple[str, tuple[tuple[int, int, str], ...]] | None:
        for statement in self.tree.body:
            if not isinstance(statement, cst.SimpleStatementLine):
                continue
            first = statement.body[0]
            future = (
                isinstance(first, cst.ImportFrom) and first.module is not None and _chain(first.module) == "__future__"
            )
            if isinstance(first, cst.Import | cst.ImportFrom) and not future:
                start = self.span(first)[0]
                own_line = start == 0 or self.source[start - 1] == "\n"
                end = "\n" if own_line and len(statement.body) == 1 and "\n" in self.source else "; "
                return "subprocess.call", ((start, start, f"import subprocess{end}"),)
        return None

    def _uses(self, name: str, nodes: Iterable[CSTNode]) -> int:
        return sum(isinstance(one, cst.Name) and one.value == name for one in nodes)

    def _below(self, node: CSTNode) -> Iterator[CSTNode]:
        for child in node.children:
            yield child
            yield from self._below(child)


def _chain(node: CSTNode) -> str:
    """A dotted name as written."""
    if isinstance(node, cst.Attribute):
        return f"{_chain(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


def _char_offsets(text: str) -> list[int]:
    """For each byte of the text in UTF-8, the character it belongs to."""
    found: list[int] = []
    for index, char in enumerate(text):
        found += [index] * len(char.encode("utf-8"))
    return [*found, len(text)]


def _meant(escape: str) -> str:
    if escape[1:] in {"\n", "\r\n"}:
        return ""
    try:
        return cst.SimpleString(f'"{escape}"' if escape != '\\"' else "'\\\"'").evaluated_value  # type: ignore[return-value]
    except (SyntaxError, ValueError):
        return escape


def _unbraced(piece: Piece) -> list[Piece]:
    """The text of an f-string, `{{` and `}}` read as one brace."""
    text = piece.text or ""
    if "{{" not in text and "}}" not in text:
        return [piece._replace(special="{}")]
    return [Piece(text.replace("{{", "{").replace("}}", "}"), piece.start, piece.end, "{}")]


def _filled(pieces: list[Piece]) -> list[Piece]:
    """The pieces with each `%s` and `{}` made unknown."""
    found: list[Piece] = []
    for one in pieces:
        text = one.text
        if text is None or len(text) != one.end - one.start:
            found.append(one._replace(special="%{}"))
            continue
        at = 0
        for match in _PLACEHOLDER.finditer(text):
            if match.start() > at:
                found.append(Piece(text[at : match.start()], one.start + at, one.start + match.start(), "%{}"))
            found.append(Piece(None, one.start + match.start(), one.start + match.end(), "%{}"))
            at = match.end()
        if at < len(text) or not text:
            found.append(Piece(text[at:], one.start + at, one.end, "%{}"))
    return found
