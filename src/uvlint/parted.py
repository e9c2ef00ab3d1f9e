"""What must hold when one stage has become two: together they do what it did, and the image is used as before."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from uvlint import calls, environments, images, plan
from uvlint.model import BASE_PATH, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uvlint.model import Build, Stage, Step

_USED = ("USER", "CMD", "ENTRYPOINT", "EXPOSE", "VOLUME", "HEALTHCHECK", "STOPSIGNAL", "LABEL", "MAINTAINER")
_INSTALLERS = ("UV_", "PIP_", "VIRTUAL_ENV")
_MANAGERS = frozenset({"apt-get", "apk", "dnf", "yum", "microdnf"})
_ADDED = frozenset({"uv", "--system", "--break-system-packages"})


def objection(before: Build, after: Build) -> str | None:
    """Why a stage may not become two, None when nothing speaks against it.

    Nothing is said of builds that have no more stages than before.
    """
    if len(after.stages) != len(before.stages) + 1:
        return None
    was, now = _headings(before), _headings(after)
    at = next((index for index, one in enumerate(was) if now[index] != one), len(was) - 1)
    old, builder, final = before.stages[at], after.stages[at], after.stages[at + 1]
    if was != [*now[:at], *now[at + 1 :]] or builder.image != final.image or builder.platform != final.platform:
        return "the stages would be others"
    return (
        _used(old, final)
        or _environment(old, builder, final)
        or _done(old, builder, final)
        or _copied(old, builder, final)
        or next(
            (
                why
                for pair in zip(before.stages[at + 1 :], after.stages[at + 2 :], strict=True)
                if (why := _used(*pair))
            ),
            None,
        )
    )


def _headings(build: Build) -> list[tuple[str | None, str, str | None]]:
    """The stages by their images, names and platforms."""
    return [(stage.image, stage.name, stage.platform) for stage in build.stages]


def _used(old: Stage, final: Stage) -> str | None:
    """Whether the image is used as before: by whom, where, with which variables, and what it starts."""
    for keyword in _USED:
        if _texts(old, keyword) != _texts(final, keyword):
            return f"the image's {keyword} would be another"
    if old.end.user != final.end.user or old.end.workdir != final.end.workdir or old.end.shell != final.end.shell:
        return "the image would be used as another user, or in another folder"
    was, now = (
        {name: value for name, value in stage.end.env.items() if not name.startswith(_INSTALLERS) and name != "PATH"}
        for stage in (old, final)
    )
    if was != now:
        return f"{min(set(was.items()) ^ set(now.items()), key=str)[0]} would have another value in the image"
    return None


def _texts(stage: Stage, keyword: str) -> list[str]:
    return [step.instruction.args.text for step in stage.steps if step.instruction.keyword == keyword]


def _environment(old: Stage, builder: Stage, final: Stage) -> str | None:
    """Whether all packages go to one environment that the image has at the same place, and finds."""
    places = set()
    for one in plan.in_stage(builder):
        if one.tool in _MANAGERS or one.empty:
            continue
        made = environments.made_by(one.call)
        target = {one.target.where} if one.target is not None and one.target.kind == "venv" else made
        if one.tool not in {"uv", "uv sync"} or not target:
            return "packages would go elsewhere than to the environment"
        places |= target
    if any(one.tool not in _MANAGERS for one in plan.in_stage(final)):
        return "packages would be installed in the image as well"
    if len(places) != 1:
        return "there would be more than one environment, or none"
    (place,) = places
    if place not in environments.made_in(builder) or not any(_brings(step, builder, place) for step in final.steps):
        return f"the image would not have {place}"
    return _found(old, final, place)


def _brings(step: Step, builder: Stage, place: str) -> bool:
    flag = step.instruction.flag("from") if step.instruction.keyword == "COPY" else None
    words = [word.text for word in step.instruction.words()] if flag is not None else []
    return flag is not None and flag.value == builder.name and words == [place, place]


def _found(old: Stage, final: Stage, place: str) -> str | None:
    """Whether a container finds the environment as before; first of all, where the packages were the image's own Python's."""
    was, now = old.end.env.get("PATH"), final.end.env.get("PATH")
    if was is None or now is None:
        return None if was == now and place in environments.made_in(old) else "what PATH is in the image isn't known"
    entries = now.split(":")
    if place not in environments.made_in(old):
        if f"{place}/bin" not in entries or BASE_PATH not in entries:
            return f"PATH would not lead to {place}"
        entries.remove(f"{place}/bin")
    return None if entries == was.split(":") else "PATH would be another in the image"


def _done(old: Stage, builder: Stage, final: Stage) -> str | None:
    """Whether each command of the stage is run in one of the two, or both; the package managers may share theirs out."""
    there = _commands((builder, final))
    for command in _commands((old,)) - there:
        return f"`{command}` would no longer be run"
    wanted, given = _packages((old,)), _packages((builder, final))
    missing = wanted - given
    return f"`{min(missing)}` would no longer be installed" if missing else None


def _commands(stages: Iterable[Stage]) -> set[str]:
    """The command lines of the stages, but for those of package managers, and for the words by which uv is told where."""
    found = set()
    for stage in stages:
        for step in stage.steps:
            if step.run is None:
                continue
            if step.script is None:
                found.add(text_of(step.run))
                continue
            known = {id(one.command): one for one in calls.calls(step)}
            for command in step.script.commands:
                call = known.get(id(command))
                if call is None or call.program not in _MANAGERS:
                    found.add(" ".join(word.text for word in command.words if word.text not in _ADDED))
    return found - {""}


def _packages(stages: Iterable[Stage]) -> set[str]:
    """The words that the package managers of the stages are given."""
    return {
        word.text
        for stage in stages
        for call in calls.find(stage.build, *_MANAGERS)
        if call.step.stage is stage
        for word in call.words[call.rest :]
    }


def _copied(old: Stage, builder: Stage, final: Stage) -> str | None:
    """Whether each COPY is in the image still, in its order, or brings what the builder's installs read."""
    was, now = _copies(old), _copies(final)
    missing = Counter(was) - Counter(now)
    left = iter(was)
    if any(one not in left for one in now):
        return "files would be copied in another order"
    for one in missing:
        if one not in _copies(builder):
            return f"`COPY {one}` would be gone"
    return None


def _copies(stage: Stage) -> list[str]:
    """What COPY and ADD bring, but for uv and the environment."""
    before = stage.build.stages[stage.index - 1] if stage.index else None
    return [
        step.instruction.args.text
        for step in stage.steps
        if step.instruction.keyword in {"COPY", "ADD"}
        and not environments.copies_uv(step)
        and (before is None or images.copied_from(step) is not before or not _alike(step))
    ]


def _alike(step: Step) -> bool:
    """Whether a COPY puts a folder where it was."""
    words = [word.text for word in step.instruction.words()]
    return len(words) == 2 and words[0] == words[1]
