"""What is left behind when a project leaves pip, Poetry or Pipenv: who would still look for it, and settings of no use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, context, edits, images
from uvlint.diagnostics import Edit
from uvlint.lazy import regex
from uvlint.migrate import copies
from uvlint.model import normal, text_of
from uvlint.source import Span
from uvlint.syntax import mount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.migrate.locked import Locked
    from uvlint.migrate.moves import Reading
    from uvlint.migrate.placing import Placed
    from uvlint.model import Build, Stage, Step
    from uvlint.source import Source
    from uvlint.syntax import Pair

_START = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})
_PROGRAM = regex(r"/usr/(?:local/)?bin/[\w.-]+")
_PACKAGES = regex(r"(?:site|dist)-packages")
_NEEDS_PIP = regex(r"\bspacy\s+download\b|\bensurepip\b|(?<![\w/.-])python[\d.]*\s+-m\s+pip\b")
_PIP = regex(r"(?<![\w./-])(?:pip[\d.]*|python[\d.]*\s+-m\s+pip)\s+install\b")
_TOLD = regex(r"(?<![\w-])(?:uwsgi|apache2(?:ctl|-foreground)?|httpd)(?![\w-])")
_MANAGER = regex(r"(?<![\w./=-])(?P<name>poetry|pipenv)(?![\w./=-])")
_SPAWNED = regex(r"(?<![\w./=-])(?P<name>poetry|pipenv)(?:\s+run\b|[\"']\s*,\s*[\"'])")
_SYSTEM = regex(r"python3?-(?!pip|venv|dev|minimal|distutils|full|setuptools|wheel|lib)[a-z]")
_SETTINGS = regex(r"(?:POETRY|PIPENV)_\w+\Z")
_SAME = regex(r"[\"']?\$\{?PATH\}?[\"']?")
_ON_PATH = regex(
    r"(?:\$\{?POETRY_HOME\}?|/opt/poetry|/etc/poetry)/bin:|:(?:\$\{?POETRY_HOME\}?|/opt/poetry|/etc/poetry)/bin"
)


def before(build: Build, found: Reading, placed: Placed) -> list[str]:
    """Why a file can't be moved: something in it, or that it starts, looks for packages where they will no longer be."""
    alone = bool(placed.environments) or any(one.program in {"venv", "virtualenv"} for one in found.gone)
    reasons = list(_started(build, moved=alone))
    if placed.environments:
        own = {one.call for one in found.moves} | set(found.gone)
        reasons += _system(build, placed)
        for step in build.steps:
            reasons += [] if _apart(step.stage, placed) else _looks(step, own)
    return reasons


def _apart(stage: Stage, placed: Placed) -> bool:
    """Whether a stage has nothing of a chain that gets a new environment."""
    roots = {stage.build.stages[index] for index in placed.environments}
    if stage.chain[0] in roots:
        return False
    return not any(
        copies.takes_packages(step) and (source := images.copied_from(step)) is not None and source.chain[0] in roots
        for step in stage.steps
    )


def _at(step: Step, reason: str) -> str:
    return f"line {step.stage.build.dockerfile.source.line(step.instruction.span.start)}: {reason}"


def _system(build: Build, placed: Placed) -> Iterator[str]:
    """Packages of the distribution, which an environment does not see; and cron, which does not see PATH."""
    for call in calls.find(build, "apt-get", "apk", "dnf", "yum", "microdnf"):
        if call.verb not in {"install", "add"} or call.step.stage.chain[0].index not in placed.environments:
            continue
        for arg in call.args:
            if arg == "cron":
                yield _at(
                    call.step, "cron does not know the image's PATH, and would not find the project's environment"
                )
            if arg is not None and call.step.stage.base.kind == "system" and _SYSTEM.match(arg):
                yield _at(
                    call.step, f"`{arg}` is a package of the system's Python, which the project's environment won't see"
                )


def _looks(step: Step, own: set[calls.Call]) -> Iterator[str]:
    """What of an instruction looks for the packages of the image's own Python."""
    text = step.instruction.args.text if step.run is None else text_of(step.run)
    keyword = step.instruction.keyword
    if keyword in {"COPY", "ADD"}:
        if _PACKAGES.search(text) and not copies.takes_packages(step):
            yield _at(step, "it copies to or from the packages of the image's own Python")
        return
    if keyword in {"ENV", "RUN"} and _PACKAGES.search(text):
        yield _at(step, "it looks for the packages of the image's own Python")
    if (
        keyword == "RUN"
        and _NEEDS_PIP.search(text)
        and not any(one.step is step and one.program == "pip" for one in own)
    ):
        yield _at(step, "it calls pip, which the project's environment doesn't have")
    if keyword in _START:
        for match in _PROGRAM.finditer(text):
            if not _provided(step, match[0]):
                yield _at(step, f"`{match[0]}` is of the image's own Python, or may be")


def _provided(step: Step, path: str) -> bool:
    """Whether a COPY puts a program there, or a RUN names it, or it is one of the system's."""
    name = path.rpartition("/")[2]
    if path.startswith("/usr/bin/") or name in {"tini", "dumb-init", "gosu", "su-exec", "env"}:
        return step.stage.base.kind == "python" or "python" not in name
    for stage in step.stage.build.stages[-1:]:
        for one in stage.before():
            if one.run is not None and path in text_of(one.run):
                return True
            if one.instruction.keyword in {"COPY", "ADD"} and context.brought(one, path) is not None:
                return True
    return False


