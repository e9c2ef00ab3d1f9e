from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, environments, images, plan, removal
from uvlint.diagnostics import Diagnostic, Fix, Safety
from uvlint.lazy import regex
from uvlint.rules import rule
from uvlint.translation import Refusal, translate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build, Stage, Step
    from uvlint.plan import Install

_USERS = frozenset({"pip", "pipenv", "poetry", "pip-sync", "pip-compile", "piptools", "pipx", "easy_install", "conda"})
_PIP = regex(r"(?<![\w-])pip[\d.]*(?![\w.-])")
_SOURCES = ("index", "extra-index", "find-links")
_MEANT = ("constraint", "build-constraint", "override", "target", "prefix", "root")
_KEYWORDS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "ONBUILD"})


@rule("UVL103")
def pip_self_upgrade(build: Build) -> Iterator[Diagnostic]:
    """An upgrade of pip, which uv makes needless."""
    for install in plan.installs(build):
        if not plan.upgrades_pip(install):
            continue
        if install.tool == "pip":
            yield from _translated(install)
        elif _needless(install):
            yield _removed(install)


def _translated(install: Install) -> Iterator[Diagnostic]:
    message = f"{_names(install)} upgraded, which uv makes needless"
    least = _installs_behind(install)
    if least is None:
        return
    made = translate(install)
    if isinstance(made, Refusal):
        if _is_followed(install):
            yield Diagnostic(install.call.span, message, help=made.reason)
    elif made.safety > least:
        note = "what is installed behind it goes to uv by an unsafe fix only"
        yield Diagnostic(install.call.span, message, made._replace(safety=least, note=note))
    else:
        yield Diagnostic(install.call.span, message, made)


def _names(install: Install) -> str:
    """`pip`, or `setuptools and wheel`, as a subject with its verb."""
    found = [one for one in (plan.named(one) for one in install.requirements) if one != "uv"]
    listed = f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else found[0]
    return f"{listed} {'are' if len(found) > 1 else 'is'}"


def _removed(install: Install) -> Diagnostic:
    message = f"{_names(install)} upgraded, which uv has no use for"
    edits = removal.take_out([install.call])
    if edits is None:
        return Diagnostic(install.call.span, message, help="it can't be removed where it stands")
    note = "pip, setuptools and wheel stay as the base image has them"
    gone = [*install.requirements, *(one for kind in _SOURCES for one in install.all(kind))]
    drops = tuple(one.value or one.raw for one in gone)
    return Diagnostic(
        install.call.span, message, Fix("Remove the upgrade", tuple(edits), Safety.UNSAFE, note, drops=drops)
    )


def _later(install: Install) -> Iterator[Step]:
    """The steps behind an install that see what it left: of its stage, and of those that continue it."""
    stage = install.call.step.stage
    yield from stage.steps[install.call.step.index + 1 :]
    for other in stage.build.stages:
        if other is not stage and stage in other.chain:
            yield from other.steps


def _behind(install: Install) -> Iterator[Install]:
    """The installs that see what an upgrade left, but for other upgrades."""
    own = install.call.step
    steps = {own, *_later(install)}
    for one in plan.installs(own.stage.build):
        if one is not install and one.call.step in steps and not one.empty and not plan.upgrades_pip(one):
            yield one


def _is_followed(install: Install) -> bool:
    """Whether uv is there, or could be, for an install behind an upgrade: without one it makes nothing needless."""
    return environments.has_uv(install.call) or any(
        one.tool == "pip" or one.tool.startswith("uv") for one in _behind(install)
    )


def _installs_behind(install: Install) -> Safety | None:
    """How far the installs that see the upgrade may be handed to uv; None where all of them stay with pip."""
    if environments.has_uv(install.call):
        return Safety.SAFE
    best = None
    for one in _behind(install):
        if one.tool.startswith("uv"):
            return Safety.SAFE
        if one.tool == "pip":
            made = translate(one)
            best = max(best or 0, 0 if isinstance(made, Refusal) else made.safety)
    return Safety.SAFE if best is None else Safety(best) if best else None


def _needless(install: Install) -> bool:
    """Whether nothing behind an upgrade by uv can be seen to need it."""
    call = install.call
    if any(plan.is_uv(one.raw) or not one.raw.strip("\"'").isalpha() for one in install.requirements):
        return False  # a release is named, or more than pip is installed
    if any(install.has(one) for one in _MEANT):
        return False  # a certain release, or a certain place, is asked for
    if any(scope.kind != "shell" for scope in call.command.scopes):
        return False
    known = calls.all_calls(call.step.stage.build)
    rest = known[call.step][call.position + 1 :]
    if any(one.program in _USERS or _builds(one.args) for one in rest):
        return False
    build = call.step.stage.build
    steps = set(_later(install))
    if any(
        one.has("no-isolation") or "no-isolation" in one.settings
        for one in plan.installs(build)
        if one.call.step in steps
    ):
        return False
    return not any(_needs(step, known[step]) for step in [*steps, *_copied(call.step.stage)])


def _copied(stage: Stage) -> Iterator[Step]:
    """The steps of stages that take files from this one."""
    for other in stage.build.stages:
        if any((source := images.copied_from(step)) is not None and stage in source.chain for step in other.steps):
            yield from other.steps


def _needs(step: Step, found: list[calls.Call]) -> bool:
    instruction = step.instruction
    if instruction.keyword in _KEYWORDS:
        return _PIP.search(instruction.args.text) is not None
    if step.run is None:
        return False
    if step.script is None:
        return _PIP.search(step.run.args.text) is not None
    unknown = any(one.words and one.words[0].value is None for one in step.script.commands)
    return unknown or any(one.program in _USERS or _builds(one.args) for one in found)


def _builds(args: list[str | None]) -> bool:
    return "setup.py" in args
