"""Dockerfiles of a project that has been moved: `uv sync` in place of what installed it, and what that needs around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uvlint import engine, interpreters, plan, proof
from uvlint.engine import Fixed
from uvlint.migrate import indexes, rewriting, taking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.diagnostics import Edit, FileEdit
    from uvlint.migrate.locked import Locked
    from uvlint.model import Build


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
        release = interpreters.release(one.call.step.stage)
        pythons |= {release: None} if release else {}
    return Demands(tuple(requirements), tuple(named), tuple(pythons))


def rewrite(build: Build, project: Locked) -> Rewritten:
    """A Dockerfile rewritten to install the project with `uv sync`, finished by every fix that applies to it then.

    Its context has to hold the project's new files. One that installs nothing of the project is left as it is.
    """
    text = build.dockerfile.source.text
    try:
        made = rewriting.draft(build, project, _proved)
    except rewriting.Refused as refused:
        return Rewritten(text, reasons=[str(one) for one in refused.args])
    if made is None:
        return Rewritten(text)
    if proof.loses_uv(build, made.build):
        return Rewritten(text, reasons=["uv would be missing where it is used"])
    fixed = _finished(made.build, project)
    files = {one.path: one for one in made.files}
    for one in fixed.files:
        files[one.path] = one._replace(before=files.get(one.path, one).before)
    return Rewritten(fixed.source.text, list(files.values()), notes=list(made.notes))


def _proved(before: Build, after: Build, made: Sequence[Edit], drops: Sequence[str]) -> str | None:
    return proof.objection(before, after, made, safe=False, drops=drops, whole=False)


def _finished(build: Build, project: Locked) -> Fixed:
    """The file with every fix that applies to it; without those that one of them, or the project, speaks against."""
    source = build.dockerfile.source
    for unsafe in (True, False):
        fixed = engine.fix(source, build.settings, unsafe=unsafe, context=build.context)
        if fixed.error is None and not rewriting.unmet(
            engine.read(fixed.source, build.settings, build.context), project
        ):
            return fixed
    return Fixed(source, [])
