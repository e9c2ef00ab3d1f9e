from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading import built, step
from uvlint import model
from uvlint.model import BASE_PATH, State


def state(text: str) -> State:
    """The State at the end of the last stage."""
    return built(text).stages[-1].end


# Stages ----------------------------------------------------------------------------------------------------------------

STAGES = """\
ARG VERSION=3.12
ARG VARIANT
FROM --platform=linux/arm64 python:${VERSION}-slim AS Build
RUN a
FROM build
RUN b
FROM 1 AS third
COPY --from=Build /x /y
COPY --from=0 /x /y
COPY --from=third /x /y
COPY --from=other/image:1 /x /y
FROM debian:${VARIANT} AS build
FROM build
FROM scratch
"""


def test_stages_and_what_they_continue() -> None:
    found = built(STAGES).stages
    assert [(one.name, one.image) for one in found] == [
        ("build", "python:3.12-slim"), ("", "build"), ("third", "1"), ("build", None), ("", "build"), ("", "scratch"),
    ]  # fmt: skip
    assert [one.parent and one.parent.index for one in found] == [None, 0, None, None, 3, None]
    assert [one.platform for one in found[:2]] == ["linux/arm64", None]
    assert [len(one.steps) for one in found] == [1, 1, 4, 0, 0, 0]
    assert [one.final for one in found] == [False] * 5 + [True]


def test_a_stage_knows_its_chain_and_base() -> None:
    first, second, *_ = built(STAGES).stages
    assert second.chain == [first, second]
    assert (second.base.kind, second.base.python) == ("python", "3.12")
    assert [one.instruction.args.text for one in second.before()] == ["a", "b"]
    assert [one.instruction.args.text for one in second.before(second.steps[0])] == ["a"]


def test_copy_from_names_an_earlier_stage_by_name_or_number() -> None:
    build = built(STAGES)
    third = build.stages[2]
    named = [build.stage_named(one.instruction.flag("from").value, third) for one in third.steps]  # type: ignore[union-attr]
    assert [one and one.index for one in named] == [0, 0, None, None]
    assert build.stage_named("BUILD", build.stages[4]) is build.stages[3]
    assert build.stage_named("7", build.stages[4]) is None
    assert build.stage_named(None, third) is None


def test_a_stage_inherits_all_but_the_arguments_of_the_one_it_continues() -> None:
    end = state('FROM a AS b\nARG X=1\nENV Y=2\nUSER u\nWORKDIR /w\nSHELL ["bash", "-c"]\nFROM b\nRUN x\n')
    assert (end.args, end.env, end.user, end.workdir, end.shell) == (
        {},
        {"PATH": BASE_PATH, "Y": "2"},
        "u",
        "/w",
        ("bash", "-c"),
    )
    other = state("FROM a AS b\nENV Y=2\nFROM a\n")
    assert other.env == {"PATH": BASE_PATH}


@pytest.mark.parametrize(
    "text", ["", "# only a comment\n", "ARG X=1\n", "RUN a\n", "FROM\n", "FROM a b c\n", "from a as\nrun b"]
)
def test_odd_files_are_read(text: str) -> None:
    build = built(text)
    assert len(build.stages) == text.lower().count("from")
    assert all(one.script is not None for one in build.steps if one.run)


