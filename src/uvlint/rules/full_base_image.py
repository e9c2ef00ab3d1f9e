from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uvlint import calls, images, plan, projects, reads
from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety
from uvlint.independence import shown
from uvlint.lazy import regex
from uvlint.model import normal
from uvlint.rules import rule
from uvlint.tools import bases

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from uvlint.model import Build, Stage, Step
    from uvlint.plan import Install
    from uvlint.shell import Command

_OFFICIAL = regex(r"(?:(?:docker\.io|mirror\.gcr\.io|public\.ecr\.aws/docker)/)?(?:library/)?python\Z")
_TAG = regex(r"(?P<version>\d+(?:\.\d+){0,2}|latest)?(?P<release>-(?:bullseye|bookworm|trixie))?\Z")
_SLIM = regex(r"(?:\A|-)slim(?=-|\Z)")
_THERE = frozenset(
    (
        *("pip", "uv", "uvx", "python", "venv", "virtualenv", "apt-get", "echo", "printf", "set", "export", "cd", "true"),
        *("mkdir", "cp", "mv", "rm", "ln", "ls", "cat", "touch", "chmod", "chown", "sed", "grep", "test", "[", "find"),
        *("useradd", "groupadd", "usermod", "sort", "head", "tail", "tar", "which", "id", "date", "sleep", "test", "ldconfig"),
    )
)  # fmt: skip
"""Programs that the slim image has as well."""

_ABSENT = regex(r"(?<![\w./-])(?:\S*/)?(curl|wget|git|nc|ps|pgrep|pkill|ssh|scp|unzip)(?=[\s\"';)]|\Z)")
"""Programs that a container may start, and only the full image has."""

_BROUGHT_BY = {
    "nc": ("netcat-openbsd", "netcat-traditional", "netcat"),
    "pgrep": ("procps",),
    "pkill": ("procps",),
    "ps": ("procps",),
    "scp": ("openssh-client",),
    "ssh": ("openssh-client",),
}
"""The packages that bring these programs, where they have other names."""

_COMMENT = regex(r"(?m)^[ \t]*#.*$")
_UNPACKS = regex(r"\.(?:t?xz|t?bz2?|t?zst)(?![\w.])|\s-?\w*[jJ]\w*(?=\s)|\s--(?:xz|bzip2|zstd)\b")
"""Archives that tar unpacks with a program of the full image."""

_DJANGO = frozenset({"collectstatic", "check", "migrate"})
_NOTE = "compilers, headers, git, curl and the libraries that only the full image has will be missing"


@rule("UVL410")
def full_base_image(build: Build) -> Iterator[Diagnostic]:
    """A full `python:3.x` image in a final stage that compiles nothing."""
    stage = build.stages[-1] if build.stages else None
    if stage is None or stage.parent is not None or not stage.image or images.program(build) is None:
        return
    name, tag, digest = bases.reference(stage.image)
    match = _TAG.match(tag)
    if not _OFFICIAL.match(name) or match is None:
        return
    if not _does_without(stage):
        return
    written = stage.start.words()[0]
    message = f"`{stage.image}` brings compilers and headers, and nothing is compiled here"
    version = match["version"] or ""
    slim = f"{'' if version in {'', 'latest'} else f'{version}-'}slim{match['release'] or ''}"
    text = written.text
    if digest or "$" in text or not written.exact(0, len(text)):
        yield Diagnostic(written.whole, message, help=f"use `{name}:{slim}`")
        return
    reason = _unsettled(stage)
    if reason:
        reason = f"no fix: {reason} may need a library that only the full image has"
        yield Diagnostic(written.whole, message, help=f"use `{name}:{slim}`; {reason}")
        return
    edit = Edit(written.span(len(name), len(text)), f":{slim}")
    yield Diagnostic(written.whole, message, Fix(f"Use `{name}:{slim}`", (edit,), Safety.UNSAFE, _NOTE))


def _does_without(stage: Stage) -> bool:
    """Whether all that a stage runs is there without the full image, as far as can be told."""
    installs = {id(one.call): one for one in plan.installs(stage.build)}
    known = calls.all_calls(stage.build)
    if not all(_plain(step, installs, {id(one.command): one for one in known[step]}) for step in stage.steps):
        return False
    installed = _installed(stage)
    return not _starts_absent(stage, installed) and all(
        one.tool not in {"pip", "uv"} or one.empty or reads.carried(one, installed, fortran=_may_have_fortran(source))
        for source in images.shipped(stage.build)
        for one in plan.in_stage(source)
    )


def _installed(stage: Stage) -> set[str]:
    """The system packages that a stage installs by their names."""
    return {
        word.text
        for call in calls.find(stage.build, "apt-get", where=lambda call: "install" in call.args)
        if call.step.stage is stage
        for word in call.words
    }


