from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import environments, images, provision
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.plan import installs
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build, Stage
    from uvlint.plan import Install

_VARIABLE = "UV_COMPILE_BYTECODE"


@rule("UVL402")
def uncompiled_bytecode(build: Build) -> Iterator[Diagnostic]:
    """uv installs without bytecode, which every start of the container then compiles anew."""
    if images.program(build) is None:
        return
    shipped = images.shipped(build)
    told: set[Stage] = set()
    for install in installs(build):
        stage = install.call.step.stage
        if stage not in shipped or told.intersection(stage.chain) or not _uncompiled(install):
            continue
        if not images.reached(stage, _places(install)):
            continue
        told.add(stage)  # one ENV serves the stage and those that continue it
        message = "uv leaves no bytecode: every start of the container compiles it anew"
        if install.call.step.onbuild:
            yield Diagnostic(install.call.span, message, help=f"set {_VARIABLE}=1 for the builds of other images")
            continue
        edits = provision.set_env(install.call, {_VARIABLE: "1"})
        yield Diagnostic(install.call.span, message, Fix("Compile bytecode when installing", tuple(edits)))


def _uncompiled(install: Install) -> bool:
    call = install.call
    if install.tool == "uv tool" and "install" not in call.args[:3]:
        return False
    if install.tool not in {"uv", "uv sync", "uv tool"} or install.given is None or install.empty:
        return False
    if install.has("compile") or install.has("no-compile") or install.has("dry-run"):
        return False
    known = {**call.step.state.args, **call.variables}
    # uv of a base image that nothing is known of: its settings aren't known either.
    return _VARIABLE not in known and environments.has_uv(call)


def _places(install: Install) -> set[str]:
    """Where the install goes to, none where that can't be told."""
    call, target = install.call, install.target
    if install.tool == "uv tool" or install.has("target") or install.has("prefix"):
        return set()
    if target is not None:
        return {target.where} if target.kind in {"venv", "prefix"} else {"/usr"}
    found = environments.made_in(call.step.stage)
    active = call.variables.get("VIRTUAL_ENV")
    return {*found, active} if active else found
