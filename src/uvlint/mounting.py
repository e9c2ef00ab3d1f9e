"""The cache mounts that a build lacks: for each RUN the whole fix, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import caches, downloads, edits, images, offers, plan, provision
from uvlint.diagnostics import Edit, Fix
from uvlint.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Step
    from uvlint.plan import Install
    from uvlint.syntax import Pair

_AT_RUN_TIME = {"uv": regex(r"\buvx?\b"), "pip": regex(r"\bpip")}


def lacking(build: Build, tool: str) -> list[tuple[Install, Fix]]:
    """The downloads that a cache mount could serve and none does, each with the fix for its RUN; worked out once."""
    name = f"lacking mounts for {tool}"
    if name not in build.facts:
        build.facts[name] = list(_lacking(build, tool))
    return build.facts[name]  # type: ignore[return-value]


def found_by(build: Build, tool: str) -> list[Install]:
    """The downloads of a tool that is to have a cache."""
    return downloads.with_uv(build) if tool == "uv" else downloads.with_pip(build)


def _lacking(build: Build, tool: str) -> Iterator[tuple[Install, Fix]]:
    for group in downloads.by_step(found_by(build, tool)).values():
        bare = [one for one in group if caches.serving(one.call, tool) is None]
        if not bare or _misplaced(bare[0].call, tool):
            continue
        if any(caches.unset(one.call, tool) for one in group):
            fix = unset(bare[0].call, tool)
        else:
            made = _mounted(group, tool)
            fix = Fix(f"Mount {tool}'s cache", tuple(dict.fromkeys(made))) if made is not None else None
        if fix is not None:
            for one in bare:
                yield one, fix


def _misplaced(call: Call, tool: str) -> bool:
    """Whether the RUN has a mount that has only to be put right."""
    if caches.meant(call, tool) is not None:
        return True
    return tool == "uv" and caches.named(call.step, "pip") is not None and offers.alone(call)


def _mounted(group: list[Install], tool: str, *, unsetting: bool = False) -> list[Edit] | None:
    """The edits that give a RUN its mount; None where a command of it can't have one."""
    found: list[Edit] = []
    flags: set[str] = set()
    for one in group:
        if caches.serving(one.call, tool) is not None:
            continue
        offer = offers.offer(one, tool, unsetting=unsetting)
        if isinstance(offer, str):
            return None
        flags.add(offer.flag)
        found += offer.edits(one.call.step)
        if offer.words:
            more = edits.insert_after(one.call, downloads.verb(one), offer.words)
            if more is None:
                return None
            found += more
        if tool == "uv" and downloads.links(one) and not unsetting:
            found += linked(one)
    return edits.settled(group[0].call.step, found) if len(flags) < 2 else None


def linked(install: Install) -> list[Edit]:
    """Sets UV_LINK_MODE for a command that does without: where the first such command of its stages needs it."""
    if caches.link_mode(install.call) != "":
        return []
    stage = install.call.step.stage
    for one in downloads.with_uv(stage.build):
        place = one.call.step
        if (
            place.stage in stage.chain
            and not place.onbuild
            and downloads.links(one)
            and caches.link_mode(one.call) == ""
        ):
            return provision.set_env(one.call, {"UV_LINK_MODE": "copy"})
    return []


# A variable that switches the cache off ---------------------------------------------------------------------------------


def unset(call: Call, tool: str) -> Fix | None:
    """The fix that takes such a variable away, where each command that it reaches has a mount or gets one."""
    variable = caches.NO_CACHE[tool]
    if variable in call.env or variable in call.step.state.args:
        return None
    setters = list(_setters(call, variable))
    if len(setters) != 1 or _at_run_time(call.step.stage.build, tool):
        return None
    step, pair = setters[0]
    build = step.stage.build
    known = found_by(build, tool)
    ids = {id(one) for one in known}
    if tool == "pip" and any(
        id(one) not in ids for one in _reached(step, variable, plan.installs(build)) if one.tool == "pip"
    ):
        return None  # it is uv's to be, and has to be that first
    found: list[Edit] = []
    for group in downloads.by_step(_reached(step, variable, known)).values():
        made = _mounted(group, tool, unsetting=True)
        if made is None:
            return None
        found += made
    away = _without(step, pair, found, tool)
    if away is None:
        return None
    return Fix(f"Let {tool} use its cache", tuple(dict.fromkeys([*away, *found])))


def unset_in_front(call: Call, tool: str) -> Fix | None:
    """The same where the variable stands in front of a command that has its mount."""
    variable, state = caches.NO_CACHE[tool], call.step.state
    mine = [one for one in call.command.assignments if one.name == variable]
    made = edits.delete_assignment(call, mine[0]) if len(mine) == 1 else None
    if made is None or mine[0].append or variable in state.args or variable in state.env:
        return None
    return Fix(f"Let {tool} use its cache", (made,))


def _setters(call: Call, variable: str) -> Iterator[tuple[Step, Pair]]:
    for step in call.step.stage.before(call.step):
        if step.instruction.keyword == "ENV":
            for pair in step.instruction.pairs():
                if pair.key == variable:
                    yield step, pair


def _reached(step: Step, variable: str, found: list[Install]) -> list[Install]:
    """The command lines that a variable of an ENV reaches."""
    return [
        one
        for one in found
        if variable in one.call.variables and step in set(one.call.step.stage.before(one.call.step))
    ]


def _without(step: Step, pair: Pair, found: list[Edit], tool: str) -> list[Edit] | None:
    known = step.stage.end.env
    if tool == "uv" and found and "UV_LINK_MODE" not in known:
        return [Edit(pair.span, "UV_LINK_MODE=copy")]
    return edits.delete_pair(step, pair)


def _at_run_time(build: Build, tool: str) -> bool:
    return any(
        step.instruction.keyword in {"CMD", "ENTRYPOINT", "HEALTHCHECK"}
        and _AT_RUN_TIME[tool].search(images.command_line(step.instruction)) is not None
        for step in build.steps
    )