# Values ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("ENV A=1", {"A": "1"}),
        ("ENV A 1 2", {"A": "1 2"}),
        ("ENV A=1\nENV A=2 B=$A", {"A": "2", "B": "1"}),  # a line reads what stood before it
        ("ENV A=1\nENV B=$A\nENV A=2", {"A": "2", "B": "1"}),
        ("ENV A=1 B=${A}", {"A": "1", "B": ""}),
        ("ENV A='$X' B=\"x y\" C=x\\ y", {"A": "$X", "B": "x y", "C": "x y"}),
        ("ENV A=${B:-d}", {"A": "d"}),
        ("ARG B=1\nENV A=$B", {"A": "1"}),
        ("ARG A=1\nENV A=2\nENV B=$A", {"A": "2", "B": "2"}),  # ENV before ARG
        ("ENV A=2\nARG A=1\nENV B=$A", {"A": "2", "B": "2"}),
        ("ARG B\nENV A=$B", {"A": None}),
        ("ARG B\nENV A=${B:-d}", {"A": None}),  # --build-arg may give one
        ("ENV A=$UNSET", {"A": ""}),
        pytest.param("ENV A=aaaa\n" + "ENV A=$A$A\n" * 40, {"A": None}, id="longer than a process may have it"),
    ],
)
def test_env_reads_in_order(lines: str, expected: dict[str, str | None]) -> None:
    env = state(f"FROM python:3.12\n{lines}\n").env
    del env["PATH"]
    assert env == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ARG X=1\nFROM a\n", {}),  # before FROM it is known to FROM alone
        ("ARG X=1\nFROM a\nARG X\n", {"X": "1"}),
        ("ARG X=1\nFROM a\nARG X=2\n", {"X": "2"}),
        ("ARG X=1\nARG Y=${X}2\nFROM a\nARG Y\n", {"Y": "12"}),
        ("FROM a\nARG X\n", {"X": None}),
        ("ARG X\nFROM a\nARG X\n", {"X": None}),
        ("FROM a\nARG X=1 Y=$X\n", {"X": "1", "Y": ""}),
        ("FROM a AS b\nARG X=1\nFROM a\nARG X\n", {"X": None}),
    ],
)
def test_arguments_and_their_scopes(text: str, expected: dict[str, str | None]) -> None:
    assert state(text).args == expected


def test_the_state_of_a_step_is_that_before_it() -> None:
    text = "FROM python:3.12\nRUN one\nENV A=1\nRUN two\nENV A=2\nRUN three\n"
    assert [step(text, index=one).state.env.get("A") for one in range(3)] == [None, "1", "2"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", "/"),
        ("WORKDIR /a", "/a"),
        ("WORKDIR /a\nWORKDIR b/c", "/a/b/c"),
        ("WORKDIR a", "/a"),
        ("WORKDIR /a/b\nWORKDIR ../c/", "/a/c"),
        ("WORKDIR /a\nWORKDIR /b", "/b"),
        ("ENV D=/x\nWORKDIR $D/y", "/x/y"),
        ("ARG D\nWORKDIR $D/y", None),
        ("ARG D\nWORKDIR $D\nWORKDIR x", None),
        ("ARG D\nWORKDIR $D\nWORKDIR /x", "/x"),
        ('WORKDIR "/a b"', "/a b"),
        ("WORKDIR //a//b/./", "/a/b"),
    ],
)
def test_workdir_joins(lines: str, expected: str | None) -> None:
    assert state(f"FROM python:3.12\n{lines}\n").workdir == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM python:3.12\n", "root"),
        ("FROM python:3.12\nUSER app\n", "app"),
        ("FROM python:3.12\nUSER 1000:1000\n", "1000:1000"),
        ("FROM python:3.12\nARG U=app\nUSER $U\n", "app"),
        ("FROM python:3.12\nARG U\nUSER $U\n", None),
        ("FROM python:3.12\nUSER a\nUSER root\n", "root"),
        ("FROM example/unknown\n", None),
        ("FROM example/unknown\nUSER root\n", "root"),
    ],
)
def test_users(text: str, expected: str | None) -> None:
    assert state(text).user == expected
    assert model.is_root(expected) == (expected == "root")


