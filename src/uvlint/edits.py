"""How a fix writes: edits that keep the author's layout and comments.

Every function returns edits, or None where the change can't be written without touching something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import cuts
from uvlint.diagnostics import Edit, apply
from uvlint.lazy import regex
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uvlint.calls import Call
    from uvlint.model import Build, Step
    from uvlint.shell import Assignment, Command, Script
    from uvlint.source import Source
    from uvlint.syntax import Dockerfile, Instruction, Pair

INDENT = "    "
_SEQUENTIAL = frozenset({"&&", ";", "\n"})


def exec_form(step: Step, command: Command) -> bool:
    """Whether a command's words are strings of a list: of a JSON array, or of Python's."""
    if command.scopes and command.scopes[-1].kind == "python":
        return True
    run = step.run
    return run is not None and run.json is not None and not any(one.kind == "shell" for one in command.scopes)


def separator(call: Call) -> str:
    """What stands between two strings of the list that a command is."""
    if not call.listed:
        return '", "'
    from uvlint import pylists  # noqa: PLC0415 - only for the few files in which Python runs pip

    mark = pylists.quote(call)
    return f"{mark}{pylists.separator(call)}{mark}"


def replace_words(call: Call, first: int, last: int, text: str) -> list[Edit] | None:
    """Writes `text` (blank-separated words) for the words `[first, last)`."""
    words, cooked = call.words, call.command.cooked
    if call.listed:
        from uvlint import pylists  # noqa: PLC0415 - only for the few files in which Python runs pip

        return pylists.replace(call, first, last, text)
    if exec_form(call.step, call.command):
        strings = [word.span for word in words[first:last]]
        return [Edit(Span(strings[0].start, strings[-1].end), '", "'.join(text.split(" ")))]
    start, end = words[first].start, words[last - 1].end
    if not cooked.exact(start, end):
        return _word_by_word(call, first, last, text)
    return [Edit(cooked.span(start, end), text)] if cooked.takes(text) else None


def _word_by_word(call: Call, first: int, last: int, text: str) -> list[Edit] | None:
    """As `replace_words` where a continuation stands between the words: the new text goes where the first one was."""
    edits = replace_words(call, first, first + 1, text) if last - first > 1 else None
    if edits is None:
        return None
    for index in range(first + 1, last):
        more = delete_words(call, index, index + 1)
        if more is None:
            return None
        edits += more
    return edits


def insert_after(call: Call, index: int, text: str) -> list[Edit] | None:
    """Writes blank-separated words behind the word at `index`."""
    word = call.words[index]
    if call.listed:
        from uvlint import pylists  # noqa: PLC0415 - only for the few files in which Python runs pip

        return pylists.insert(call, index, text)
    if exec_form(call.step, call.command):
        end = word.span.end
        return [Edit(Span(end, end), "".join(f'", "{one}' for one in text.split(" ")))]
    cooked = call.command.cooked
    if not cooked.takes(text) or not cooked.exact(word.start, word.end):
        return None
    end = cooked.span(word.start, word.end).end
    return [Edit(Span(end, end), f" {text}")]


def delete_words(call: Call, first: int, last: int) -> list[Edit] | None:
    """Deletes the words `[first, last)` with their blanks, and with a continuation line that they have for themselves."""
    words, cooked = call.words, call.command.cooked
    if call.listed:
        from uvlint import pylists  # noqa: PLC0415 - only for the few files in which Python runs pip

        return pylists.delete(call, first, last)
    if exec_form(call.step, call.command):
        if first == 0:
            return None
        return [Edit(Span(words[first - 1].span.end, words[last - 1].span.end), "")]
    if not cooked.exact(words[first].start, words[last - 1].end):
        if last - first == 1:
            return None
        found: list[Edit] = []
        for index in range(first, last):
            edits = delete_words(call, index, index + 1)
            if edits is None:
                return None
            found += edits
        return found
    if call.beside:
        gap = cooked.text[words[first - 1].end : words[first].start] if first else "\n"
        return None if gap.strip(" \t") else [Edit(cooked.span(words[first - 1].end, words[last - 1].end), "")]
    span = cooked.span(words[first].start, words[last - 1].end)
    cut = without_line(call.step, span)
    if cut is not None:
        return None if _glued(call, first, last, cut) else [Edit(cut, "")]
    run = call.step.run
    if run is None or cooked is not run.args:
        return None
    return cuts.around_comments(call.step, words[first].start, words[last - 1].end)


def delete_assignment(call: Call, one: Assignment) -> Edit | None:
    """Deletes a `name=value` in front of a command with the blanks behind it; None where they span lines."""
    cooked = call.command.cooked
    end = one.end
    while end < len(cooked.text) and cooked.text[end] in " \t":
        end += 1
    return Edit(cooked.span(one.start, end), "") if cooked.exact(one.start, end) else None


def _glued(call: Call, first: int, last: int, cut: Span) -> bool:
    """Whether the words around deleted ones would become one: no blank between them is left."""
    words, cooked = call.words, call.command.cooked
    if first == 0 or last == len(words):
        return False
    gaps = [*range(words[first - 1].end, words[first].start), *range(words[last - 1].end, words[last].start)]
    return all(cut.start <= cooked.place(index) < cut.end for index in gaps)


def without_line(step: Step, span: Span) -> Span | None:
    """What to delete with a range of an instruction: its blanks and, when it has a line for itself, the line."""
    dockerfile = step.stage.build.dockerfile
    text, escape = dockerfile.source.text, dockerfile.escape
    instruction = step.instruction
    start, end = span
    while start > instruction.span.start and text[start - 1] in " \t":
        start -= 1
    tail = end
    while tail < len(text) and text[tail] in " \t":
        tail += 1
    begins = start == 0 or text[start - 1] == "\n"
    if begins and text.startswith(escape, tail) and _ends_line(text, tail + 1):
        return Span(start, text.index("\n", tail) + 1)
    if not begins:
        return Span(start, end)
    if tail < len(text) and text[tail] not in "\r\n":  # something follows on the line: keep its indentation
        return Span(span.start, tail)
    return _last_line(text, escape, start, end)


def _ends_line(text: str, at: int) -> bool:
    return text[at:].lstrip(" \t\r")[:1] == "\n" if at < len(text) else False


def _last_line(text: str, escape: str, start: int, end: int) -> Span | None:
    """The range on the last line of an instruction: the continuation before it has to go as well."""
    line = text[:start].rstrip("\r\n")
    bare = line.rstrip(" \t")
    if not bare.endswith(escape) or bare.rpartition("\n")[2].lstrip().startswith("#"):
        return None
    return Span(len(bare[: -len(escape)].rstrip(" \t")), end)


_CLOSES = regex(r"\s*(?:(?:fi|else|elif|then|do|done|esac)(?![\w-])|[})]|;;)")


def delete_command(call: Call) -> list[Edit] | None:
    """Deletes a command of an and-list or a sequence, with one of the operators beside it."""
    return delete_commands(call, call)


def delete_commands(first: Call, last: Call) -> list[Edit] | None:
    """Deletes neighbours of an and-list or a sequence, or a whole pipeline, with one of the operators beside them."""
    before, after = first.command.before, last.command.after
    if exec_form(first.step, first.command) or not _whole_pipeline(first.command, last.command):
        return None
    if (before is not None and before.text not in _SEQUENTIAL) or (after is not None and after.text not in _SEQUENTIAL):
        return None
    if before is None and after is not None and _CLOSES.match(last.command.cooked.text, after.end):
        return None  # a `then`, a loop or a group can't be empty
    chained_after = after is not None and not (before is not None and before.text == "&&" and after.text != "&&")
    options = []
    if chained_after and after is not None:
        options.append((first.command.start, after.end, True))
    if before is not None and (after is None or before.text == "&&" or after.text != "&&"):
        options.append((before.start, last.command.end, False))
    for start, end, forward in options:
        cut = _cut(first, start, end, forward=forward)
        if cut is not None:
            return [Edit(cut, "")]
    if first.step.run is None or first.command.cooked is not first.step.run.args:
        return None
    return next(filter(None, (cuts.around_comments(first.step, start, end) for start, end, _ in options)), None)


def _whole_pipeline(first: Command, last: Command) -> bool:
    """Whether no pipeline is cut in two between the first and the last of the commands, nor beside them."""
    for command in (first, last):
        for scope in command.scopes:
            within = scope.cooked is first.cooked and first.start <= scope.start and scope.end <= last.end
            if scope.kind == "pipeline" and not within:
                return False
    return not first.negated


def _cut(call: Call, start: int, end: int, *, forward: bool) -> Span | None:
    """A range of a script with the blanks (and line) that go with it; None where a comment stands inside."""
    dockerfile = call.step.stage.build.dockerfile
    text, escape = dockerfile.source.text, dockerfile.escape
    span = call.command.cooked.span(start, end)
    if forward:
        tail = span.end
        while text[tail : tail + 1] in {" ", "\t"}:
            tail += 1
        head = span.start
        while head > 0 and text[head - 1] in " \t":
            head -= 1
        own_line = head > 0 and text[head - 1] == "\n"
        if text.startswith(escape, tail) and _ends_line(text, tail + 1):
            newline = text.index("\n", tail) + 1
            if own_line:
                span = Span(head, newline)
            else:  # the next line moves up to where the command began
                while text[newline : newline + 1] in {" ", "\t"}:
                    newline += 1
                span = Span(span.start, newline)
        elif text[span.end - 1 : span.end] == "\n" and own_line:
            span = Span(head, span.end)
        else:
            span = Span(span.start, tail)
    else:
        cut = without_line(call.step, span)
        if cut is None:
            return None
        span = cut
    inside = text[span.start : span.end]
    if any(span.covers(one.span) for one in call.step.instruction.comments) or "<<" in inside:
        return None
    following = text[span.end :].lstrip(" \t")
    if forward and following.startswith("#") and not call.step.instruction.heredocs:
        return None
    return span


def add_flag(step: Step, flag: str) -> Edit:
    """A flag for a RUN, behind those it has, on a line of its own."""
    run = step.run
    assert run is not None  # noqa: S101 - callers have one
    dockerfile = step.stage.build.dockerfile
    place = run.args.place(0) if run.json is None else run.args.whole.start
    if run.heredocs and run.heredocs[0].word[0] == 0:
        return Edit(Span(place, place), f"{flag} ")
    source, keyword = dockerfile.source, run.keyword_span.end
    if not run.flags and source.line(keyword) != source.line(place):  # comments may stand between
        return Edit(Span(keyword, keyword), f" {flag}")
    return Edit(Span(place, place), f"{flag} {dockerfile.escape}{source.newline}{_indent(dockerfile, run)}")


def _indent(dockerfile: Dockerfile, run: Instruction) -> str:
    """The least indentation of the instruction's continuation lines."""
    source = dockerfile.source
    found: list[str] = []
    for line in range(source.line(run.span.start) + 1, source.line(run.args.whole.end) + 1):
        text = source[source.line_span(line)]
        bare = text.lstrip(" \t")
        if bare and not bare.startswith("#"):
            found.append(text[: len(text) - len(bare)])
    return min(filter(None, found), key=len, default=INDENT)


