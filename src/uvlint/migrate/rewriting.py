"""A Dockerfile rewritten step by step, each step read anew: commands and copies, then what the syncs need, then what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uvlint import model, plan, projects, pythons, syntax
from uvlint.diagnostics import Edit, FileEdit, apply
from uvlint.migrate import commands, copies, exports, ignores, leaving, placing, reading, supplies
from uvlint.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uvlint.context import Context
    from uvlint.migrate.locked import Locked
    from uvlint.migrate.moves import Reading
    from uvlint.model import Build

    Proof = Callable[[Build, Build, Sequence[Edit], Sequence[str]], str | None]
    """Says why a text may not take the place of another, by these edits, which give up what is listed; None for nothing."""

_MOST = 60
"""Rounds; more than any Dockerfile has stages to supply."""


class Refused(Exception):  # noqa: N818 - it is no error of the caller's
    """Why a Dockerfile can't be moved; its arguments are the reasons."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A Dockerfile that installs with uv: it works as it is, but is not finished.

    `drops` is what it no longer asks pip for, `files` are other files that have to change with it, `notes` what may come out
    differently.
    """

    build: Build
    files: tuple[FileEdit, ...]
    notes: tuple[str, ...]
    drops: tuple[str, ...]


def draft(build: Build, project: Locked, proof: Proof) -> Draft | None:
    """A Dockerfile with `uv sync` in place of what installed the project; None where nothing of it is installed.

    Raises: Refused.
    """
    found = reading.read(build, project)
    if found.reasons:
        raise Refused(*found.reasons)
    if not found.moves:
        return None
    placed = placing.settle(build, found.moves)
    if isinstance(placed, str):
        raise Refused(placed)
    reasons = leaving.before(build, found, placed)
    if reasons:
        raise Refused(*reasons)
    files = ignores.edits(build, project)
    seen = build.context.holding({one.path: one.after for one in files}) if build.context is not None else None
    build = _read(build, build.dockerfile.source.text, seen)
    found = reading.read(build, project)
    return _written(build, found, project, files, proof)


def _written(build: Build, found: Reading, project: Locked, files: Sequence[FileEdit], proof: Proof) -> Draft:
    placed = placing.settle(build, found.moves)
    assert not isinstance(placed, str)  # noqa: S101 - `draft` has seen to it
    drops = _drops(build)
    exporting = {one.step.stage.index for one in found.gone if exports.writes(one) is not None}
    written = commands.edits_of(build, found, placed, project)
    if written is None:
        raise Refused("its commands are laid out so that they can't be changed one by one")
    after = _step(build, [*written, *copies.edits_of(build, found, placed, project)], drops, proof)
    for _ in range(_MOST):
        more = supplies.next_edits(after, placed, project)
        if not more:
            break
        after = _step(after, more, drops, proof)
    else:
        raise Refused("what its installs need can't be brought together")
    after = _step(after, leaving.unused(after, exporting), drops, proof)
    for _ in range(_MOST):
        gone = leaving.stale(after)
        if not gone:
            break
        after = _step(after, gone, drops, proof)
    reasons = unmet(after, project)
    if reasons:
        raise Refused(*reasons)
    return Draft(after, tuple(files), tuple(leaving.notes(found, placed)), tuple(dict.fromkeys(drops)))


def _drops(build: Build) -> list[str]:
    """All that is asked of pip in the file: what stays of it is looked at before (`moves`)."""
    return [one for each in plan.installs(build) for one in _words(each)]


def _words(install: plan.Install) -> list[str]:
    found = [one.raw if one.value is None else one.value for one in install.given or ()]
    found += [word.text for word in install.call.words]
    found += [one for value in install.settings.values() if value for one in value.split()]
    return [*found, *(word.strip("\"'") for word in found), install.tool]


def _step(build: Build, made: Sequence[Edit], drops: Sequence[str], proof: Proof) -> Build:
    """The file after edits, proved."""
    if not made:
        return build
    try:
        text = apply(build.dockerfile.source.text, made)
    except ValueError as error:
        raise Refused(f"{error}: its commands are laid out so that they can't be changed one by one") from error
    after = _read(build, text, build.context)
    why = proof(build, after, made, drops)
    if why is not None:
        raise Refused(why)
    return after


def _read(build: Build, text: str, seen: Context | None) -> Build:
    """Another text in the place of a file."""
    return model.build(syntax.parse(Source(text, build.dockerfile.source.path)), build.settings, seen)


def unmet(build: Build, project: Locked) -> list[str]:
    """What the rewritten file lacks."""
    found = supplies.lacking(build, project) + leaving.managers_left(build, project)
    if "requires-python" not in project.pyproject:
        found.append("pyproject.toml has no `requires-python`: each Python would ask for a lock file of its own")
    for sync in projects.syncs(build):
        why = pythons.wanted(sync.install.call) or ""
        line = build.dockerfile.source.line(sync.install.call.span.start)
        found += [f"line {line}: {why[1:]}"] if why.startswith("!") else []
    return found