def _started(build: Build, *, moved: bool) -> Iterator[str]:
    """What the container starts, and scripts of the build context that it starts."""
    for step in build.steps:
        if step.instruction.keyword not in _START:
            continue
        text = images.command_line(step.instruction)
        if moved and _TOLD.search(text) and "virtualenv" not in text and "--home" not in text:
            yield _at(step, "its server has to be told where the project's environment is")
        if moved and _PIP.search(text):
            yield _at(step, "it runs pip when the container starts")
        for name, script in _scripts(step):
            named = _SPAWNED if name.endswith(".py") else _MANAGER
            if (hit := named.search(script)) is not None:
                yield _at(step, f"`{name}` runs {hit['name']}")
            elif moved and (_PIP.search(script) or _NEEDS_PIP.search(script)):
                yield _at(step, f"`{name}` runs pip when the container starts")
            elif moved and _TOLD.search(script):
                yield _at(step, f"`{name}` starts a server that has to be told where the project's environment is")
            elif moved and "/usr/local/bin/python" in script:
                yield _at(step, f"`{name}` runs the image's own Python")


def _scripts(step: Step) -> Iterator[tuple[str, str]]:
    """The files of the build context that a CMD or ENTRYPOINT names, less what their comments say."""
    build = step.stage.build
    root = context.root(build)
    last = build.stages[-1].steps[-1:]
    if root is None or build.context is None or not last:
        return
    for word in images.command_line(step.instruction).split():
        name = word.strip("\"',;[]")
        workdir = step.stage.end.workdir
        if not name or name.startswith("-") or (workdir is None and not name.startswith("/")):
            continue
        found = context.origin(last[0], normal(name if name.startswith("/") else f"{workdir}/{name}"))
        data = None if found is None or found.path is None else build.context.read(root, found.path)
        if data is not None:
            lines = data.decode("utf-8", "replace").splitlines()
            yield name, "\n".join(one for one in lines if one.startswith("#!") or not one.lstrip().startswith("#"))


# Afterwards -------------------------------------------------------------------------------------------------------------


def managers_left(build: Build, project: Locked) -> list[str]:
    """Where Poetry or Pipenv would still be run."""
    if project.kind not in {"poetry", "pipenv"}:
        return []
    found = []
    for step in build.steps:
        if step.run is None and step.instruction.keyword not in _START:
            continue
        text = images.command_line(step.instruction) if step.run is None else text_of(step.run)
        hit = _MANAGER.search(text)
        if hit is not None and hit["name"] == project.kind:
            found.append(_at(step, f"it still runs {hit['name']}"))
    return found


def stale(build: Build) -> list[Edit]:
    """Takes out one setting of Poetry's or Pipenv's that nothing reads any more; to be asked again of the file after it."""
    for step in build.steps:
        if step.instruction.keyword not in {"ENV", "ARG"} or step.onbuild:
            continue
        for pair in step.instruction.pairs():
            if pair.key == "PATH" and pair.value is not None:
                match = _ON_PATH.search(pair.value.text)
                if match is not None and pair.value.exact(match.start(), match.end()):
                    rest = pair.value.text[: match.start()] + pair.value.text[match.end() :]
                    whole = edits.delete_pair(step, pair) if _SAME.fullmatch(rest) else None
                    return whole or [_cut(pair, match.start(), match.end())]
            if _SETTINGS.match(pair.key) and not _mentioned(build, pair):
                made = edits.delete_pair(step, pair)
                if made is not None:
                    return made
    return []


def unused(build: Build, exporting: set[int]) -> list[Edit]:
    """Takes out a stage that was there for an export alone, and that nothing names any more; none where there is none."""
    for stage in build.stages:
        if stage.index not in exporting or stage.final or _named(stage):
            continue
        source = build.dockerfile.source
        following = build.stages[stage.index + 1].start
        end = min([following.span.start, *(one.span.start for one in following.above)])
        span = Span(_line(source, stage.start.span.start), _line(source, end))
        gone = [stage.start, *(step.instruction for step in stage.steps)]
        comments = [*build.dockerfile.comments, *(one for each in gone for one in each.comments)]
        if not any(span.covers(one.span) for one in comments):
            return [Edit(span, "")]
        return [edits.replace_instruction(build, one, []) for one in gone]
    return []


def _line(source: Source, offset: int) -> int:
    return source.line_starts[source.line(offset) - 1]


def _named(stage: Stage) -> bool:
    """Whether another stage continues a stage, or takes something from it."""
    for one in stage.build.stages:
        if one.parent is stage:
            return True
        for step in one.steps:
            if images.copied_from(step) is stage:
                return True
            for flag in step.run.flags_named("mount") if step.run is not None else ():
                read = mount(flag)
                if read is not None and read.keys.get("from", "").lower() in {stage.name, str(stage.index)}:
                    return True
    return False


def _cut(pair: Pair, start: int, end: int) -> Edit:
    """Takes a part out of a pair's value."""
    assert pair.value is not None  # noqa: S101
    return Edit(pair.value.span(start, end), "")


def _mentioned(build: Build, pair: Pair) -> bool:
    """Whether an instruction reads a variable."""
    pattern = regex(rf"\$\{{?{pair.key}\b")
    source = build.dockerfile.source
    return any(pattern.search(source[one.span]) for one in build.dockerfile.instructions)


def notes(found: Reading, placed: Placed) -> list[str]:
    """What may come out differently."""
    said: dict[str, None] = {}
    for one in found.moves:
        if placed.synced[one].new:
            said[f"packages are in {placed.synced[one].place}, no longer in the image's own Python"] = None
            release = one.call.step.stage.base.python or ""
            minor = release.partition(".")[2].partition(".")[0]
            if minor.isdecimal() and int(minor) <= 11:
                said[f"the environment has no setuptools, which the image's own Python {release} has"] = None
    return list(said)
