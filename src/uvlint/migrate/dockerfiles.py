"""Dockerfiles of a project that has been moved: `uv sync` in place of what installed it, and what that needs around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uvlint import engine, environments, plan, projects, proof
from uvlint.diagnostics import apply
from uvlint.engine import Fixed
from uvlint.migrate import commands, copies, exports, ignores, indexes, leaving, placing, reading, supplies, taking
from uvlint.rules import managed_python
from uvlint.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.diagnostics import Edit, FileEdit
    from uvlint.migrate.locked import Locked
    from uvlint.migrate.moves import Reading
    from uvlint.model import Build

_MOST = 60
"""Rounds; more than any Dockerfile has stages to supply."""


@dataclass(slots=True)
class Rewritten:
    """A Dockerfile after the move.

    `reasons`: why it could not be moved; `text` is then as it was. `files` are other files that have to change with it,
    `notes` what may come out differently.
    """

    text: str
    files: list[FileEdit] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Demands:
    """What a Dockerfile asks of the project beyond its files.

    `requirements` are those that its command lines name beside the project's files, as written; `indexes` pairs of a meaning
    ("index", "extra-index", "find-links") and a URL; `pythons` the versions of the Pythons that it installs for.
    """

    requirements: tuple[str, ...] = ()
    indexes: tuple[tuple[str, str], ...] = ()
    pythons: tuple[str, ...] = ()


class _Refused(Exception):  # noqa: N818 - it is no error of the caller's
    """Why a Dockerfile can't be moved."""


def demands(build: Build) -> Demands:
    """What the installs of a Dockerfile ask for that the project has to have; nothing that isn't known before the build."""
    requirements: dict[str, None] = {}
    named: dict[tuple[str, str], None] = {}
    pythons: dict[str, None] = {}
    for one in plan.installs(build):
        if one.tool not in {"pip", "uv"} or one.given is None or one.call.step.onbuild:
            continue
        for each in one.requirements:
            if each.value is not None and taking.by_name(each.value):
                requirements[each.value] = None
        named |= dict.fromkeys((meaning, url) for meaning, url in indexes.named(one) if url is not None)
        release = environments.python_release(one.call.step.stage)
        pythons |= {release: None} if release else {}
    return Demands(tuple(requirements), tuple(named), tuple(pythons))


def rewrite(build: Build, project: Locked) -> Rewritten:
    """A Dockerfile rewritten to install the project with `uv sync`, finished by every fix that applies to it then.

    Its context has to hold the project's new files. One that installs nothing of the project is left as it is.
    """
    text = build.dockerfile.source.text
    found = reading.read(build, project)
    if found.reasons:
        return Rewritten(text, reasons=found.reasons)
    if not found.moves:
        return Rewritten(text)
    try:
        return _rewritten(build, found, project)
    except _Refused as refused:
        return Rewritten(text, reasons=[str(refused)])


def _rewritten(build: Build, found: Reading, project: Locked) -> Rewritten:
    placed = placing.settle(build, found.moves)
    if isinstance(placed, str):
        raise _Refused(placed)
    reasons = leaving.before(build, found, placed)
    if reasons:
        return Rewritten(build.dockerfile.source.text, reasons=reasons)
    files = ignores.edits(build, project)
    seen = build.context.holding({one.path: one.after for one in files}) if build.context is not None else None
    build = engine.read(build.dockerfile.source, build.settings, seen)
    found = reading.read(build, project)
    placed = placing.settle(build, found.moves)
    assert not isinstance(placed, str)  # noqa: S101 - it was settled above
    drops = _drops(build)
    exporting = {one.step.stage.index for one in found.gone if exports.writes(one) is not None}
    written = commands.edits_of(build, found, placed, project)
    if written is None:
        raise _Refused("its commands are laid out so that they can't be changed one by one")
    after = _step(build, [*written, *copies.edits_of(build, found, placed, project)], drops)
    for _ in range(_MOST):
        more = supplies.next_edits(after, placed, project)
        if not more:
            break
        after = _step(after, more, drops)
    else:
        raise _Refused("what its installs need can't be brought together")
    after = _step(after, leaving.unused(after, exporting), drops)
    for _ in range(_MOST):
        gone = leaving.stale(after)
        if not gone:
            break
        after = _step(after, gone, drops)
    reasons = _unmet(after, project)
    if reasons:
        raise _Refused(reasons[0])
    fixed = _finished(after, project)
    kept = {one.path: one for one in files}
    for one in fixed.files:
        kept[one.path] = one if one.path not in kept else type(one)(one.path, kept[one.path].before, one.after)
    return Rewritten(fixed.source.text, list(kept.values()), notes=leaving.notes(found, placed))


def _finished(build: Build, project: Locked) -> Fixed:
    """The file with every fix that applies to it; without those that one of them, or the project, speaks against."""
    source = build.dockerfile.source
    for unsafe in (True, False):
        fixed = engine.fix(source, build.settings, unsafe=unsafe, context=build.context)
        if fixed.error is None and not _unmet(engine.read(fixed.source, build.settings, build.context), project):
            return fixed
    return Fixed(source, [])


def _drops(build: Build) -> list[str]:
    """All that is asked of pip in the file: what stays of it is looked at before (`moves`)."""
    return [one for each in plan.installs(build) for one in _words(each)]


def _words(install: plan.Install) -> list[str]:
    found = [one.raw if one.value is None else one.value for one in install.given or ()]
    found += [word.text for word in install.call.words]
    found += [one for value in install.settings.values() if value for one in value.split()]
    return [*found, *(word.strip("\"'") for word in found), install.tool]


def _step(build: Build, made: Sequence[Edit], drops: Sequence[str]) -> Build:
    """The file after edits, proved."""
    if not made:
        return build
    source = build.dockerfile.source
    try:
        text = apply(source.text, made)
    except ValueError as error:
        raise _Refused(f"{error}: its commands are laid out so that they can't be changed one by one") from error
    after = engine.read(Source(text, source.path), build.settings, build.context)
    why = proof.objection(build, after, made, safe=False, drops=drops)
    if why is not None:
        raise _Refused(why)
    return after


def _unmet(build: Build, project: Locked) -> list[str]:
    """What the rewritten file lacks."""
    found = supplies.lacking(build, project) + leaving.managers_left(build, project)
    if "requires-python" not in project.pyproject:
        found.append("pyproject.toml has no `requires-python`: each Python would ask for a lock file of its own")
    for sync in projects.syncs(build):
        why = managed_python.wanted(sync.install.call) or ""
        line = build.dockerfile.source.line(sync.install.call.span.start)
        found += [f"line {line}: {why[1:]}"] if why.startswith("!") else []
    return found
