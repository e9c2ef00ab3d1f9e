from __future__ import annotations

import difflib

import pytest

from reading import built
from uvlint import proof
from uvlint.diagnostics import ENVIRONMENT, Edit
from uvlint.source import Span

BEFORE = """\
# syntax=docker/dockerfile:1
FROM python:3.12-slim AS build
COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /bin/
# about pip
RUN pip install six==1.16.0 \\
    # in between
    && echo done
USER app
EXPOSE 80
VOLUME /data
ENTRYPOINT ["python"]
CMD ["-V"]
"""
PARSE = "the file would no longer parse"
UNREAD = "a RUN could no longer be read"
COMMENT = "a comment would be lost"
USE = "the image would be used in another way"
MISSING = "uv would be missing where it is used"
PLAN = "the installers would be asked for something else"


def lost(what: str) -> str:
    return f"`{what}` would no longer be asked for"


UNTOUCHED = "instructions that no fix touched would read differently"


def objection(
    after: str,
    before: str = BEFORE,
    *,
    safe: bool = True,
    edits: list[Edit] | None = None,
    drops: tuple[str, ...] = (),
) -> str | None:
    if edits is None:
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        edits = [
            Edit(Span(start, end), after[first:last])
            for kind, start, end, first, last in matcher.get_opcodes()
            if kind != "equal"
        ]
    return proof.objection(built(before), built(after), edits, safe=safe, drops=drops)


@pytest.mark.parametrize(
    ("old", "new", "safe", "unsafe"),
    [
        ("", "", None, None),
        ("pip install", "uv pip install --system --compile-bytecode", None, None),
        ("&& echo done", "&& echo finished", None, None),
        ("RUN pip", "RUM pip", PARSE, PARSE),
        ("RUN pip", "RUN --mount=nonsense pip", PARSE, PARSE),
        ('CMD ["-V"]\n', 'CMD ["-V"]\nCOPY one\n', PARSE, PARSE),
        ("&& echo done", "&& (echo done", UNREAD, UNREAD),
        ("# about pip\n", "", COMMENT, COMMENT),
        ("# about pip", "# about uv", COMMENT, COMMENT),
        ("    # in between\n", "", COMMENT, COMMENT),
        ("# about pip\n", "# about pip\n# and more\n", None, None),
        ("python:3.12-slim", "python:3.13-slim", USE, None),
        ("USER app\n", "", USE, None),
        ("EXPOSE 80", "EXPOSE 81", USE, None),
        ("VOLUME /data\n", "", USE, None),
        ('ENTRYPOINT ["python"]', 'ENTRYPOINT ["python3"]', USE, None),
        ('CMD ["-V"]', 'CMD ["-v"]', USE, None),
        ("six==1.16.0", "six==1.17.0", PLAN, lost("six==1.16.0")),
        ("pip install six", "pip install --user six", PLAN, None),
        ("pip install six==1.16.0", "uv pip install --system six==1.16.0", PLAN, None),  # no bytecode
        (
            "pip install six==1.16.0",
            "uv pip install --compile-bytecode six==1.16.0",
            PLAN,
            lost("six==1.16.0"),
        ),  # no environment
        ("pip install six==1.16.0", "true", PLAN, lost("six==1.16.0")),
        ("pip install six==1.16.0", "uv pip install --python /opt/venv six==1.16.0", PLAN, lost("six==1.16.0")),
        ("pip install six==1.16.0", "pip install $(cat list) six==1.16.0", PLAN, lost("six==1.16.0")),
        ("&& echo done", "&& pip install more", PLAN, None),
    ],
)
def test_what_may_be_written(old: str, new: str, safe: str | None, unsafe: str | None) -> None:
    assert old in BEFORE
    after = BEFORE.replace(old, new, 1) if old else BEFORE
    assert objection(after) == safe
    assert objection(after, safe=False) == unsafe


@pytest.mark.parametrize(
    ("old", "new"),
    [("USER app", "USER other"), ("echo done", "echo DONE"), ("python:3.12-slim", "python:3.12"), ("USER app\n", "")],
)
def test_what_no_fix_claims_reads_as_before(old: str, new: str) -> None:
    edit = Edit(Span(BEFORE.index("EXPOSE"), BEFORE.index("EXPOSE") + 9), "EXPOSE 80")
    assert objection(BEFORE, safe=False, edits=[edit]) is None
    assert objection(BEFORE.replace(old, new), safe=False, edits=[edit]) == UNTOUCHED


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "tail",
    [
        "",
        "RUN <<EOF\necho a\nEOF\n",
        "RUN echo a \\\n\n  b\n",
        "COPY <<a <<b /x/\nFROM x\na\nRUN y\nb\n",
        "ONBUILD RUN pip install x\n",
    ],
)
def test_odd_layouts_are_no_objection(tail: str, newline: str) -> None:
    """The other parser takes heredoc bodies for instructions: they read alike before and after."""
    before = ("FROM python:3.12-slim\nCOPY --from=u /uv /bin/\nRUN pip install six==1.16.0\nENV A=b\n" + tail).replace(
        "\n", newline
    )
    old = "pip install six"
    new = "uv pip install --system --compile-bytecode six"
    at = before.index(old)
    edits = [Edit(Span(at, at + len(old)), new), Edit(Span(at - 4, at - 4), f"ENV UV_LINK_MODE=copy{newline}")]
    after = before.replace(old, new, 1).replace("RUN uv", f"ENV UV_LINK_MODE=copy{newline}RUN uv")
    assert objection(after, before, edits=edits) is None


