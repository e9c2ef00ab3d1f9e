"""A Dockerfile as BuildKit's parser reads it, with the place of everything.

Nothing is lost: what lies outside the spans of directives, comments and instructions is blank. What BuildKit would refuse
becomes a `Problem`, and reading goes on behind it. What its instruction layer refuses is in `instructions.py`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from uvlint.arguments import (
    NOT_BLANK,
    PLAIN_PAIRS,
    SPACES,
    Flag,
    Mount,
    Pair,
    Problem,
    cut,
    mount,
    read_flags,
    read_json,
    read_pairs,
    split_words,
)
from uvlint.lazy import regex
from uvlint.record import record
from uvlint.source import Cooked, Source, Span

__all__ = [
    "Comment",
    "Directive",
    "Dockerfile",
    "Flag",
    "Heredoc",
    "Instruction",
    "Mount",
    "Pair",
    "Problem",
    "mount",
    "parse",
]

_DIRECTIVE = regex(r"#\s*([a-zA-Z][a-zA-Z0-9]*)[\t\f\r ]*=[\t\f\r ]*(.+)\Z", re.DOTALL)
_DIRECTIVES = frozenset(("syntax", "escape", "check"))
_KEYWORD = regex(r"[^\t\v\f\r ]+([\t\v\f\r ]*)")
_EXEC_FORM = frozenset(("RUN", "CMD", "ENTRYPOINT", "SHELL", "ADD", "COPY", "VOLUME"))
_HEREDOC_WORD = regex(r"(\d*)<<(-?)[\t\n\f\r ]*([^<]*)\Z", re.ASCII)
_SPACES_OR_HASH = SPACES + "#"
_ONBUILD_DEPTH = 3  # ONBUILD may hold no ONBUILD, so deeper ones are refused whatever they hold
_LINE_LIMIT = 65535  # bytes, the line ending not counted


class Directive(NamedTuple):
    """`# name=value` at the top of the file; the name in lower case."""

    name: str
    value: str
    span: Span


class Comment(NamedTuple):
    """From `#` to the end of its line."""

    span: Span


@record()
class Heredoc:
    """A here-document of RUN, COPY or ADD.

    `word` is where `<<name` stands in the instruction's `args`. `body` has its leading tabs stripped after `<<-`, its line
    endings as in the file: BuildKit hands a `\\r` on to the shell. `span` reaches from the body's first line to the end of
    the terminator's.
    """

    name: str
    expand: bool
    strip_tabs: bool
    fd: str
    word: tuple[int, int]
    body: Cooked
    span: Span


@record()
class Instruction:
    """One instruction, from its keyword (or a lone escape character before it) to the end of its last line.

    `keyword` is upper-case. `args` is what follows keyword and flags, without blanks at the ends and without heredoc bodies.
    `json` holds the strings of the exec form (for HEALTHCHECK, those behind CMD), None in shell or word form. `comments` are
    inside the instruction, `above` is the block of comments before it: blank lines don't end it, an empty `#` does.
    `inner` is what ONBUILD holds.
    """

    keyword: str
    span: Span
    keyword_span: Span
    flags: tuple[Flag, ...]
    args: Cooked
    json: tuple[Cooked, ...] | None = None
    heredocs: tuple[Heredoc, ...] = ()
    comments: tuple[Comment, ...] = ()
    above: tuple[Comment, ...] = ()
    inner: Instruction | None = None
    escape: str = "\\"

    def flag(self, name: str) -> Flag | None:
        for flag in self.flags:
            if flag.name == name:
                return flag
        return None

    def flags_named(self, name: str) -> list[Flag]:
        return [flag for flag in self.flags if flag.name == name]

    @property
    def command(self) -> Cooked:
        """What the shell form hands to the shell: `args`, without the `CMD` of HEALTHCHECK."""
        if self.keyword != "HEALTHCHECK":
            return self.args
        start = command_start(self.args.text)
        return cut(self.args, start, len(self.args))

    def words(self) -> list[Cooked]:
        """The words of ADD, COPY, FROM, EXPOSE and VOLUME: the exec form's strings, else split at blanks."""
        return list(self.json) if self.json is not None else split_words(self.args)

    def pairs(self) -> list[Pair]:
        """The pairs of ENV, LABEL and ARG, as far as they can be read."""
        return read_pairs(self.keyword, self.args, self.escape)[0]


