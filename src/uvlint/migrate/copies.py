"""The COPYs and mounts of a project that moves: its new files for the old ones, its environment for the image's own packages."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from uvlint import context, edits, images, plan
from uvlint.diagnostics import Edit
from uvlint.dockerignore import glob
from uvlint.lazy import regex
from uvlint.migrate import moves as moving
from uvlint.model import normal, text_of
from uvlint.source import Span
from uvlint.syntax import mount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.migrate.locked import Locked
    from uvlint.migrate.moves import Reading
    from uvlint.migrate.placing import Placed
    from uvlint.model import Build, Stage, Step
    from uvlint.source import Cooked

NEW = ("pyproject.toml", "uv.lock")
_OLD = {"poetry": ("poetry.lock", "poetry.toml"), "pipenv": ("Pipfile", "Pipfile.lock")}
_LIBRARY = regex(
    r"/usr/local(?:/lib(?:/python3\.\d+(?:/site-packages)?)?)?|/root/\.local(?:/lib(?:/python3\.\d+)?)?|/install"
)
_PROGRAMS = frozenset({"/usr/local/bin", "/root/.local/bin"})
_NAMED = regex(r"req|constraint|Pipfile|poetry")
_GLOB = regex(r"[*?\[]")


def superseded(build: Build, project: Locked) -> set[str]:
    """The files that the new ones take the place of, as paths of the build context."""
    base = moving.within(build, project.root)
    if base is None:
        return set()
    names = {*project.sources, *project.constraints, *project.gone, *_OLD.get(project.kind, ())}
    return {posixpath.join(base, name) for name in names - {"pyproject.toml"}}


def edits_of(build: Build, found: Reading, placed: Placed, project: Locked) -> list[Edit]:
    """What becomes of every COPY and mount of the chains in which something moves."""
    old = superseded(build, project)
    old -= {name for name in old if _still_read(build, found, name, project)}
    made: list[Edit] = []
    for root in moving.stages(found.moves):
        own = [one for one in found.moves if one.call.step.stage.chain[0] is root]
        folder = placed.synced[own[0]].folder
        having_files: set[Stage] = set()
        for stage in (one for one in build.stages if one.chain[0] is root):
            there = -1 if having_files.intersection(stage.chain) else _brought_by(stage, folder, project)
            last = max((one.call.step.index for one in own if one.call.step.stage is stage), default=-1)
            exported = {one.exported for one in own if one.exported}
            for step in stage.steps:
                made += _mounts(step, old) if any(one.call.step is step for one in own) else []
                late = step.index > last or (there is not None and there < step.index)
                more = _copy(step, old, folder, project, whole=late) or _of_export(
                    step, exported, folder, project, late=late
                )
                made += more
                if not late and any("uv.lock" in edit.text for edit in more):
                    there = step.index
                    having_files.add(stage)
    for index, place in placed.environments.items():
        having = {one.call.step.stage for one, here in placed.synced.items() if here.new and here.place == place}
        made += _packages(build, having, build.stages[index], place)
    return made


def _still_read(build: Build, found: Reading, path: str, project: Locked) -> bool:
    """Whether something beside the installs reads a file: a RUN, what the container runs, or the project's own build."""
    base = moving.within(build, project.root) or ""
    if posixpath.relpath(path, base or ".") in project.needs:
        return True
    name = re.compile(rf"(?<![\w.-]){re.escape(posixpath.basename(path))}(?![\w.-])")
    own = {one.call.command for one in found.moves} | {one.command for one in found.gone}
    for step in build.steps:
        if step.run is None:
            taken = images.copied_from(step) is not None and any(
                name.search(one.text) for one in step.instruction.words()[:-1]
            )
            if taken:
                return True
            if step.instruction.keyword in {"CMD", "ENTRYPOINT", "HEALTHCHECK"} and name.search(
                step.instruction.args.text
            ):
                return True
            continue
        if not name.search(text_of(step.run)):
            continue
        if step.script is None:
            return True
        for command in step.script.commands:
            if command not in own and name.search(command.cooked.text[command.start : command.end]):
                return True
    return False


def _brought_by(stage: Stage, folder: str, project: Locked) -> int | None:
    """The first step of a stage that brings the project's new files anyway, -1 for one of a stage that it continues."""
    place = normal(f"{folder}/pyproject.toml")
    base = moving.within(stage.build, project.root)
    for step in stage.before():
        origin = context.brought(step, place) if step.instruction.keyword in {"COPY", "ADD"} else None
        whole = origin is not None and origin.path == posixpath.join(base or "", "pyproject.toml")
        if whole and "pyproject.toml" not in {posixpath.basename(one) for one in context.copied(step) or ()}:
            return step.index if step.stage is stage else -1
    return None


def _matches(word: str, old: set[str]) -> bool:
    """Whether a word of a COPY means files that the new ones take the place of, and none else."""
    name = posixpath.normpath(word.lstrip("/") or ".")
    if not _GLOB.search(name):
        return name in old or _holds_only(name, old)
    pattern = glob(name)
    plain = posixpath.basename(name).partition("*")[0].partition("?")[0].partition("[")[0]
    return pattern is not None and _NAMED.match(plain) is not None and any(pattern.fullmatch(one) for one in old)


def _holds_only(folder: str, old: set[str]) -> bool:
    """Whether a folder of the build context is named for requirements files alone."""
    inside = [one for one in old if one.startswith(f"{folder}/")]
    return bool(inside) and posixpath.basename(folder) in {"requirements", "reqs", "requires"}


