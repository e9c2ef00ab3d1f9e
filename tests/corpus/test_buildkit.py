"""BuildKit's own answers: its parser's test cases, its tables of expansion, and constructs it was asked about."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from loader import corpus_file, corpus_rows, row_source

from uvlint.expansion import ExpansionError, expand, expand_words
from uvlint.instructions import refused
from uvlint.syntax import Dockerfile, Instruction, parse

LISTS = {"FROM", "EXPOSE", "COPY", "ADD", "VOLUME"}
PAIRS = {"ENV", "LABEL"}
KNOWN = (
    LISTS
    | PAIRS
    | {
        "ARG",
        "CMD",
        "ENTRYPOINT",
        "HEALTHCHECK",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "WORKDIR",
    }
)

UPSTREAM = corpus_rows("buildkit/upstream.jsonl")
EDGES = corpus_rows("buildkit/edge_cases.jsonl")


def lossy(text: str) -> str:
    """As Go prints text that is not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def arguments(instruction: Instruction) -> list[str]:
    """An instruction's arguments in the shape of BuildKit's tree."""
    if instruction.keyword not in KNOWN:
        return [""]
    if instruction.keyword in PAIRS:
        return [
            part
            for pair in instruction.pairs()
            for part in (pair.key, pair.value.text if pair.value else "", "" if pair.legacy else "=")
        ]
    if instruction.keyword == "ARG":
        return [pair.key if pair.value is None else f"{pair.key}={pair.value.text}" for pair in instruction.pairs()]
    if instruction.keyword == "HEALTHCHECK":
        kind = re.split(r"\s", instruction.args.text)[:1]
        strings = [string.text for string in instruction.json or ()] or [instruction.command.text]
        return [*filter(None, kind), *filter(None, strings)]
    if instruction.json is not None or instruction.keyword in LISTS:
        return [word.text for word in instruction.words()]
    return [instruction.args.text] if instruction.args.text else []


def flags(instruction: Instruction) -> list[str]:
    return [f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}" for flag in instruction.flags]


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\\u00", "\\x")


def dump(instruction: Instruction) -> str:
    parts = [instruction.keyword.lower()]
    if instruction.flags:
        parts.append("[" + " ".join(map(quoted, flags(instruction))) + "]")
    parts += [dump(instruction.inner)] if instruction.inner else map(quoted, arguments(instruction))
    return "(" + " ".join(parts) + ")"


@pytest.mark.parametrize("row", UPSTREAM, ids=lambda row: row["name"])
def test_upstream_cases_read_as_in_buildkit(row: dict[str, Any]) -> None:
    dockerfile = parse(row_source(row, "dockerfile"))
    if row["result"] is None:
        assert dockerfile.problems
    else:
        assert not dockerfile.problems
        assert "".join(dump(instruction) + "\n" for instruction in dockerfile.instructions) == row["result"]


def node(dockerfile: Dockerfile, instruction: Instruction, *, inner: bool = False) -> dict[str, Any]:
    """An instruction in the shape of `expected.nodes`."""
    source = dockerfile.source
    found: dict[str, Any] = {
        "cmd": lossy(instruction.keyword),
        "args": [] if instruction.inner else [lossy(text) for text in arguments(instruction)],
        "start_line": 0 if inner else source.line(instruction.span.start),
        "end_line": 0 if inner else source.line(instruction.span.end),
    }
    if instruction.flags:
        found["flags"] = flags(instruction)
    if instruction.json is not None:
        found["json_form"] = True
    if instruction.above:
        found["prev_comment"] = [source[comment.span][1:].strip() for comment in instruction.above]
    if instruction.heredocs and not inner:
        found["heredocs"] = [
            {
                "name": doc.name,
                "fd": int(doc.fd or 0),
                "expand": doc.expand,
                "chomp": doc.strip_tabs,
                "content": re.sub("[^\n]*\\Z", "", source[doc.span]) if doc.strip_tabs else doc.body.text,
            }
            for doc in instruction.heredocs
        ]
    if instruction.inner:
        found["sub"] = node(dockerfile, instruction.inner, inner=True)
    return found


def without_original(node: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in node.items() if key != "original"}
    kept["cmd"] = kept["cmd"].upper() if kept["cmd"].isascii() else kept["cmd"]
    if "sub" in kept:
        kept["sub"] = without_original(kept["sub"])
    return kept


@pytest.mark.parametrize("row", EDGES, ids=lambda row: row["name"])
def test_edge_cases_read_as_in_buildkit(row: dict[str, Any]) -> None:
    expected = row["expected"]
    dockerfile = parse(row_source(row, "dockerfile"))
    assert (not dockerfile.problems) == expected["parse_ok"]
    directives: dict[str, str] = {}
    for directive in dockerfile.directives:
        directives.setdefault(directive.name, directive.value)
    assert directives == (expected.get("directives") or {})
    if expected["parse_ok"]:
        assert dockerfile.escape == expected["escape"]
        nodes = [node(dockerfile, instruction) for instruction in dockerfile.instructions]
        assert nodes == [without_original(node) for node in expected["nodes"]]


@pytest.mark.parametrize("row", [row for row in EDGES if row["expected"]["parse_ok"]], ids=lambda row: row["name"])
def test_edge_cases_are_refused_where_buildkit_refuses_them(row: dict[str, Any]) -> None:
    error = row["expected"].get("convert_error")
    problems = list(refused(parse(row_source(row, "dockerfile"))))
    if row["name"] == "var_unset_required":  # depends on what is set, so on more than the syntax
        assert not problems
    else:
        assert bool(problems) == bool(error), (problems, error)


def table(name: str, separator: str) -> list[tuple[str, ...]]:
    lines = corpus_file(f"buildkit/{name}").read_text(encoding="utf-8").split("\n")
    return [tuple(line.split(separator)) for line in lines if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("row", table("envVarTest", "|"), ids="|".join)
def test_words_expand_as_in_buildkit(row: tuple[str, ...]) -> None:
    platform, raw, result = (part.strip() for part in row)
    if platform == "W":
        pytest.skip("for Windows")
    env = {"PWD": "/home", "SHELL": "bash", "KOREAN": "한국어", "NULL": ""}
    if result == "error":
        with pytest.raises(ExpansionError):
            expand(raw, env)
    else:
        assert expand(raw, env) == result


def test_words_split_as_in_buildkit() -> None:
    env: dict[str, str | None] = {}
    rows = table("wordsTest", "|")
    for row in rows:
        if len(row) == 1:
            name, _, value = row[0].removeprefix("ENV ").partition("=")
            env[name] = value
        elif row[1].strip() == "error":
            with pytest.raises(ExpansionError):
                expand_words(row[0].strip(), env)
        else:
            # The table cannot show blanks at the end of a line, and no word of it has any that matter.
            found = expand_words(row[0].strip(), env)
            assert found is not None
            assert ",".join(found).rstrip() == row[1].strip(), row
    assert len(rows) > 20
