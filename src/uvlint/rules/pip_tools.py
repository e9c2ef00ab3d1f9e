from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import adoption, calls, edits
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule
from uvlint.tools import options, others

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.diagnostics import Fix
    from uvlint.model import Build
    from uvlint.tools.options import Given

_REMOVES = "uv also removes what is not listed of pip, setuptools, wheel and pip-tools"
_PINS = "uv pins pip and setuptools as well, where pip-compile leaves them out"


@rule("UVL105")
def pip_tools(build: Build) -> Iterator[Diagnostic]:
    """`pip-compile` or `pip-sync`, where uv does the same."""
    for call in calls.find(build, "pip-compile", "pip-sync", "piptools"):
        start, verb = call.rest, call.program.removeprefix("pip-")
        if call.program == "piptools":
            start, verb = call.rest + 1, call.verb or ""
        if verb not in {"compile", "sync"}:
            continue
        made = _fix(call, start, verb)
        if isinstance(made, str):
            yield Diagnostic(call.span, f"`pip-{verb}` where uv has `uv pip {verb}`", help=made)
        else:
            yield Diagnostic(call.span, f"`pip-{verb}` where uv has `uv pip {verb}`", made)


def _fix(call: Call, start: int, verb: str) -> Fix | str:
    rows = others.COMPILE if verb == "compile" else others.SYNC
    given = options.read(call.words, start, rows, call.variables)
    if isinstance(given, options.Unreadable):
        return given.reason
    if adoption.blocked(given):
        return adoption.blocked(given)
    place = adoption.where(call)
    if isinstance(place, str):
        return place
    more, behind, note = _compile(given) if verb == "compile" else _sync(given)
    if note.startswith("!"):
        return note[1:]
    text = " ".join([f"uv pip {verb}", *place, "--no-cache", *more])
    parts = [edits.replace_words(call, call.first, start, text), *adoption.reworded(call, given, rows)]
    if behind:
        parts.append(edits.insert_after(call, len(call.words) - 1, behind))
    settings = sorted(
        one for one in call.variables if one.startswith(("PIP_INDEX", "PIP_EXTRA_INDEX", "PIP_FIND_LINKS"))
    )
    if settings:
        return f"{settings[0]} is set, which uv doesn't read"
    if call.step.stage.base.kind == "unknown":
        note = note or "nothing is known of the base image: it may have pip settings of its own"
    return adoption.written(call, f"Let uv {verb}", parts, note, compiled=verb == "sync")


def _compile(given: list[Given]) -> tuple[list[str], str, str]:
    """More options, words for the end of the command, and what may come out differently (behind a `!`: why not at all)."""
    found, behind = [], ""
    meanings = {one.meaning for one in given}
    sources = [one for one in given if one.option is None]
    if any(one.meaning == "resolver" and one.value != "backtracking" for one in given):
        return [], "", "!uv has no legacy resolver"
    if not sources:
        return [], "", "!name the file that it reads"
    if any(one.meaning == "output" and one.value == "-" for one in given):
        return [], "", "!its output goes to a stream"
    if "output" not in meanings:
        name = sources[0].value or ""
        stem, _, ending = name.rpartition(".")
        if len(sources) > 1 or ending != "in" or set(name) & set(" \"'$"):
            return [], "", "!name the file that it writes: uv writes to the terminal"
        behind = f"-o {stem}.txt"
    if "strip" not in meanings:
        found.append("--no-strip-extras")
    if {"index", "extra-index"} & meanings and "emit-index" not in meanings:
        found.append("--emit-index-url")
    if "find-links" in meanings and "emit-links" not in meanings:
        found.append("--emit-find-links")
    if "extra-index" in meanings:
        found.append("--index-strategy unsafe-best-match")
    return found, behind, "" if "allow-unsafe" in meanings else _PINS


def _sync(given: list[Given]) -> tuple[list[str], str, str]:
    more = ["--index-strategy unsafe-best-match"] if any(one.meaning == "extra-index" for one in given) else []
    return more, "" if any(one.option is None for one in given) else "requirements.txt", _REMOVES
