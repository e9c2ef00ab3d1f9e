from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import downloads, edits, images, projects, provision
from uvlint.diagnostics import Diagnostic, Fix, Safety
from uvlint.lazy import regex
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.projects import Sync

_EXPLICIT = frozenset(
    {"dev", "no-dev", "only-dev", "group", "only-group", "all-groups", "no-default-groups", "no-group"}
)
_FOR_WORK = regex(
    r"(?:^|[^a-z])(?:dev(?:el(?:op(?:ment)?)?|container)?|tests?|testing|ci|docs?|lint|local|debug)(?:[^a-z]|\Z)"
)
_TOOLS = regex(r"\b(?:pytest|tox|nox|mypy|ruff|pre-commit|coverage|mkdocs|sphinx-build|jupyter\w*)\b")
_NOTE = "what only the development group brings is no longer there"


@rule("UVL404")
def dev_dependencies(build: Build) -> Iterator[Diagnostic]:
    """`uv sync` without `--no-dev` puts the development dependencies into the final image."""
    if not build.stages or _meant_for_work(build):
        return
    shipped = images.shipped(build)
    for sync in projects.syncs(build):
        stage = sync.step.stage
        place = [] if sync.environment is None else [sync.environment]
        if stage not in shipped or not images.reached(stage, place) or not _installs_groups(sync):
            continue
        known = "" if projects.default_groups(sync) is not None else ", where the project has any"
        message = f"`uv sync` without `--no-dev` installs the development dependencies as well{known}"
        yield Diagnostic(downloads.span(sync.install), message, _fix(build, sync), help="add `--no-dev`")


def _installs_groups(sync: Sync) -> bool:
    """Whether default groups are installed that nobody asked for."""
    if any(sync.install.has(one) for one in _EXPLICIT):
        return False
    if any(sync.set(one) is not False for one in ("no-dev", "no-default-groups")):
        return False
    known = {**sync.step.state.args, **sync.install.call.variables}
    groups = projects.default_groups(sync)
    return "UV_NO_GROUP" not in known and (groups is None or "dev" in groups)


def _meant_for_work(build: Build) -> bool:
    """Whether the image is one to develop or test in: its name, a stage's or a command says so."""
    path = build.dockerfile.source.path.lower()
    if _FOR_WORK.search("/".join(path.replace("\\", "/").split("/")[-3:])):
        return True
    if any(_FOR_WORK.search(stage.name) for stage in build.stages[-1].chain):
        return True
    shipped = images.shipped(build)
    return any(
        _TOOLS.search(images.command_line(step.instruction) if step.run is None else step.run.args.text)
        for step in build.steps
        if step.stage in shipped and (step.run is not None or step.instruction.keyword in {"CMD", "ENTRYPOINT"})
    )


def _fix(build: Build, sync: Sync) -> Fix | None:
    """The option; or the variable, where `uv run` would bring them back."""
    if sync.step.onbuild:
        return None
    started = any(
        step.instruction.keyword in {"CMD", "ENTRYPOINT"} and "uv" in images.command_line(step.instruction).split()[:1]
        for step in build.stages[-1].before()
    )
    if started or any(projects.runs(build, sync.step)):
        made = provision.set_env(sync.install.call, {"UV_NO_DEV": "1"})
    else:
        option = edits.insert_after(sync.install.call, sync.place, "--no-dev")
        if option is None:
            return None
        made = option
    return Fix("Leave the development dependencies out", tuple(made), Safety.UNSAFE, _NOTE)