def _copy(step: Step, old: set[str], folder: str, project: Locked, *, whole: bool) -> list[Edit]:
    """Copies the new files where the old ones were copied; `whole`: they come anyway, or are not needed behind."""
    sources = context.copied(step)
    words = step.instruction.words()
    if not sources or step.onbuild or step.instruction.heredocs:
        return []
    expanded = [step.expand(word.text) for word in words[:-1]]
    hit = [index for index, one in enumerate(expanded) if one is not None and _matches(one, old)]
    if not hit:
        return []
    base = moving.within(step.stage.build, project.root) or ""
    new = [posixpath.join(base, name) for name in NEW]
    there = {posixpath.normpath((one or "").lstrip("/")) for one in expanded}
    own = there & {*new, *(posixpath.join(base, one) for one in project.needs)}
    all_gone = len(hit) + len(own) == len(expanded)
    target = context.destination(step)
    place = None if target is None else (target if target.endswith("/") else posixpath.dirname(target)).rstrip("/")
    same = place is not None and (place or "/") == folder
    if whole or (not same and not all_gone):
        return _taken_out(step, words, hit)
    if not same and own:
        return []
    text = [one for one in new if one not in there]
    made = _written(step, words, hit, text)
    last = words[-1].text
    if not same or not (target or "").endswith("/"):
        made.append(Edit(words[-1].whole, "./" if step.state.workdir == folder else f"{folder.rstrip('/')}/"))
    elif not last.endswith("/"):
        made.append(Edit(words[-1].whole, f"{last}/"))
    return made


def _written(step: Step, words: Sequence[Cooked], hit: Sequence[int], text: Sequence[str]) -> list[Edit]:
    """Writes other words for some of a COPY's, at the first of them."""
    joint = '", "' if step.instruction.json is not None else " "
    first, rest = hit[0], hit[1:]
    made = [Edit(words[first].whole, joint.join(text))] if text else _taken_out(step, words, [first])
    return made + (_taken_out(step, words, rest) if rest else [])


def _taken_out(step: Step, words: Sequence[Cooked], hit: Sequence[int]) -> list[Edit]:
    """Takes words out of a COPY, or the COPY where it has no others."""
    if len(hit) == len(words) - 1:
        return [edits.replace_instruction(step.stage.build, step.instruction, [])]
    return [Edit(Span(words[index].whole.start, words[index + 1].whole.start), "") for index in hit]


def _mounts(step: Step, old: set[str]) -> list[Edit]:
    """The bind mounts of the old files: the first becomes the new project file's, others go with it."""
    made: list[Edit] = []
    source = step.stage.build.dockerfile.source
    for flag in step.run.flags_named("mount") if step.run is not None else ():
        one = mount(flag)
        if one is None or one.type != "bind" or "from" in one.keys:
            continue
        name = posixpath.normpath(one.keys.get("source", ".").lstrip("/") or ".")
        if name in old:
            end = flag.span.end
            while source.text[end : end + 1] in {" ", "\t"}:
                end += 1
            cut = edits.without_line(step, flag.span)
            made.append(Edit(Span(flag.span.start, end) if cut is None else cut, ""))
    return made


def _of_export(step: Step, exported: set[str], folder: str, project: Locked, *, late: bool) -> list[Edit]:
    """Copies the new files where a stage's export was copied."""
    words = step.instruction.words()
    target = context.destination(step) if images.copied_from(step) is not None and len(words) == 2 else None
    if target is None:
        return []
    place = f"{target}{posixpath.basename(words[0].text)}" if target.endswith("/") else target
    if place not in exported:
        return []
    base = moving.within(step.stage.build, project.root) or ""
    names = " ".join(posixpath.join(base, name) for name in NEW)
    wanted = "./" if step.state.workdir == folder else f"{folder.rstrip('/')}/"
    return [edits.replace_instruction(step.stage.build, step.instruction, [] if late else [f"COPY {names} {wanted}"])]


# The image's own packages, copied from a stage that has them -------------------------------------------------------------


def _packages(build: Build, having: set[Stage], root: Stage, place: str) -> list[Edit]:
    """Copies the environment where the image's own packages were copied from a stage that has it now."""
    made: list[Edit] = []
    told: set[int] = set()
    for step in build.steps:
        source = images.copied_from(step)
        if source is None or root not in source.chain or not having.intersection(source.chain):
            continue
        if having.intersection(step.stage.chain):
            continue
        words = step.instruction.words()
        origin = step.expand(words[0].text) if len(words) == 2 else None
        if origin is None:
            continue
        if not takes_packages(step):
            continue
        if step.stage.index in told:
            made.append(edits.replace_instruction(build, step.instruction, []))
            continue
        told.add(step.stage.index)
        made += [Edit(words[0].whole, place), Edit(words[1].whole, place)]
    return made


def takes_packages(step: Step) -> bool:
    """Whether a COPY from another stage takes packages of the image's own Python, or their programs."""
    words = step.instruction.words()
    source = images.copied_from(step)
    if source is None or len(words) != 2:
        return False
    path = normal(f"/{step.expand(words[0].text) or ''}")
    return _LIBRARY.fullmatch(path) is not None or path in _PROGRAMS or path in _prefixes(source)


def _prefixes(stage: Stage) -> set[str]:
    """The folders that a stage's installs were given as `--prefix`."""
    found = (one.value("prefix") for own in stage.chain for one in plan.in_stage(own))
    return {normal(one) for one in found if one}


def brings(step: Step, place: str) -> bool:
    """Whether a COPY brings an environment from another stage, by its own name."""
    target = context.destination(step) if images.copied_from(step) is not None else None
    return target is not None and (target.rstrip("/") or "/") == place