def test_shells() -> None:
    assert state("FROM a\n").shell == ("/bin/sh", "-c")
    assert state('FROM a\nSHELL ["bash", "-o", "pipefail", "-c"]\n').shell == ("bash", "-o", "pipefail", "-c")
    assert state('FROM a\nSHELL ["bash", "-c"]\nSHELL bash\n').shell == ("bash", "-c")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ("", []),
        ("ENV PATH=/v/bin:$PATH", ["/v/bin"]),
        ("ENV PATH=/v/bin:/w:${PATH}", ["/v/bin", "/w"]),
        ("ENV PATH=/v/bin:$PATH\nENV PATH=/w:$PATH", ["/w", "/v/bin"]),
        ("ENV PATH=$PATH:/v/bin", []),
        ("ENV PATH=/v/bin", ["/v/bin"]),
        ("ENV V=/v\nENV PATH=$V/bin:$PATH", ["/v/bin"]),
        ("ARG V\nENV PATH=$V/bin:$PATH", None),
    ],
)
def test_what_path_lists_before_the_base_images_own(env: str, expected: list[str] | None) -> None:
    found = state(f"FROM python:3.12\n{env}\n").path_entries()
    assert (found if found is None else [one for one in found if one]) == expected


# Scripts ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("RUN pip a && b\n", ["pip a", "b"]),
        ('RUN ["pip", "a"]\n', ["pip a"]),
        ("RUN <<EOF\npip a\nb\nEOF\n", ["pip a", "b"]),
        ("RUN <<EOF bash\npip a\nEOF\n", ["bash", "pip a"]),
        ("RUN bash <<EOF\npip a\nEOF\n", ["bash", "pip a"]),
        ("RUN <<'EOF' bash -exo pipefail\npip a\nEOF\n", ["bash -exo pipefail", "pip a"]),
        ("RUN <<'EOF' bash -ex -o pipefail -u\npip a\nEOF\n", ["bash -ex -o pipefail -u", "pip a"]),
        ("RUN <<'EOF' bash -ex script.sh\npip a\nEOF\n", ["bash -ex script.sh"]),
        ("RUN python3 <<EOF\nimport pip\nEOF\n", ["python3"]),
        ("RUN <<EOF\n#!/usr/bin/env bash\npip a\nEOF\n", ["pip a"]),
        ("RUN <<EOF\n#!/usr/bin/env python3\nimport pip\nEOF\n", None),
        ("RUN <<A cat > x && pip a\nb\nA\n", ["cat", "pip a"]),
        ("ONBUILD RUN pip a\n", ["pip a"]),
        ('SHELL ["pwsh", "-c"]\nRUN pip a\n', None),
        ('SHELL ["/bin/bash", "-lc"]\nRUN pip a\n', ["pip a"]),
        ("SHELL []\nRUN pip a\n", ["pip a"]),
        ("RUN pip a && (\n", None),
        ("COPY a b\n", None),
    ],
)
def test_scripts(text: str, commands: list[str] | None) -> None:
    last = list(built(f"FROM a\n{text}").steps)[-1]
    found = last.script
    assert (found and [" ".join(word.text for word in one.words) for one in found.commands]) == commands


def test_a_word_of_an_instruction_is_expanded() -> None:
    one = step("FROM a\nARG V=1\nARG W\nENV E=$V\nRUN x\n")
    assert [one.expand(text) for text in ("a$V", "${E}b", "$W", "plain", "'$V'", "${V")] == [
        "a1",
        "1b",
        None,
        "plain",
        "$V",
        None,
    ]


# Places ----------------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["a", "bb", ".", "..", "", "c.d"]), max_size=8))
def test_a_normal_path_is_absolute_and_stays_as_it_is(parts: list[str]) -> None:
    place = model.normal("/" + "/".join(parts))
    assert place.startswith("/")
    assert model.normal(place) == place
    assert not {".", ".."} & set(place.split("/"))
    assert place == "/" or "" not in place.split("/")[1:]


@pytest.mark.parametrize(
    ("user", "env", "expected"),
    [
        ("root", {}, "/root"),
        ("0", {}, "/root"),
        ("app", {}, None),
        (None, {}, None),
        ("app", {"HOME": "/h"}, "/h"),
        ("root", {"HOME": None}, None),
    ],
)
def test_home(user: str | None, env: dict[str, str | None], expected: str | None) -> None:
    assert model.home(user, env) == expected
