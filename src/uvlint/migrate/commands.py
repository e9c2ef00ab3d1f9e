"""The command lines of a project that moves: each becomes a `uv sync`, or goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, edits, environments, managers, plan, removal
from uvlint.diagnostics import Edit
from uvlint.lazy import regex
from uvlint.migrate import exports
from uvlint.migrate import moves as moving
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uvlint.calls import Call
    from uvlint.managers import Wanted
    from uvlint.migrate.locked import Locked
    from uvlint.migrate.moves import Move, Reading
    from uvlint.migrate.placing import Placed
    from uvlint.model import Build, Step
    from uvlint.source import Cooked

_RUN = regex(r"(?<![\w./-])(?:python[\d.]*[ ]-m[ ])?(?:/\S*/)?(?:poetry|pipenv)[ ]run[ ]+(?=[\w./$\"'])")
_START = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})
_IDLE = frozenset({"cd", "set", ":", "true"})
_PREFIXES = ("PIP_", "POETRY_", "PIPENV_")


def edits_of(build: Build, found: Reading, placed: Placed, project: Locked) -> list[Edit] | None:
    """What the moves make of the RUNs; None where one of them can't be written."""
    parts: list[list[Edit] | None] = []
    for step in build.steps:
        own = [one for one in found.moves if one.call.step is step]
        gone = [one for one in found.gone if one.step is step]
        if own or gone:
            parts.append(_step(step, own, gone, placed, project))
        parts.append(_unwrapped(step, project))
        parts.append(_answers(step, placed))
    return edits.joined(parts)


def syncs(own: Sequence[Move], placed: Placed) -> list[tuple[Move, Move]]:
    """The moves of one RUN that become a `uv sync`, each with the last of those that are done in one with it."""
    found: list[tuple[Move, Move]] = []
    for one in own:
        here = placed.synced[one]
        if found and _adjoin(found[-1][1].call, one.call) and placed.synced[found[-1][1]].place == here.place:
            found[-1] = found[-1][0], one
        elif not here.covered:
            found.append((one, one))
    return found


def _adjoin(earlier: Call, later: Call) -> bool:
    """Whether nothing stands between two command lines of a RUN but what installs as well."""
    script = earlier.step.script
    known = {one.command: one for one in calls.all_calls(earlier.step.stage.build)[earlier.step]}
    listed = list(script.commands) if script is not None else []
    between = listed[listed.index(earlier.command) + 1 : listed.index(later.command)]
    same = earlier.workdir == later.workdir
    return same and all(one in known and known[one].program in {"pip", "poetry", "pipenv"} for one in between)


def _step(step: Step, own: Sequence[Move], gone: Sequence[Call], placed: Placed, project: Locked) -> list[Edit] | None:
    chosen = syncs(own, placed)
    kept = {first.call for first, _ in chosen}
    leave = [*gone, *(one.call for one in own if one.call not in kept)]
    leave = _with_company(step, leave)
    parts: list[list[Edit] | None] = []
    if leave:
        parts.append(_without(step, leave))
    for first, last in chosen:
        parts.append(_sync(first, last, placed, project))
    parts += [_later(one, placed, project) for one in own]
    return edits.joined(parts)


def _without(step: Step, leave: Sequence[Call]) -> list[Edit] | None:
    script = step.script
    known = {one.command: one for one in calls.all_calls(step.stage.build)[step]}
    gone = {one.command for one in leave}
    rest = [one for one in script.commands if one not in gone] if script is not None else []
    if rest and all(one in known and known[one].program in _IDLE and not one.redirects for one in rest):
        leave = sorted({*leave, *(known[one] for one in rest)}, key=lambda one: one.position)
    return removal.take_out(leave)


def _with_company(step: Step, leave: Sequence[Call]) -> list[Call]:
    """The commands that go, with what stands in a pipeline with them or only serves them."""
    build = step.stage.build
    found = set(leave)
    homes: set[str] = set()
    for one in leave:
        install = next((each for each in plan.in_stage(step.stage) if each.call is one), None)
        if install is not None and install.target is not None and install.target.kind in {"venv", "prefix"}:
            homes.add(install.target.where)
    line = calls.all_calls(build)[step]
    for one in line:
        pipes = [scope for scope in one.command.scopes if scope.kind == "pipeline"]
        piped = any(scope in each.command.scopes for each in leave for scope in pipes)
        links = one.program == "ln" and any((arg or "").endswith(("/poetry", "/pipenv")) for arg in one.args)
        serves = one.program in {"venv", "virtualenv"} and bool(environments.made_by(one) & homes)
        if piped or links or serves:
            found.add(one)
    return sorted(found, key=lambda one: one.position)


def _sync(first: Move, last: Move, placed: Placed, project: Locked) -> list[Edit] | None:
    """Writes the `uv sync` for a command line."""
    call, here = first.call, placed.synced[last]
    words = _words(call.workdir, here.folder, here.wanted, project)
    parts: list[list[Edit] | None] = [_written(call, " ".join(words))]
    for one in call.command.assignments:
        if one.name.startswith(_PREFIXES):
            made = edits.delete_assignment(call, one)
            parts.append(None if made is None else [made])
    return edits.joined(parts)


