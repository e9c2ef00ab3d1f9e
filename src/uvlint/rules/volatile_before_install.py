from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import independence, model, plan, reads, reorder
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.expansion import names
from uvlint.lazy import regex
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build, Step
    from uvlint.plan import Install
    from uvlint.syntax import Pair

_VOLATILE = regex(
    r"(?i)(?:(?:git|vcs|source|scm|src|ci|image|app|build|heroku|github|gitlab)_?)*(?:commit|sha|revision)"
    r"(?:_?(?:sha1?|hash|id|ref|short|long))?\Z"
    r"|(?:git|vcs)_?(?:ref|rev|hash|describe)\Z"
    r"|(?:image_?)?build_?(?:date|time|timestamp|datetime|number|num|id)\Z"
)
"""Names of what a pipeline hands to each of its builds."""

_PLACEHOLDERS = regex(
    r"(?i)[\"']?(?:unknown|none|n/?a|null|dev|development|local|unset|undefined|test|dirty|0|-)?[\"']?\Z"
)
"""Defaults that stand for a value that isn't given. Any other is a choice: the commit of something that is fetched."""

_SYSTEM = frozenset(("apt-get", "apk", "dnf", "yum", "microdnf"))
_PYTHON = frozenset(("pip", "uv", "poetry", "pipenv", "conda", "mamba", "micromamba"))
_FOLLOW = frozenset(("ENV", "LABEL", "ARG"))


class _Found(NamedTuple):
    """Steps that set or use a changing value, the last install that they may stand below, and why it is no later one."""

    steps: list[Step]
    last: Step | None
    reason: str


@rule("UVL210")
def volatile_before_install(build: Build) -> Iterator[Diagnostic]:
    """An ARG, ENV or LABEL that changes with each commit above the install."""
    for stage in build.stages:
        for step in stage.steps:
            for pair in _volatile(step):
                found = _below(step, pair)
                if found is None:
                    continue
                message = f"`{pair.key}` changes with each build: what is installed below it is installed again"
                fix = None
                if found.last is not None:
                    fix = Fix(f"Set `{pair.key}` below the installs", reorder.below(found.steps, found.last))
                yield Diagnostic(pair.span, message, fix, help=found.reason if fix is None else "")


def _volatile(step: Step) -> list[Pair]:
    if step.instruction.keyword != "ARG":
        return []
    return [
        pair
        for pair in step.instruction.pairs()
        if _VOLATILE.match(pair.key) and (pair.value is None or _PLACEHOLDERS.match(pair.value.text))
    ]


def _below(first: Step, pair: Pair) -> _Found | None:
    """What has to move to let the installs below be kept; None where there are none, or where they need the value."""
    stage = first.stage
    changing = {pair.key}
    last: Step | None = None
    behind: list[Step] = []
    reason = "" if len(first.instruction.pairs()) == 1 else "give it an ARG of its own, below the installs"
    wanted: tuple[Step, list[Step]] | None = None
    for step in stage.steps[first.index + 1 :]:
        keyword = step.instruction.keyword
        used = _uses(step, changing)
        if used and keyword in _FOLLOW:
            behind.append(step)
            if keyword != "LABEL":
                keys = {one.key for one in step.instruction.pairs()}
                if any(not _uses_pair(one, changing, step) for one in step.instruction.pairs()):
                    reason = reason or f"the {keyword} that uses it sets other variables, too"
                changing |= keys
        elif used or step.onbuild:
            break
        elif step.run is not None:
            if not reason and _may_read(step):
                reason = f"{_named(step)} in between may read it"
            if _installs(step):
                last = step
                if not reason:
                    wanted = (step, [first, *behind])
    if last is None:
        return None
    return _Found(wanted[1], wanted[0], "") if wanted is not None else _Found([first], None, reason)


def _uses(step: Step, changing: set[str]) -> bool:
    text = model.text_of(step.run) if step.run is not None else step.instruction.args.text
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in changing)


def _uses_pair(pair: Pair, changing: set[str], step: Step) -> bool:
    return pair.value is not None and not changing.isdisjoint(names(pair.value.text, step.instruction.escape))


def _may_read(step: Step) -> bool:
    """Whether a RUN has a command of which it isn't known that it looks at no variable of this kind."""
    if step.script is None:
        return True
    known = plan.installs(step.stage.build)
    syncs = {id(one.call.command) for one in known if one.tool == "uv sync" and _dependencies(one)}
    return any(id(one) not in syncs for one in step.script.commands) and bool(independence.needs(step, ()))


def _named(step: Step) -> str:
    run = step.run
    return "" if run is None else f"`{independence.excerpt(run.args.text)}`"


def _installs(step: Step) -> bool:
    """Whether a RUN installs what does not change with the commit: packages by name, or those of a file."""
    known = [one for one in plan.installs(step.stage.build) if one.call.step is step]
    return any(one.tool in _SYSTEM or _dependencies(one) for one in known)


def _dependencies(one: Install) -> bool:
    if one.tool == "uv sync":
        return one.has("no-install-project")
    if one.tool not in _PYTHON or one.empty or plan.upgrades_pip(one):
        return False
    if one.tool not in {"pip", "uv"}:
        return True
    return one.given is not None and not reads.of(one).directories
