"""What must hold of a fixed text before it is written.

It parses; each RUN that could be read still can, and has uv where it runs it; a safe fix asks the installers for the same and
leaves FROM, USER, CMD, ENTRYPOINT, EXPOSE and VOLUME as they were; an unsafe one loses nothing that was asked for, but what it
says it drops; what becomes two stages does together what it did as one (`parted`); and instructions that no fix claimed read as
before to dockerfile-parse, a parser that this project did not write.
"""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from uvlint import calls, environments, instructions, parted, reads
from uvlint.diagnostics import ENVIRONMENT
from uvlint.lazy import regex
from uvlint.plan import of, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uvlint.diagnostics import Edit, FileEdit
    from uvlint.model import Build
    from uvlint.plan import Install
    from uvlint.source import Source, Span
    from uvlint.syntax import Dockerfile

_UV_RELEASE = regex(r"(/uv):(?:latest\b|\d[\d.]*)?-?(?:@sha256:\w+)?")
_USER = regex(r"(?<=://)[^\s/@]*@")
_KEPT = frozenset({"FROM", "USER", "CMD", "ENTRYPOINT", "EXPOSE", "VOLUME"})


def objection(
    before: Build, after: Build, edits: Sequence[Edit], *, safe: bool, drops: Iterable[str] = (), whole: bool = True
) -> str | None:
    """Why the text after may not be written; None when nothing speaks against it. `drops` are those of unsafe fixes.

    Without `whole` it is a step on the way to what is written, and later ones bring uv.
    """
    if len(problems(after.dockerfile)) > len(problems(before.dockerfile)):
        return "the file would no longer parse"
    if _unread(after) > _unread(before):
        return "a RUN could no longer be read"
    if _comments(before) - _comments(after):
        return "a comment would be lost"
    if safe and _kept(before) != _kept(after):
        return "the image would be used in another way"
    if safe and not same_plan(before, after):
        return "the installers would be asked for something else"
    if not safe and (gone := lost(before, after, drops)):
        return f"`{gone}` would no longer be asked for"
    if whole and loses_uv(before, after):
        return "uv would be missing where it is used"
    return parted.objection(before, after) or _second_opinion(before.dockerfile, after.dockerfile, edits)


def of_files(before: Build, after: Build, files: Sequence[FileEdit]) -> str | None:
    """Why other files may not be written; None when nothing speaks against it."""
    for each in files:
        name = each.path.rpartition("/")[2]
        if _is_script(before, each):
            why = _of_script(name, each)
            if why is not None:
                return why
            continue
        if not name.endswith(".dockerignore"):
            return f"{name} would be written, which no proof is known for"
        left = iter(each.after.splitlines())
        if any(line not in left for line in (each.before or "").splitlines()):
            return f"{name} would lose a line"
    if files and _in_scripts(before) != _in_scripts(after):
        return "the installers would be asked for something else"
    if files and _copied(before) - _copied(after):
        return "what is copied would no longer be seen"
    return None


def _is_script(build: Build, edit: FileEdit) -> bool:
    """Whether a file is a Python script that a RUN executes."""
    from uvlint import context, scripts  # noqa: PLC0415 - only for the few fixes that change another file

    root = context.root(build)
    if build.context is None or root is None:
        return False
    places = [
        build.context.place(root, one.origin) for one in scripts.ran(build) if one.python and one.origin is not None
    ]
    return edit.path in places


def _of_script(name: str, edit: FileEdit) -> str | None:
    """Why a Python script may not be written; None when nothing speaks against it."""
    from uvlint import pysource  # noqa: PLC0415 - brings libcst along

    old, new = pysource.parse(edit.before or ""), pysource.parse(edit.after)
    if old is None or new is None:
        return f"{name} would no longer parse"
    return f"a comment of {name} would be lost" if Counter(old.comments()) - Counter(new.comments()) else None


def _in_scripts(build: Build) -> list[list[tuple[object, ...]]]:
    """What the scripts that RUN instructions execute ask the installers for."""
    from uvlint import scripts  # noqa: PLC0415 - as `_is_script`

    found = ([of(call) for call in one.calls] for one in scripts.ran(build))
    return [[one.asks for one in each if one is not None] for each in found]