def _answers(step: Step, placed: Placed) -> list[Edit] | None:
    """Has uv answer what pip is asked about an environment that is no longer the image's own Python."""
    parts: list[list[Edit] | None] = []
    for call in calls.all_calls(step.stage.build)[step] if step.run is not None else ():
        verb = moving.asks(call) if call.program == "pip" else None
        place = placed.environments.get(step.stage.chain[0].index)
        if verb is None or place is None or not _synced_before(call, placed):
            continue
        parts.append(edits.replace_words(call, 0, len(call.words), f"uv pip {verb} --python {place}"))
    return edits.joined(parts)


def _synced_before(call: Call, placed: Placed) -> bool:
    return any(
        here.new
        and one.call.step.stage in call.step.stage.chain
        and (one.call.step.stage is not call.step.stage or one.call.step.index <= call.step.index)
        for one, here in placed.synced.items()
    )


def _written(call: Call, text: str) -> list[Edit] | None:
    """Writes a command line for another, on one line where no comment stands within."""
    cooked = call.command.cooked
    span = cooked.span(call.words[0].start, call.words[-1].end)
    source = call.step.stage.build.dockerfile.source
    inside = any(span.covers(one.span) for one in call.step.instruction.comments)
    if edits.exec_form(call.step, call.command) or inside or not cooked.takes(text) or "<<" in source[span]:
        return edits.replace_words(call, 0, len(call.words), text)
    return [Edit(span, text)]


def _words(workdir: str | None, folder: str, wanted: Wanted, project: Locked) -> list[str]:
    where = [] if workdir == folder else [f"--project {folder}"]
    return ["uv sync", *where, "--locked", *managers.words(wanted, project.groups, project.defaults)]


def _later(one: Move, placed: Placed, project: Locked) -> list[Edit]:
    """Installs the project itself below its sources."""
    if one.later is None:
        return []
    here = placed.synced[one]
    wanted = here.wanted._replace(project=True)
    line = " ".join(_words(one.later.state.workdir, here.folder, wanted, project))
    return [edits.insert_below(one.call.step.stage.build, one.later.instruction, [f"RUN {line}"])]


# `poetry run` -----------------------------------------------------------------------------------------------------------


def _unwrapped(step: Step, project: Locked) -> list[Edit]:
    """Takes `poetry run` from the front of what a RUN or a container runs: the environment is on PATH."""
    if project.kind not in {"poetry", "pipenv"}:
        return []
    if step.run is not None and step.instruction.json is None:
        texts: list[Cooked] = [step.run.args, *(one.body for one in step.run.heredocs)]
        return [edit for text in texts for edit in _cuts(text)]
    if step.instruction.keyword not in _START:
        return []
    strings = step.instruction.json
    if strings is None:
        return list(_cuts(step.instruction.args))
    return list(_of_strings(step, strings))


def _cuts(text: Cooked) -> Iterator[Edit]:
    for match in _RUN.finditer(text.text):
        if text.exact(match.start(), match.end()):
            yield Edit(text.span(match.start(), match.end()), "")


def _of_strings(step: Step, strings: Sequence[Cooked]) -> Iterator[Edit]:
    words = [one.text for one in strings]
    manager = words[0].rpartition("/")[2] if words else ""
    if manager not in {"poetry", "pipenv"}:
        for one in strings:
            yield from _cuts(one)
        if words[:1] == ["run"] and step.instruction.keyword == "CMD" and _entered_by_manager(step) and len(words) > 1:
            yield Edit(Span(strings[0].whole.start, strings[1].whole.start), "")
        return
    if words[1:] in ([], ["run"]) and step.instruction.keyword == "ENTRYPOINT":
        yield edits.replace_instruction(step.stage.build, step.instruction, _instead(step))
    elif words[1:2] == ["run"] and len(words) > 2 and not words[2].startswith("-"):
        yield Edit(Span(strings[0].whole.start, strings[2].whole.start), "")


def _instead(step: Step) -> list[str]:
    """What takes the place of an ENTRYPOINT that is no longer wanted: nothing, where there was none before it."""
    earlier = any(one.instruction.keyword == "ENTRYPOINT" for one in step.stage.before(step))
    return ["ENTRYPOINT []"] if earlier or step.stage.base.kind != "python" else []


def _entered_by_manager(step: Step) -> bool:
    entry = [one for one in step.stage.before() if one.instruction.keyword == "ENTRYPOINT"][-1:]
    words = [one.text for one in entry[0].instruction.json or ()] if entry else []
    return [word.rpartition("/")[2] for word in words] in (["poetry"], ["pipenv"])


def exported(build: Build) -> set[str]:
    """The files that exports write in the build."""
    return {place for call in calls.find(build, "poetry", "pipenv") if (place := exports.writes(call)) is not None}
