"""Python that a RUN executes, as far as it runs commands: through subprocess, os.system, or pip's own module.

The text is read by libcst, never executed. A command's words stand in the Dockerfile as those of a shell do: the strings
of a list like those of the exec form, a string for a shell as a script of its own. What isn't static has no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint import shell
from uvlint.lazy import regex
from uvlint.shell_tree import Command, Part, Scope, Word
from uvlint.source import Cooked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from libcst import CSTNode

    from uvlint.pysource import Module, Piece

_PIP = regex(r"\bpip[\d.]*\b")
_WAYS = regex(r"\b(?:subprocess|os|runpy|pip)\b")
_CHDIR = regex(r"\bchdir\b")
_SETS = regex(r"environ\s*(?:\[[^\]]*\]\s*=(?!=)|\.\s*(?:update|setdefault|pop|clear)\b)|\b(?:putenv|unsetenv)\b")
_ORDINARY = regex(r"[\w \t.,:/=@%+!^-]*\Z")

MAINS = frozenset(
    {"pip.main", "pip._internal.main", "pip._internal.main.main", "pip._internal.cli.main.main", "pip.__main__.main"}
)
_LISTS = frozenset({"run", "call", "check_call", "check_output", "Popen"})
_STRINGS = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"})
_READ = frozenset({"subprocess.check_output", "subprocess.getoutput", "subprocess.getstatusoutput", "os.popen"})
_CHECKED = frozenset({"subprocess.check_call", "subprocess.check_output"})
UNKNOWN = "${_}"
"""What stands in a shell's text for a part that Python only knows when it runs."""


class Element(Word):
    """A word of a list: `start` and `end` are its text, `whole` the expression with its quotes.

    `quote`: what stands around it, "" where it is no string of its own. `direct`: it stands in the list itself, so that
    it can be replaced there. `executable`: it is `sys.executable`.
    """

    __slots__ = ("direct", "executable", "quote", "whole")

    def __init__(self, outer: Cooked, whole: tuple[int, int], pieces: Sequence[Piece] | None = None) -> None:
        start, end = (pieces[0].start, pieces[-1].end) if pieces else whole
        known = [one.text for one in pieces or ()]
        value = None if pieces is None or None in known else "".join(one or "" for one in known)
        parts = [Part(one.start, one.end, one.text, "exec") for one in pieces or ()]
        dynamic: frozenset[str] = frozenset() if value is not None else frozenset({"expansion"})
        super().__init__(outer, start, end, value, parts or [Part(start, end, None, "exec")], dynamic)
        self.whole = whole
        self.quote = ""
        self.direct = True
        self.executable = False


class Importing(NamedTuple):
    """How a call of pip's own `main` is written through subprocess: the `callee`, and what makes that name known.

    `edits` replace `[start, end)` of the text.
    """

    callee: str
    edits: tuple[tuple[int, int, str], ...]


class Spawn(NamedTuple):
    """What one call of Python runs.

    `form`: "list", "shell", "words" (a string that Python splits), "module" (pip's own `main`) or "argv" (pip's module,
    run with `sys.argv`). `outcome`: "" where its failure ends the script, "handled" where it may not, "read" where its
    output is used. `folder` is its `cwd` ("" for none, None where that can't be told); `settled` tells that it has the
    environment of the script. `importing` is only there for "module", where it can be.
    """

    commands: list[Command]
    form: str
    outcome: str
    folder: str | None
    settled: bool
    importing: Importing | None = None


def mentions_pip(text: str) -> bool:
    """Whether a Python text may run pip: else it needs no reading."""
    return _PIP.search(text) is not None and _WAYS.search(text) is not None


def read(cooked: Cooked, scopes: tuple[Scope, ...] = ()) -> list[Spawn]:
    """The commands that a Python text runs, in order; none where it doesn't mention pip, or can't be read."""
    if not mentions_pip(cooked.text):
        return []
    from uvlint import pysource  # noqa: PLC0415 - brings libcst along

    module = pysource.parse(cooked.text)
    if module is None:
        return []
    reader = _Reader(cooked, module, (*scopes, Scope("python", cooked, 0, len(cooked.text))))
    try:
        found = [spawn for node in module.calls() if (spawn := reader.spawn(node)) is not None]
    except RecursionError:  # `a = [*a]`, say
        return []
    if _CHDIR.search(cooked.text):
        found = [one._replace(folder=None) for one in found]
    if _SETS.search(cooked.text):
        found = [one._replace(settled=False) for one in found]
    return found