def _copied(build: Build) -> set[str]:
    """What of the build context's own files the Dockerfile copies by their names."""
    from uvlint import context  # noqa: PLC0415 - only for the few fixes that change a file of it

    root = context.root(build)
    if build.context is None or root is None:
        return set()
    named = {word for step in build.steps for word in context.copied(step) or ()}
    return {word for word in named if build.context.exists(root, word) and not build.context.hides(root, word)}


def same_plan(before: Build, after: Build) -> bool:
    """Whether both ask the installers for the same; what was compiled before has to be compiled after."""
    old, new = plan(before), plan(after)
    return [len(stage) for stage in old] == [len(stage) for stage in new] and all(
        _same(now, then) for olds, news in zip(old, new, strict=True) for now, then in zip(olds, news, strict=True)
    )


def _same(now: Install, then: Install) -> bool:
    """Whether an install asks for the same as before; one that failed, for want of an environment, may have found one."""
    failed = now.tool == then.tool == "uv" and now.target is not None and now.target.kind == "none"
    skip = 1 if failed and now.given is not None and then.given is not None else 0
    return _asked(now)[skip:] == _asked(then)[skip:] and (then.compiles or not now.compiles)


def _asked(install: Install) -> tuple[object, ...]:
    """What an install asks for, with what a requirements file says to pip alone: hosts to trust, and pre-releases."""
    asks = install.asks
    if install.tool != "pip" or install.given is None:
        return asks
    scan = reads.of(install).scan
    lists = dict(asks[2])  # type: ignore[call-overload]
    lists["trusted-host"] = (*dict.fromkeys(scan.trusted), *lists["trusted-host"])
    prerelease = asks[6] or ("allow" if scan.pre else "")
    return (*asks[:2], tuple(lists.items()), *asks[3:6], prerelease, *asks[7:])


def lost(before: Build, after: Build, drops: Iterable[str]) -> str:
    """Something that the installers were asked for and are no more, as it is written; "" where there is none."""
    given_up = {_bare(one) for one in drops}
    anywhere = ENVIRONMENT in given_up
    old, new = _sought(before, anywhere=anywhere), _sought(after, anywhere=anywhere)
    missing, more = old - new, {(kind, what) for kind, what, _ in new - old}
    for kind, what, place in list(missing):
        if place == _NOWHERE and (kind, what) in more:
            del missing[kind, what, place]  # that failed, for want of an environment, and has found one
    return next((what for _, what, _ in missing if what not in given_up), "")


_SOUGHT = frozenset({"requirement", "constraint", "build-constraint", "override", "editable", "index", "extra-index", "find-links",
                     "group", "target", "prefix", "root"})  # fmt: skip


_NOWHERE = "?"