@record()
class Dockerfile:
    """A whole file. `comments` are those outside instructions; `problems` are what BuildKit's parser refuses, in order."""

    source: Source
    directives: tuple[Directive, ...]
    escape: str
    instructions: tuple[Instruction, ...]
    comments: tuple[Comment, ...]
    problems: tuple[Problem, ...]


def parse(source: Source) -> Dockerfile:
    """Reads any text; never raises."""
    return _Reader(source).read()


def command_start(text: str) -> int:
    """Where the command begins behind the first word of HEALTHCHECK's arguments."""
    first = NOT_BLANK.match(text)
    second = NOT_BLANK.search(text, first.end()) if first else None
    return second.start() if second else len(text)


def heredoc_parts(word: str) -> tuple[str, str, str] | None:
    """File descriptor, `-` and name of a heredoc word as written; None when it is none."""
    found = _HEREDOC_WORD.match(word)
    return (found[1], found[2], found[3]) if found and found[3] else None


class _Reader:
    """One reading of one text: `at` is the start of the next line."""

    __slots__ = (
        "above",
        "at",
        "comments",
        "directives",
        "escape",
        "instructions",
        "problems",
        "returns",
        "source",
        "text",
    )

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.returns = "\r" in source.text
        self.escape = "\\"
        self.directives: list[Directive] = []
        self.instructions: list[Instruction] = []
        self.comments: list[Comment] = []
        self.above: list[Comment] = []
        self.problems: list[Problem] = []

    def read(self) -> Dockerfile:
        text, size = self.text, len(self.text)
        if text.startswith("\ufeff"):
            self.at = 1
        if size > _LINE_LIMIT // 4:
            self.find_long_lines()
        self.read_directives()
        find, returns = text.find, self.returns
        while self.at < size:
            start = self.at
            stop = find("\n", start)
            self.at = stop + 1
            if stop < 0 or returns:
                self.at = start
                stop = self.next_line()
            if start == stop:
                continue
            if text[start] in SPACES:
                start = stop - len(text[start:stop].lstrip(SPACES))
                if start == stop:
                    continue
            if text[start] == "#":
                self.add_comment(start, stop)
            else:
                self.read_instruction(start, stop)
        if not self.instructions:
            self.problems.append(Problem(Span(0, 0), "the file holds no instructions", "begin with `FROM image`"))
        self.problems.sort()
        return Dockerfile(
            self.source,
            tuple(self.directives),
            self.escape,
            tuple(self.instructions),
            tuple(self.comments),
            tuple(self.problems),
        )

    def next_line(self) -> int:
        """Steps over a line; returns where it ends, its line ending (any number of `\\r`, then `\\n`) not counted."""
        start = self.at
        stop = self.text.find("\n", start)
        if stop < 0:
            stop = len(self.text)
        self.at = stop + 1
        if self.returns:
            while stop > start and self.text[stop - 1] == "\r":
                stop -= 1
        return stop

    def find_long_lines(self) -> None:
        start = 0
        for line in self.text.split("\n"):
            if len(line) > _LINE_LIMIT // 4 and len(line.encode("utf-8", "surrogateescape")) > _LINE_LIMIT:
                message = f"the line is longer than the {_LINE_LIMIT} bytes that BuildKit reads"
                self.problems.append(Problem(Span(start, start + len(line)), message, "break it with continuations"))
            start += len(line) + 1

    def read_directives(self) -> None:
        """The lines at the very top. A `#!` line ends them for `escape`, but not for the others."""
        shebang = self.text.startswith("#!", self.at)
        if shebang:
            self.add_comment(self.at, self.next_line())
        seen: set[str] = set()
        while self.at < len(self.text):
            begin, stop = self.at, self.next_line()
            line = self.text[begin:stop]
            start = begin + len(line) - len(line.lstrip(SPACES))
            found = _DIRECTIVE.match(line.strip(SPACES))
            name = found[1].lower() if found else ""
            if found is None or name not in _DIRECTIVES:
                self.at = begin
                return
            if shebang and name == "escape":
                self.add_comment(start, stop)
                continue
            directive = Directive(name, found[2], Span(start, stop))
            self.directives.append(directive)
            if name in seen:
                message = f"only one {name} directive may be given"
                self.problems.append(Problem(directive.span, message, "remove one of them"))
            elif name == "escape":
                self.set_escape(directive)
            seen.add(name)

    def set_escape(self, directive: Directive) -> None:
        if directive.value in ("\\", "`"):
            self.escape = directive.value
        else:
            message = f"`{directive.value}` can't be the escape character"
            self.problems.append(Problem(directive.span, message, "use \\ or `"))

    def add_comment(self, start: int, stop: int) -> None:
        comment = Comment(Span(start, stop))
        self.comments.append(comment)
        # BuildKit drops one character, be it the `#` or a blank before it: an indented `#` is never empty to it.
        if (stop > start + 1 and (self.text[start + 1] not in SPACES or self.text[start + 1 : stop].strip(SPACES))) or (
            start > 0 and self.text[start - 1] not in "\n\ufeff"
        ):
            self.above.append(comment)
        else:
            self.above.clear()

    def read_instruction(self, start: int, stop: int) -> None:
        comments: list[Comment] = []
        text, last = self.text, self.text[stop - 1]
        cut_at = self.continued(start, stop) if last == self.escape or last in " \t" else -1
        if cut_at < 0:
            line = Cooked(text[start:stop], [0], [start], [stop])
        else:
            line, stop = self.read_continued(start, cut_at, stop, comments)
        text = line.text
        instruction = self.build(line, 0, len(text))
        instruction.span = Span(start, stop)
        if comments:
            instruction.comments = tuple(comments)
        if self.above:
            instruction.above = tuple(self.above)
            self.above.clear()
        if "<<" in text:
            target = instruction.inner if instruction.keyword == "ONBUILD" and instruction.inner else instruction
            if target.keyword in ("RUN", "COPY", "ADD") and target.json is None:
                self.read_heredocs(instruction, line)
        if instruction.inner:
            self.close(instruction)
        self.instructions.append(instruction)

    def close(self, instruction: Instruction) -> None:
        """What ONBUILD holds ends where ONBUILD does, and has its heredocs."""
        inner = instruction.inner
        shift = len(instruction.args)
        while inner:
            inner.span = Span(inner.span.start, instruction.span.end)
            moved = shift - len(inner.args)
            inner.heredocs = tuple(
                Heredoc(
                    doc.name,
                    doc.expand,
                    doc.strip_tabs,
                    doc.fd,
                    (doc.word[0] - moved, doc.word[1] - moved),
                    doc.body,
                    doc.span,
                )
                for doc in instruction.heredocs
            )
            inner = inner.inner

    def read_continued(self, start: int, end: int, stop: int, comments: list[Comment]) -> tuple[Cooked, int]:
        """A logical line of more than one: its first is `[start, stop)`, continued at `end`. Joins what its escape characters continue.

        Comment lines inside it are collected, blank lines left out. Returns where the last line ends as well.
        """
        text, size, escape = self.text, len(self.text), self.escape
        find, returns = text.find, self.returns
        parts, at, starts, ends = [text[start:end]], [0], [start], [end]
        length = end - start
        while self.at < size:
            start = self.at
            stop = find("\n", start)
            self.at = stop + 1
            if stop < 0 or returns:
                self.at = start
                stop = self.next_line()
            if start == stop:
                continue
            if text[start] in _SPACES_OR_HASH:
                bare = text[start:stop].lstrip(SPACES)
                if not bare:
                    continue
                if bare[0] == "#":
                    comments.append(Comment(Span(stop - len(bare), stop)))
                    continue
            end = -1 if text[stop - 1] != escape and text[stop - 1] not in " \t" else self.continued(start, stop)
            last = stop if end < 0 else end
            if start < last:
                parts.append(text[start:last])
                at.append(length)
                starts.append(start)
                ends.append(last)
                length += last - start
            if end < 0:
                break
        if len(at) > 1 and at[1] == 0:
            del at[0], starts[0], ends[0]
        return Cooked("".join(parts), at, starts, ends), stop

    def continued(self, start: int, stop: int) -> int:
        """Where the escape character stands that continues the line, or -1."""
        text = self.text
        last = stop - 1
        while last > start and text[last] in " \t":
            last -= 1
        if text[last] != self.escape or (last > start and text[last - 1] == self.escape):
            return -1
        return last

    def build(self, line: Cooked, start: int, end: int, depth: int = 0) -> Instruction:
        """The instruction in `line[start:end]`: keyword, flags, arguments, and what the parser makes of them."""
        text = line.text
        if start < end and (text[start] in SPACES or text[end - 1] in SPACES):
            end -= len(text[start:end]) - len(text[start:end].rstrip(SPACES))
            start += len(text[start:end]) - len(text[start:end].lstrip(SPACES))
        split = _KEYWORD.match(text, start, end)
        stop, at = split.span(1) if split else (start, start)
        keyword = text[start:stop]
        keyword = keyword.upper() if keyword.isascii() else keyword
        if len(line.at) == 1 or stop <= line.at[1]:
            place = line.starts[0]
            keyword_span = Span(place + start, place + stop)
        else:
            keyword_span = line.span(start, stop)
        flags: tuple[Flag, ...] = ()
        if text.startswith("--", at, end):
            found, at = read_flags(line, at, end)
            flags = tuple(found)
        if at < end and text[at] in SPACES:
            at = end - len(text[at:end].lstrip(SPACES))
        if len(line.at) == 1:
            place = line.starts[0]
            args = Cooked(text[at:end], [0], [place + at], [place + end])
        else:
            args = cut(line, at, end)
        instruction = Instruction(keyword, keyword_span, keyword_span, flags, args, None, (), (), (), None, self.escape)
        if keyword in _EXEC_FORM:
            if text.startswith("[", at):
                self.read_exec_form(instruction, 0)
        elif keyword in ("ENV", "LABEL") and not PLAIN_PAIRS.match(args.text):
            problem = read_pairs(keyword, args, self.escape)[1]
            if problem:
                self.problems.append(problem)
        elif keyword == "HEALTHCHECK":
            command = command_start(args.text)
            if args.text.startswith("[", command):
                self.read_exec_form(instruction, command)
        elif keyword == "ONBUILD" and at < end and depth < _ONBUILD_DEPTH:
            instruction.inner = self.build(line, at, end, depth + 1)
        return instruction

    def read_exec_form(self, instruction: Instruction, start: int) -> None:
        instruction.json, refused = read_json(instruction.args, start)
        if refused:
            span = instruction.args.span(start, len(instruction.args))
            self.problems.append(Problem(span, "a JSON array here may hold nothing but strings", "quote each of them"))

    def read_heredocs(self, instruction: Instruction, line: Cooked) -> None:
        from uvlint.expansion import ExpansionError, heredoc_word, lex_words  # noqa: PLC0415 - few files have heredocs

        try:
            words = lex_words(line.text)
        except ExpansionError:
            return  # BuildKit looks for none in a line it can't split
        offset = line.text.rindex(instruction.args.text) if instruction.args.text else 0
        heredocs = []
        for word in words:
            parts = heredoc_parts(word.text)
            if not parts:
                continue
            span = line.span(word.start, word.end)
            try:
                named = heredoc_word(parts[2])
            except ExpansionError as error:
                self.problems.append(Problem(span, f"this heredoc's name can't be read: {error}", "use a plain name"))
                return
            if named:
                place = (max(0, word.start - offset), max(0, word.end - offset))
                heredoc, closed = self.read_body(named, parts, place)
                heredocs.append(heredoc)
                if not closed:
                    message = f"the heredoc has no line `{named[0]}` to end it"
                    self.problems.append(Problem(span, message, f"add a line `{named[0]}`, with nothing else on it"))
        if heredocs:
            instruction.heredocs = tuple(heredocs)
            instruction.span = Span(instruction.span.start, max(instruction.span.end, heredocs[-1].span.end))

    def read_body(
        self, named: tuple[str, bool], parts: tuple[str, str, str], word: tuple[int, int]
    ) -> tuple[Heredoc, bool]:
        name, expand = named
        text, size = self.text, len(self.text)
        begin = self.at = min(self.at, size)
        pieces: list[tuple[str, int, int]] = []
        closed = False
        start = stop = begin
        while self.at < size:
            start, stop = self.at, self.next_line()
            line = text[start:stop]
            bare = line.lstrip("\t") if parts[1] else line
            if bare == name:
                closed = True
                break
            if parts[1]:
                tabs = len(line) - len(bare)
                pieces.append((text[start + tabs : self.at], start + tabs, min(self.at, size)))
        end = start if closed else size
        body = Cooked.join(pieces, empty_at=begin) if parts[1] else Cooked.plain(text[begin:end], begin)
        return Heredoc(name, expand, bool(parts[1]), parts[0], word, body, Span(begin, stop if closed else end)), closed