def test_uv_has_to_be_there_where_it_is_used() -> None:
    before = "FROM python:3.12-slim\nCOPY --from=u /uv /bin/\nRUN uv pip install --system a\nRUN pip install b\n"
    mount = "RUN --mount=from=u,source=/uv,target=/bin/uv uv"
    after = before.replace("COPY --from=u /uv /bin/\n", "").replace("RUN uv", mount, 1)
    assert objection(after, before) is None
    assert objection(after.replace("RUN pip install", "RUN uv pip install --system"), before, safe=False) == MISSING
    assert objection(after.replace("RUN pip install", f"{mount} pip install --system"), before, safe=False) is None


def test_a_suppression_comment_may_go() -> None:
    before = BEFORE.replace("# about pip", "# uvlint: ignore[pip-install]")
    assert objection(before.replace("# uvlint: ignore[pip-install]\n", ""), before) is None


def test_a_comment_that_moves_is_kept_and_one_of_two_that_goes_is_not() -> None:
    moved = BEFORE.replace("# about pip\n", "").replace("USER app", "# about pip\nUSER app")
    assert objection(moved) is None
    twice = BEFORE.replace("# about pip\n", "# about pip\n# about pip\n")
    assert objection(BEFORE, twice) == COMMENT


def test_a_file_that_never_parsed_may_be_fixed_elsewhere() -> None:
    before = BEFORE + "NONSENSE a\n"
    assert objection(before.replace("echo done", "echo finished"), before) is None
    assert len(proof.problems(built(before).dockerfile)) == 1


def test_the_installs_of_stages_do_not_change_places() -> None:
    before = "FROM python:3.12 AS a\nRUN pip install one\nRUN echo\nFROM python:3.12\nRUN echo\n"
    after = "FROM python:3.12 AS a\nRUN echo\nRUN echo\nFROM python:3.12\nRUN pip install one\n"
    assert objection(after, before) == PLAN


ASKED = """\
FROM python:3.12-slim
RUN python -m venv /opt/venv && python -m venv /opt/other
RUN /opt/venv/bin/pip install -r one.txt -r two.txt -c limits.txt -e ./app --index-url https://me:pass@a.example/x \\
    --extra-index-url https://b.example/x --find-links /wheels --group dev a b
RUN pip install --target /lib c d
RUN pip install $(cat list)
"""


@pytest.mark.parametrize(
    ("old", "new", "gone"),
    [
        ("-r one.txt ", "", "one.txt"),
        ("-c limits.txt ", "", "limits.txt"),
        ("-e ./app", "./app", "./app"),
        ("--index-url https://me:pass@a.example/x", "--no-cache-dir", "https://a.example/x"),
        ("me:pass@", "$USER:$PASSWORD@", ""),
        ("--extra-index-url https://b.example/x", "--no-cache-dir", "https://b.example/x"),
        ("--find-links /wheels", "", "/wheels"),
        ("--group dev", "", "dev"),
        (" a b", " a", "b"),
        (" a b", " b --no-cache-dir a", ""),
        ("/opt/venv/bin/pip", "/opt/other/bin/pip", "a"),
        (" --target /lib", "", "/lib"),
        ("RUN pip install --target", "RUN true --target", "c"),
        ("$(cat list)", "$(cat other)", "$(cat list)"),
        ("RUN pip install $(cat list)", "RUN pip install --no-cache-dir $(cat list)", ""),
    ],
)
def test_an_unsafe_fix_loses_nothing_that_it_does_not_name(old: str, new: str, gone: str) -> None:
    after = ASKED.replace(old, new, 1)
    assert after != ASKED
    assert objection(after, ASKED, safe=False) == (lost(gone) if gone else None)


@pytest.mark.parametrize(
    ("old", "new", "drops"),
    [
        (" --target /lib c d", " --target /lib d", ("c",)),
        ("RUN pip install --target /lib c d\n", "", ("c", "d", "/lib")),
        ("--index-url https://me:pass@a.example/x", "--no-cache-dir", ("https://me:pass@a.example/x",)),
        ("/opt/venv/bin/pip", "/opt/other/bin/pip", (ENVIRONMENT,)),
    ],
)
def test_an_unsafe_fix_may_lose_what_it_names(old: str, new: str, drops: tuple[str, ...]) -> None:
    after = ASKED.replace(old, new, 1)
    assert objection(after, ASKED, safe=False) is not None
    assert objection(after, ASKED, safe=False, drops=drops) is None
    assert objection(after, ASKED, drops=drops) == PLAN