def insert_below(build: Build, instruction: Instruction, lines: Iterable[str]) -> Edit:
    """Instructions on lines of their own, directly below another."""
    source = build.dockerfile.source
    newline = source.newline
    end = source.text.find("\n", instruction.span.end)
    if end < 0:
        at = len(source.text)
        return Edit(Span(at, at), "".join(f"{newline}{line}" for line in lines))
    return Edit(Span(end + 1, end + 1), "".join(f"{line}{newline}" for line in lines))


def replace_instruction(build: Build, instruction: Instruction, lines: Sequence[str]) -> Edit:
    """Writes other instructions, or none, for one; comments inside it stay, on lines above what is written."""
    source = build.dockerfile.source
    kept = [source[one.span].rstrip() for one in instruction.comments]
    if kept or lines:
        return Edit(instruction.span, source.newline.join([*kept, *lines]))
    span = whole_lines(source, instruction.span)
    first, last = source.line(span.start), source.line(max(span.start, span.end - 1))
    if (
        first > 1
        and last < len(source.line_starts)
        and all(not source[source.line_span(line)].strip() for line in (first - 1, last + 1))
    ):  # one blank line, not two, where it stood
        span = whole_lines(source, Span(span.start, source.line_span(last + 1).start + 1))
    return Edit(span, "")