def _starts_absent(stage: Stage, installed: Collection[str]) -> bool:
    """Whether a container starts a program that the slim image lacks, itself or by a script that is seen."""
    from uvlint.splitting import starting  # noqa: PLC0415 - only for the few files that get here

    text = _COMMENT.sub("", starting.words(stage))
    return any(set(_BROUGHT_BY.get(name, (name,))).isdisjoint(installed) for name in _ABSENT.findall(text))


def _unsettled(stage: Stage) -> str:
    """What of other stages may be linked to a library that the slim image lacks, "" for nothing."""
    from uvlint.splitting import commands  # noqa: PLC0415 - only for the few files that get here
    from uvlint.splitting.declined import line  # noqa: PLC0415

    installed = _installed(stage)
    syncs = {one.install.call: one for one in projects.syncs(stage.build)}
    for source in sorted(images.shipped(stage.build) - {stage}, key=lambda one: one.index):
        for one in plan.in_stage(source):
            if one.tool in {"pip", "uv"} | commands.MANAGERS:
                continue
            sync = syncs.get(one.call)
            if sync is None or not projects.carried(sync, installed, fortran=_may_have_fortran(source)):
                return f"what {shown(one.call)} installs"
        for step in source.steps:
            if step.script is not None and any(one.use is commands.Use.TOOLS for one in commands.lines(step)):
                return f"what {line(step)} compiles"
    return ""


_NO_FORTRAN = frozenset(
    (
        *(
            "build-essential",
            "gcc",
            "g++",
            "make",
            "pkg-config",
            "python3-dev",
            "libc6-dev",
            "libffi-dev",
            "libssl-dev",
        ),
        *("libpq-dev", "git", "curl", "wget", "ca-certificates", "libgomp1"),
    )
)
"""System packages that bring neither a Fortran compiler nor a BLAS."""


def _may_have_fortran(stage: Stage) -> bool:
    """Whether a stage starts from anything but an official Python image, or runs what may bring a Fortran compiler."""
    name, tag, _ = bases.reference(stage.image) if stage.image else ("", "", "")
    if stage.parent is not None or not _OFFICIAL.match(name) or not _TAG.match(_SLIM.sub("", tag)):
        return True
    known = calls.all_calls(stage.build)
    return any(
        step.script is None or any(_may_bring(one, known[step]) for one in step.script.commands)
        for step in stage.steps
        if step.run is not None
    )


def _may_bring(command: Command, known: list[calls.Call]) -> bool:
    call = next((one for one in known if one.command is command), None)
    if not command.words or call is None or call.program != "apt-get":
        return bool(command.words) and (call.program if call else command.name) not in _THERE - {"python"}
    named = [arg for arg in call.args if arg is None or not arg.startswith("-")]
    return None in named or (named[:1] == ["install"] and not _NO_FORTRAN.issuperset(filter(None, named[1:])))


def _plain(step: Step, installs: dict[int, Install], known: dict[int, calls.Call]) -> bool:
    if step.onbuild:
        return False
    if step.run is None:
        return True
    if step.script is None:
        return False
    for command in step.script.commands:
        call = known.get(id(command))
        name = command.name if call is None else call.program
        if not command.words:
            continue
        if name not in _THERE or (name == "python" and (call is None or not _alone(call))):
            return False
        if name == "tar" and _UNPACKS.search(command.cooked.text[command.start : command.end]):
            return False
        if call is not None and call.program in {"pip", "uv", "uvx"}:
            install = installs.get(id(call))
            if install is None and call.verb not in {"venv", "cache", "--version", "list", "check", "freeze"}:
                return False
            if install is not None and not reads.by_wheels(install):
                return False
    return True


_CALLS = regex(
    r"\b(?:subprocess|os\.(?:system|popen|exec\w+|spawn\w+)|popen|ctypes|cdll|shutil\.which|pexpect|sh\b)",
    re.IGNORECASE,
)


_COMPILERS = frozenset({"build", "cython", "nuitka", "numpy.f2py", "mypyc"})
"""Modules that run a compiler."""


def _alone(call: calls.Call) -> bool:
    """Whether a Python needs nothing but itself: a module, one of Django's commands, or a script that is seen."""
    words = [arg for arg in call.args if arg is None or not arg.startswith("-")]
    if not _COMPILERS.isdisjoint(words):
        return False
    if "-m" in call.args or (len(words) > 1 and words[0] in {"manage.py", "./manage.py"} and words[1] in _DJANGO):
        return True
    if not words or words[0] is None or "-c" in call.args or (call.workdir is None and not words[0].startswith("/")):
        return False
    data = reads.seen(call, normal(words[0] if words[0].startswith("/") else f"{call.workdir}/{words[0]}"))
    return data is not None and _CALLS.search(data.decode("utf-8", "replace")) is None
