"""A Dockerfile that still installs with Poetry or Pipenv where its project has moved to uv already."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from uvlint import context, managers
from uvlint.diagnostics import ENVIRONMENT, Diagnostic, Edit, Fix, Safety
from uvlint.migrate import rewriting
from uvlint.migrate.locked import Locked
from uvlint.model import normal
from uvlint.source import Span

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.source import Source

MOVE = "`uvlint migrate` moves the project with its Dockerfiles and keeps the locked versions"

_DEV = ["dev"]


def told(call: Call, message: str) -> Diagnostic:
    """The finding on a command that installs otherwise, with the fix where there is one."""
    found = fix(call)
    if isinstance(found, str):
        return Diagnostic(call.span, message, help=found or MOVE)
    return Diagnostic(call.span, message, found)


def fix(call: Call) -> Fix | str:
    """The fix that installs with `uv sync` what a command installs otherwise; why there is none, "" where the project is not uv's."""
    project = _project(call)
    if project is None:
        return ""
    build = call.step.stage.build
    try:
        made = rewriting.draft(build, project, lambda *_: None)
    except rewriting.Refused as refused:
        return str(refused.args[0])
    if made is None:
        return ""
    edits = tuple(_differences(build.dockerfile.source, made.build.dockerfile.source))
    note = "; ".join(made.notes) or "uv.lock may hold other versions than the lock file of before"
    title = f"Install with `uv sync`, without {call.program.capitalize()}"
    return Fix(title, edits, Safety.UNSAFE, note, made.files, (*made.drops, call.program, ENVIRONMENT))


def _project(call: Call) -> Locked | None:
    """The project that a command is for, as its own pyproject.toml and uv.lock have it; None where they aren't there."""
    build = call.step.stage.build
    root = context.root(build)
    place = _folder(call)
    if build.context is None or root is None or place is None:
        return None
    lock = build.context.look(root, posixpath.join(place, "uv.lock"))
    own = build.context.look(root, posixpath.join(place, "pyproject.toml"))
    tables = _tables(own)
    if lock is None or own is None or "project" not in tables:
        return None
    project, uv = tables["project"], tables.get("tool", {}).get("uv", {})
    groups = tuple(tables.get("dependency-groups", {}))
    default = uv.get("default-groups", _DEV)
    package = uv.get("package")
    readme = project.get("readme")
    readme = readme.get("file") if isinstance(readme, dict) else readme
    return Locked(
        root=build.context.place(root, place or "."),
        name=str(project.get("name", "")),
        kind=call.program,
        package=package if isinstance(package, bool) else "build-system" in tables,
        python=str(project.get("requires-python", "")),
        pyproject=own.decode("utf-8", "replace"),
        lock=lock.decode("utf-8", "replace"),
        uv="",
        groups=groups,
        defaults=groups if default == "all" else tuple(one for one in default if one in groups),
        extras=tuple(project.get("optional-dependencies", {})),
        needs=(readme,) if isinstance(readme, str) else (),
    )


def _folder(call: Call) -> str | None:
    """Where the project of a command is in the build context: the folder of the pyproject.toml or Pipfile that it reads."""
    asked = managers.read(call)
    named = "" if isinstance(asked, str) else asked.folder
    if call.workdir is None:
        return None
    folder = normal(named if named.startswith("/") else f"{call.workdir}/{named}")
    for name in ("pyproject.toml", "Pipfile"):
        found = context.origin(call.step, normal(f"{folder}/{name}"))
        if found is not None and found.path is not None:
            return posixpath.dirname(found.path)
    return ""


def _tables(data: bytes | None) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - only where a project is read

    try:
        return tomllib.loads((data or b"").decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return {}


def _differences(before: Source, after: Source) -> list[Edit]:
    """The edits, of whole lines, that make one text of another."""
    import difflib  # noqa: PLC0415 - only for this fix

    old, new = before.text.splitlines(keepends=True), after.text.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [
        Edit(Span(starts[first], starts[last]), "".join(new[head:tail]))
        for what, first, last, head, tail in matcher.get_opcodes()
        if what != "equal"
    ]