def _sought(build: Build, *, anywhere: bool) -> Counter[tuple[str, str, str]]:
    """What pip and uv are to install, and from where: its kind, how it is written, and the folder of the environment.

    `anywhere`: the folder doesn't count.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    for one in (one for stage in plan(build) for one in stage):
        if one.given is None:
            found.update(("word", str(word), "") for word in one.asks[1:] if one.tool in {"pip", "uv"})
            continue
        if one.tool not in {"pip", "uv"}:
            found["command", one.tool, one.call.workdir or ""] = 1  # one `uv sync` may complete another
            continue
        _, names, lists, single, _, index, *_ = cast("tuple[Any, ...]", one.asks)
        where = one.target.where if one.target is not None and not anywhere else ""
        where = where if where.startswith("/") else ""
        where = _NOWHERE if one.target is not None and one.target.kind == "none" and not anywhere else where
        found.update(("requirement", name, where) for name in names)
        found.update((kind, value, where) for kind, values in lists if kind in _SOUGHT for value in values)
        for kind, value in (*single, ("index", index)):
            written = value or "".join(each.raw for each in one.all(kind)[-1:])  # a value that only the build knows
            if kind in _SOUGHT and written:
                found[kind, written, where] += 1
    return Counter({(kind, _bare(what), place): count for (kind, what, place), count in found.items()})


def _bare(what: str) -> str:
    """A URL without its user and password: these may come from elsewhere, and are not to be shown."""
    return _USER.sub("", what.strip("\"'"))


def problems(dockerfile: Dockerfile) -> list[str]:
    return [one.message for one in (*dockerfile.problems, *instructions.refused(dockerfile))]


def _unread(build: Build) -> int:
    return sum(step.run is not None and step.script is None for step in build.steps)


def loses_uv(before: Build, after: Build) -> bool:
    """Whether uv is no longer there, or not yet, where a command line runs it."""
    return _lacks_uv(after) and not _lacks_uv(before)


def _lacks_uv(build: Build) -> bool:
    """Whether a command line runs uv where nothing is known to have brought it, unless it be the base image."""
    return any(not environments.has_uv(call) for call in calls.find(build, "uv", "uvx"))


def _comments(build: Build) -> Counter[str]:
    source = build.dockerfile.source
    found = Counter(source[one.span].rstrip() for one in build.dockerfile.comments)
    for instruction in build.dockerfile.instructions:
        found.update(source[one.span].rstrip() for one in instruction.comments)
    return Counter({text: count for text, count in found.items() if "uvlint:" not in text})


def _kept(build: Build) -> list[tuple[str, str]]:
    found = []
    for instruction in build.dockerfile.instructions:
        if instruction.keyword in _KEPT:
            text = instruction.args.text
            # uv's own image in whichever release: naming one for `latest` is a safe fix.
            found.append((instruction.keyword, _UV_RELEASE.sub(r"\1", text) if instruction.keyword == "FROM" else text))
    return found


def _second_opinion(before: Dockerfile, after: Dockerfile, edits: Sequence[Edit]) -> str | None:
    """Instructions outside the claims, in order, as the other parser reads both texts."""
    was, now, shift = [], [], 0
    for edit in sorted(set(edits)):
        start = edit.span.start + shift
        whole = _whole_lines(before.source, edit)
        if not whole or edit.span.end > edit.span.start or _inside(before, edit.span.start):
            was.append((edit.span.start, edit.span.end))
        if not whole or edit.text or _inside(after, start):
            now.append((start, start + len(edit.text)))
        shift += len(edit.text) - (edit.span.end - edit.span.start)
    old, new = _unclaimed(before, was), _unclaimed(after, now)
    return None if old == new else "instructions that no fix touched would read differently"


def _inside(dockerfile: Dockerfile, offset: int) -> bool:
    """Whether a place lies within an instruction, not at one of its ends."""
    return any(one.span.start < offset < one.span.end for one in dockerfile.instructions)


def _whole_lines(source: Source, edit: Edit) -> bool:
    """Whether an edit takes out and puts in nothing but whole lines."""
    begins = edit.span.start in source.line_starts
    return begins and (not edit.text or edit.text.endswith("\n")) and source[edit.span][-1:] in {"", "\n"}


def _unclaimed(dockerfile: Dockerfile, claims: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    source = dockerfile.source
    claimed: set[int] = set()
    for start, end in claims:
        claimed.update(range(source.line(start), source.line(max(start, end - 1)) + 1))
    for instruction in dockerfile.instructions:
        lines = _lines(source, instruction.span)
        if any(line in claimed for line in lines):
            claimed.update(lines)
    return [
        (keyword, value)
        for keyword, value, first, last in _structure(source.text)
        if keyword != "COMMENT" and not any(line + 1 in claimed for line in range(first, last + 1))
    ]


def _lines(source: Source, span: Span) -> range:
    return range(source.line(span.start), source.line(max(span.start, span.end - 1)) + 1)


def _structure(text: str) -> list[tuple[str, str, int, int]]:
    """Each instruction as dockerfile-parse reads it: keyword, value, first and last line, counted from 0."""
    import logging  # noqa: PLC0415 - only when a fix changed a file

    from dockerfile_parse import DockerfileParser  # noqa: PLC0415

    logging.getLogger("dockerfile_parse").setLevel(logging.CRITICAL)
    parser = DockerfileParser(fileobj=io.BytesIO(text.encode("utf-8", "replace")))
    return [(one["instruction"], one["value"], one["startline"], one["endline"]) for one in parser.structure]