def delete_pair(step: Step, pair: Pair) -> list[Edit] | None:
    """Takes a pair out of an ENV; the whole instruction when it has no other."""
    if len(step.instruction.pairs()) == 1:
        return [replace_instruction(step.stage.build, step.instruction, [])]
    first, second = step.instruction.pairs()[:2]
    kept = [one for one in step.instruction.comments if pair.span.end <= one.span.start < second.span.start]
    source = step.stage.build.dockerfile.source
    if (
        pair.span == first.span
        and source.line(pair.span.start) == source.line(step.instruction.span.start)
        and not kept
    ):
        return [Edit(Span(pair.span.start, second.span.start), "")]
    cut = without_line(step, pair.span)
    if cut is not None:
        return [Edit(cut, "")]
    args = step.instruction.args
    start = next(index for index in range(len(args)) if args.place(index) == pair.span.start)
    end = next((index for index in range(start, len(args)) if args.place(index) >= pair.span.end), len(args))
    return cuts.around_comments(step, start, end)


def append_command(step: Step, text: str) -> list[Edit] | None:
    """Writes a command behind the last one of a RUN, to run when that one succeeds, in the layout of its list."""
    run, script = step.run, step.script
    if run is None or script is None or run.json is not None or not script.commands:
        return None
    cooked = script.cooked
    end = 0
    for command in script.commands:
        top = command.scopes[0] if command.scopes else command
        if top.cooked is cooked:
            end = max(end, top.end)
    rest = cooked.text[end:].strip()
    stopping = _stops_at_failure(step, script)
    if any(
        one.after is None and one.before is not None and one.before.text == "||" and not one.scopes
        for one in script.commands
    ):
        return None
    if end == 0 or rest not in {"", ";"} or (rest and not stopping) or not cooked.takes(text):
        return None
    last = end + cooked.text[end:].index(";") + 1 if rest else end
    place = cooked.span(last - 1, last).end
    if cooked is not run.args:
        written = any("<<" in each.op for one in script.commands for each in one.redirects)
        if written or cooked is not run.heredocs[0].body:
            return None
        source = step.stage.build.dockerfile.source
        line = source.text[source.line_starts[source.line(place) - 1] : place]
        margin = line[: len(line) - len(line.lstrip())]
        return [Edit(Span(place, place), f"{source.newline}{margin}{text}" if stopping else f" && {text}")]
    return [Edit(Span(place, place), _joint(step, place, stopping=stopping, closed=bool(rest)) + text + rest)]


