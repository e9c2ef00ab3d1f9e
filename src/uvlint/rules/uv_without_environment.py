from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, context, downloads, edits, environments, plan, transient
from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.plan import Install

_BROUGHT = "a `.venv` that came with the sources would be passed over"


@rule("UVL113")
def uv_without_environment(build: Build) -> Iterator[Diagnostic]:
    """`uv pip install` finds no environment to install into, and the build fails."""
    for install in plan.installs(build):
        if not _finds_none(install) or transient.before(install):
            continue  # of what is said in vain before, transient-export speaks
        message = f"`{downloads.name(install)}` finds no environment: the build fails"
        made = _named(install)
        if isinstance(made, str):
            yield Diagnostic(downloads.span(install), message, help=made)
            continue
        note = "" if _nothing_brought(install) else _BROUGHT
        title = f"Install {made[0]}"
        yield Diagnostic(
            downloads.span(install), message, Fix(title, tuple(made[1]), Safety.UNSAFE if note else Safety.SAFE, note)
        )


def _finds_none(install: Install) -> bool:
    call = install.call
    if install.tool != "uv" or install.given is None or install.target is None or install.target.kind != "none":
        return False
    if install.has("target") or install.has("prefix") or call.step.onbuild or call.spawn is not None or call.module:
        return False
    return call.step.stage.base.kind in {"python", "system", "uv"}


def _named(install: Install) -> tuple[str, list[Edit]] | str:
    """Where it is to install, and the edits that say so; or why that can't be told."""
    call, base = install.call, install.call.step.stage.base
    made = sorted(environments.created(call))
    if len(made) > 1:
        return f"say into which of them, as with `--python {made[0]}`"
    if made:
        title, option = f"into {made[0]}", f"--python {made[0]}"
    elif base.managed:
        return "the system's Python is managed by the distribution: make an environment with `uv venv`"
    elif not environments.root(call):
        return f"it runs as {environments.runs_as(call) or 'a user'}: make an environment with `uv venv`"
    elif base.python is None and not _has_python(install):
        return "no Python is installed: make an environment with `uv venv`"
    else:
        title, option = "into the system's Python", "--system"
    edit = edits.insert_after(call, install.first, option)
    return "its words can't be edited where they stand" if edit is None else (title, edit)


def _has_python(install: Install) -> bool:
    found = calls.before(install.call, "apt-get", "apk", "dnf", "yum", "microdnf")
    return any((arg or "").partition("=")[0].startswith("python3") for one in found for arg in one.args)


def _nothing_brought(install: Install) -> bool:
    """Whether no `.venv` can have been copied to where uv looks for one."""
    call = install.call
    build, steps = call.step.stage.build, list(call.step.stage.before(call.step))
    copies = [one for one in steps if context.copied(one)]
    if all(context.looks_like_file(word) for one in copies for word in context.copied(one) or ()):
        return True
    root = context.root(build)
    if build.context is None or root is None:
        return False
    return not any(
        build.context.exists(root, f"{word.rstrip('/')}/.venv") for one in copies for word in context.copied(one) or ()
    )