class _Reader:
    """One text, and what its calls run."""

    def __init__(self, cooked: Cooked, module: Module, scopes: tuple[Scope, ...]) -> None:
        self.cooked = cooked
        self.module = module
        self.scopes = scopes

    def spawn(self, node: CSTNode) -> Spawn | None:
        """What a call runs, None where that is nothing of ours."""
        module = self.module
        name = module.dotted(module.callee(node))
        given = module.arguments(node)
        form, commands = self._run(node, name, given) if name else ("", None)
        if not commands:
            return None
        importing = module.importing(node) if form == "module" else None
        made = None if importing is None else Importing(*importing)
        return Spawn(commands, form, self._outcome(node, name, given), *self._surroundings(given), made)

    def _run(self, node: CSTNode, name: str, given: dict[str, CSTNode]) -> tuple[str, list[Command] | None]:
        """The form and the commands of a call."""
        owner, _, function = name.rpartition(".")
        first = given.get("0", given.get("args"))
        if owner == "subprocess" and function in _LISTS and first is not None and "executable" not in given:
            switch = self.module.constant(given["shell"]) if "shell" in given else False
            if switch:
                return "shell", self._script(first)
            return self._listed(first) if switch is False else ("", None)
        if name in _STRINGS:
            return "shell", self._script(first or given.get("command", given.get("cmd")))
        if name in MAINS and first is not None:
            return "module", self._module(node, first)
        if name == "runpy.run_module" and first is not None and self.module.text(first) == "pip":
            return "argv", self._argv(node)
        return "", None

    # What runs

    def _listed(self, node: CSTNode) -> tuple[str, list[Command] | None]:
        """The form and the command of a list, or of a string that is split into one."""
        string = self._split(node)
        if string is not None:
            script = self._script(string)
            plain = script is not None and len(script) == 1 and _ORDINARY.match(script[0].cooked.text)
            return "words", script if plain else None
        words = self._elements(node, direct=True)
        return "list", [self._command(words)] if words else None

    def _split(self, node: CSTNode) -> CSTNode | None:
        """The string of `"…".split()` or `shlex.split("…")`."""
        module = self.module
        node = module.resolved(node)
        given = module.arguments(node)
        if module.dotted(module.callee(node)) == "shlex.split" and list(given) == ["0"]:
            return given["0"]
        return module.split_string(node)

    def _command(self, words: Sequence[Word]) -> Command:
        start, end = min(one.start for one in words), max(one.end for one in words)
        return Command(self.cooked, start, end, list(words), [], [], self.scopes, None, negated=False)

    def _module(self, node: CSTNode, first: CSTNode) -> list[Command] | None:
        callee = Element(self.cooked, self.module.span(self.module.callee(node)))
        callee.value, callee.dynamic = "pip", frozenset()
        words = self._elements(first, direct=True)
        return [self._command([callee, *words])] if words else None

    def _argv(self, node: CSTNode) -> list[Command] | None:
        given = self.module.assigned_before("sys.argv", node)
        words = self._elements(given, direct=False) if given is not None else None
        if not words:
            return None
        words[0].value, words[0].dynamic = "pip", frozenset()
        return [self._command(words)]

    def _elements(self, node: CSTNode, *, direct: bool) -> list[Element] | None:
        """The words of a list, where it is one; what a list of another place adds can't be edited."""
        found: list[Element] = []
        parts = self.module.elements(node)
        if parts is None:
            return None
        for part in parts:
            if not part.starred:
                word = self._element(part.value)
                word.direct = direct and part.direct
                found.append(word)
                continue
            inner = self._elements(part.value, direct=False)
            whole = self.module.span(part.node)
            if inner is None:
                inner = [Element(self.cooked, whole)]
                inner[0].dynamic = frozenset({"expansion", "splits", "array"})
            found += _elsewhere(inner, whole)
        return _elsewhere(found, self.module.span(node)) if self.module.shared(node) else found

    def _element(self, node: CSTNode) -> Element:
        module = self.module
        pieces = module.pieces(node)
        word = Element(self.cooked, module.span(node), pieces)
        if pieces is not None:
            word.quote = module.quote(node)
            if not word.quote:  # joined, or named elsewhere: known, but in no one place
                word.start, word.end = word.whole
        word.executable = module.dotted(node) == "sys.executable"
        return word

    def _script(self, node: CSTNode | None) -> list[Command] | None:
        """The commands of a string that a shell reads."""
        pieces = self.module.pieces(node) if node is not None else None
        if pieces is None:
            return None
        special = self.cooked.special + "\\\n'\""
        joined: list[tuple[str, int, int]] = []
        for one in pieces:
            place = self.cooked.span(one.start, one.end)
            if one.text is None:
                joined.append((UNKNOWN, *place))
            elif len(one.text) == one.end - one.start:
                joined += self.cooked.pieces(one.start, one.end)
            else:
                joined.append((one.text, *place))
            special += one.special
        text = Cooked.join(joined, special, empty_at=self.cooked.place(pieces[0].start))
        script = shell.parse(text)
        if script is None:
            return None
        scope = Scope("shell", text, 0, len(text.text))
        for command in script.commands:
            command.scopes = (*self.scopes, scope, *command.scopes)
        return script.commands

    # How

    def _surroundings(self, given: dict[str, CSTNode]) -> tuple[str | None, bool]:
        """In which folder it runs, and whether in the script's own environment."""
        module = self.module
        cwd, env = given.get("cwd"), given.get("env")
        folder = "" if cwd is None or module.is_none(cwd) else module.text(cwd)
        settled = env is None or module.is_none(env) or module.dotted(env) == "os.environ"
        return folder, settled or module.dotted(module.callee(env)) == "os.environ.copy"

    def _outcome(self, node: CSTNode, name: str, given: dict[str, CSTNode]) -> str:
        module = self.module
        captured = "stdout" in given or module.constant(given.get("capture_output")) is True
        if (name in _READ or captured) and not module.is_statement(node):
            return "read"
        checked = name in _CHECKED or (name == "subprocess.run" and module.constant(given.get("check")) is True)
        return "" if checked and not module.in_try(node) else "handled"


def _elsewhere(words: list[Element], whole: tuple[int, int]) -> list[Element]:
    """Words that a name brings: they stand, and can't be edited, where it does."""
    for one in words:
        one.start, one.end, one.whole, one.quote, one.direct = *whole, whole, "", False
    return words