def _stops_at_failure(step: Step, script: Script) -> bool:
    """Whether the shell ends at the first command that fails."""
    words = [
        *step.state.shell[1:],
        *(word.value or "" for word in script.commands[0].words[1:] if script.commands[0].name == "set"),
    ]
    run = step.run
    if run is not None and run.heredocs and run.heredocs[0].body.text.startswith("#!"):
        words += run.heredocs[0].body.text.partition("\n")[0].split()[1:]
    return any(
        word == "errexit" or (word.startswith("-") and not word.startswith("--") and "e" in word) for word in words
    )


def _joint(step: Step, place: int, *, stopping: bool, closed: bool) -> str:
    """What stands between the last command of a RUN and one more, as its author joins them."""
    dockerfile = step.stage.build.dockerfile
    source, escape = dockerfile.source, dockerfile.escape
    lines = [one.rstrip("\r") for one in source.text[step.instruction.span.start : place].split("\n")]
    bare = [one.strip().removesuffix(escape).strip() for one in lines]
    bare = ["" if one.startswith("#") else one for one in bare]
    turn = f" {escape}{source.newline}"
    if len(lines) == 1:
        return " " if closed else " && "
    for line, text in zip(reversed(lines), reversed(bare), strict=True):
        if text.startswith("&&") and not closed:
            return f"{turn}{line[: len(line) - len(line.lstrip())]}&& "
    margin = _indent(dockerfile, step.run) if step.run is not None else INDENT
    if closed:
        return f"{turn}{margin}"
    if stopping and any(one.endswith(";") for one in bare[:-1]) and not any(one.endswith("&&") for one in bare):
        return f";{turn}{margin}"
    if any(one.endswith("&&") for one in bare[:-1]):
        return f" &&{turn}{margin}"
    return f"{turn}{margin}&& "


def whole_lines(source: Source, span: Span) -> Span:
    """A range with the rest of its lines, the last line ending included."""
    first, last = source.line(span.start), source.line(max(span.start, span.end - 1))
    starts = source.line_starts
    return Span(starts[first - 1], starts[last] if last < len(starts) else len(source.text))


def settled(step: Step, made: Iterable[Edit]) -> list[Edit] | None:
    """The edits with deletions that overlap made one, as those of the last lines of an instruction do.

    None where what overlaps is no deletion, or can't be made one.
    """
    found: list[Edit] = []
    each = sorted(set(made))
    for one in each:
        edit = one
        while found and edit.span.start < found[-1].span.end:
            last = found.pop()
            if edit.text or last.text:
                return None
            cut = without_line(step, Span(last.span.start, max(last.span.end, edit.span.end)))
            cut = _with_operator(step, cut) if cut is not None else None
            if cut is None:
                return None
            edit = Edit(cut, "")
        found.append(edit)
    return found if found == each or _ends(step, found) else None


def _ends(step: Step, made: Sequence[Edit]) -> bool:
    """Whether an instruction still ends where it did: no continuation is left open."""
    dockerfile = step.stage.build.dockerfile
    span = step.instruction.span
    inside = [
        Edit(Span(one.span.start - span.start, min(one.span.end, span.end) - span.start), one.text)
        for one in made
        if span.start <= one.span.start <= span.end
    ]
    lines = [line.strip() for line in apply(dockerfile.source[span], inside).split("\n")]
    written = [line for line in lines if line and not line.startswith("#")]
    return bool(written) and not written[-1].endswith(dockerfile.escape)


def _with_operator(step: Step, cut: Span) -> Span | None:
    """A deletion up to the end of a script with the `&&` that it would leave there."""
    text = step.stage.build.dockerfile.source.text
    before = text[step.instruction.span.start : cut.start].rstrip(" \t")
    if not before.endswith("&&") or text[cut.end : step.instruction.span.end].strip(" \t\"']"):
        return cut
    return without_line(step, Span(step.instruction.span.start + len(before) - 2, cut.end))


def joined(parts: Sequence[list[Edit] | None]) -> list[Edit] | None:
    """All of the edits; None if one of them can't be made."""
    found: list[Edit] = []
    for part in parts:
        if part is None:
            return None
        found += part
    return found
