"""Real Dockerfiles, read as BuildKit's own parser (the `dockerfile` package) reads them, and without losing anything."""

from __future__ import annotations

import pytest
from loader import dockerfiles
from syntax_checks import check_lossless, check_places

from uvlint.source import Source
from uvlint.syntax import Instruction, parse

oracle = pytest.importorskip("dockerfile")

SOURCES = dockerfiles()
LISTS = {"FROM", "EXPOSE", "COPY", "ADD", "VOLUME"}
SINGLE = {"RUN", "CMD", "ENTRYPOINT", "SHELL", "WORKDIR", "USER", "STOPSIGNAL", "MAINTAINER"}


def value(instruction: Instruction) -> tuple[str, ...]:
    keyword = instruction.keyword
    if instruction.inner:
        return value(instruction.inner)
    if keyword in ("ENV", "LABEL"):
        return tuple(text for pair in instruction.pairs() for text in (pair.key, pair.value.text if pair.value else ""))
    if keyword == "ARG":
        return tuple(p.key if p.value is None else f"{p.key}={p.value.text}" for p in instruction.pairs())
    if keyword == "HEALTHCHECK":
        kind = instruction.args.text.split()[:1]
        strings = [string.text for string in instruction.json or ()]
        return (*kind, *(strings if instruction.json is not None else filter(None, [instruction.command.text])))
    if keyword in LISTS or instruction.json is not None:
        return tuple(word.text for word in instruction.words())
    if keyword in SINGLE:
        return (instruction.args.text,) if instruction.args.text else ()
    return () if keyword == "ONBUILD" else ("",)


def ours(source: Source) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for instruction in parse(source).instructions:
        flags = tuple(f"--{f.name}" if f.value is None else f"--{f.name}={f.value}" for f in instruction.flags)
        start, end = source.line(instruction.span.start), source.line(instruction.span.end)
        shown = () if instruction.inner else instruction.heredocs
        # The oracle shows no heredocs of ONBUILD, and bodies with their tabs.
        heredocs = tuple((d.name, not d.strip_tabs and d.body.text) for d in shown)
        sub = instruction.inner.keyword if instruction.inner else None
        json = (instruction.inner or instruction).json is not None
        rows.append((instruction.keyword, sub, json, start, end, flags, value(instruction), heredocs))
    return rows


def theirs(text: str) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for command in oracle.parse_string(text):
        chomped = "<<-" in command.original
        heredocs = tuple((doc.name, not chomped and doc.content) for doc in command.heredocs)
        lines = (command.start_line, command.end_line)
        told = (command.cmd.upper(), command.sub_cmd and command.sub_cmd.upper(), command.json)
        rows.append((*told, *lines, command.flags, command.value, heredocs))
    return rows


def test_real_files_read_as_in_buildkit() -> None:
    compared = 0
    for source in SOURCES:
        try:
            expected = theirs(source.text)
        except (oracle.GoParseError, UnicodeEncodeError):
            continue
        assert ours(source) == expected, source.path
        compared += 1
    assert compared > 600


def test_real_files_lose_nothing() -> None:
    for source in SOURCES:
        check_lossless(parse(source))


@pytest.mark.parametrize("dress", ["as it stands", "CRLF", "comments"])
def test_each_character_knows_its_place(dress: str) -> None:
    for source in SOURCES[:: 1 if dress == "as it stands" else 7]:
        text = source.text
        if dress == "CRLF":
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        elif dress == "comments":
            text = text.replace("\\\n", "\\\n  # said in between\n\n")
        dockerfile = parse(Source(text))
        check_lossless(dockerfile)
        check_places(dockerfile)


def test_line_endings_change_nothing_but_themselves() -> None:
    for source in SOURCES[::5]:
        if "\r" in source.text:
            continue
        other = parse(Source(source.text.replace("\n", "\r\n")))
        told = [(i.keyword, i.args.text, [f.value for f in i.flags], i.json is None) for i in other.instructions]
        mine = parse(source).instructions
        assert told == [(i.keyword, i.args.text, [f.value for f in i.flags], i.json is None) for i in mine], source.path
