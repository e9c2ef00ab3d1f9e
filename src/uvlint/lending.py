"""uv for the RUNs that use it, and not for the image: mounted from where it would be copied."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, context, edits, environments, images
from uvlint.arguments import split_words
from uvlint.lazy import regex
from uvlint.model import normal, text_of
from uvlint.syntax import mount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.diagnostics import Edit
    from uvlint.model import Stage, Step
    from uvlint.source import Cooked

_UV = regex(r"(?<![\w./-])(?:/\S*/)?uvx?(?![\w.=-])")
_START = frozenset(("CMD", "ENTRYPOINT", "HEALTHCHECK"))
_RUNNERS = frozenset(
    ("make", "just", "tox", "nox", "hatch", "pdm", "rye", "poe", "task", "invoke", "inv", "pixi", "pre-commit", "pipx")
)
"""Programs that may run uv themselves."""

_FRONT = frozenset(("exec", "tini", "dumb-init", "gosu", "su-exec", "sh", "bash", "/bin/sh", "/bin/bash", "env"))
_PLAIN = frozenset(
    (
        *("echo", "printf", "true", "false", ":", "set", "export", "unset", "exit", "test", "[", "[[", "cd", "umask"),
        *("mkdir", "rm", "touch", "ln", "ls", "cat", "cp", "mv", "chmod", "chown", "chgrp", "tar", "unzip", "gunzip"),
        *("sed", "grep", "awk", "sort", "head", "tail", "tee", "cut", "tr", "wc", "find", "xargs", "which", "command"),
        *("apt-get", "apt-mark", "add-apt-repository", "apk", "dnf", "yum", "microdnf", "zypper", "dpkg", "rpm", "gpg"),
        *(
            "update-alternatives",
            "update-ca-certificates",
            "locale-gen",
            "ldconfig",
            "apt-key",
            "install",
            "date",
            "id",
        ),
        *("useradd", "adduser", "usermod", "groupadd", "addgroup", "groupmod", "userdel", "sleep", "uname", "arch"),
        *(
            "curl",
            "wget",
            "git",
            "pip",
            "python",
            "venv",
            "virtualenv",
            "pip3",
            "playwright",
            "npm",
            "npx",
            "yarn",
            "pnpm",
        ),
        *("node", "django-admin", "gunicorn", "uvicorn", "flask", "alembic", "pytest", "ruff", "mypy", "strip", "file"),
        *(
            "poetry",
            "pipenv",
            "sha256sum",
            "sha512sum",
            "md5sum",
            "tac",
            "basename",
            "dirname",
            "readlink",
            "diff",
            "patch",
        ),
        *("xz", "bzip2", "gzip", "zip", "stat", "fc-cache", "whoami", "nproc", "time", "read", "local", "return"),
        *("uv", "uvx", "deactivate", "gcc", "cmake", "ninja", "cargo", "rustup", "go", "java", "mvn", "setcap", "sync"),
    )
)
"""Programs that don't run uv, as far as a RUN's words don't name it."""


class User(NamedTuple):
    """A RUN that uses uv: which of its programs."""

    step: Step
    programs: frozenset[str]


def brings_uv(step: Step) -> bool:
    """Whether a COPY brings uv and nothing else."""
    return environments.copies_uv(step) and all(
        posixpath.basename(word.text) in {"uv", "uvx"} for word in step.instruction.words()[:-1]
    )


def runs_uv(stage: Stage) -> bool:
    """Whether a container may run uv: its command line names it, or starts what can't be seen."""
    steps = list(stage.before())
    lines = [step for step in steps if step.instruction.keyword in _START]
    return any(_UV.search(step.instruction.args.text) or _starts_unseen(step) for step in lines)


def _starts_unseen(step: Step) -> bool:
    words = [word.text.strip("\"'") for word in _words(step)]
    for text in words:
        name = posixpath.basename(text)
        if name in _RUNNERS:
            return True
        if text.endswith(".sh") or (text == words[0] and "/" in text and not posixpath.dirname(text).endswith("bin")):
            if not _harmless(step, text):
                return True
        elif text == words[0] and _in_image(step, text) is not None and not _harmless(step, text):
            return True
    return False


def _harmless(step: Step, path: str) -> bool:
    """Whether a script of the build context is seen, and doesn't name uv."""
    data = _in_image(step, path)
    return data is not None and _UV.search(data.decode("utf-8", "replace")) is None


def _in_image(step: Step, path: str) -> bytes | None:
    """What stands in a file that a container starts with; None where that can't be told."""
    build = step.stage.build
    root = context.root(build)
    workdir = step.stage.end.workdir
    last = step.stage.build.stages[-1].steps[-1:]
    if root is None or build.context is None or not last or (workdir is None and not path.startswith("/")):
        return None
    place = normal(path if path.startswith("/") else f"{workdir}/{path}")
    found = context.origin(last[0], place)
    if found is None:
        return None
    return found.data if found.path is None else build.context.read(root, found.path)


def _words(step: Step) -> Iterator[Cooked]:
    instruction = step.instruction
    words = list(instruction.json) if instruction.json is not None else split_words(instruction.command)
    for number, word in enumerate(words):
        if word.text not in _FRONT or number == len(words) - 1:
            yield word


def users(copy: Step) -> list[User] | str:
    """The RUNs that use what a COPY of uv brings; or why that can't be told."""
    found = []
    build = copy.stage.build
    known = calls.all_calls(build)
    for stage in build.stages:
        if copy.stage not in stage.chain:
            taken = next((step for step in stage.steps if _takes(step, copy)), None)
            if taken is not None:
                return f"line {_line(taken)} copies it from there"
            continue
        for step in stage.steps:
            if stage is copy.stage and step.index <= copy.index:
                continue
            if step.run is None:
                continue
            programs = _programs(step, known[step])
            if isinstance(programs, str):
                return programs
            if programs:
                found.append(User(step, programs))
    return found


def _programs(step: Step, line: list[Call]) -> frozenset[str] | str:
    """Which of uv's programs a RUN uses; or why that can't be told."""
    run = step.run
    where = f"line {_line(step)}"
    if run is None or step.script is None:
        return f"{where} can't be read and may use it"
    own = {id(one.command): one for one in line}
    programs = {one.program for one in line if one.program in {"uv", "uvx"}}
    for command in step.script.commands:
        if not command.words:
            continue
        one = own.get(id(command))
        name = command.name if one is None else one.program
        if name in {"sh", "bash", ".", "source"} and one is not None and _inline(one):
            continue
        if name not in _PLAIN:
            return f"`{name or command.words[0].text}` in {where} may use it"
    mentioned = len(_UV.findall(text_of(run))) > 0
    if mentioned and not programs:
        return f"{where} names it"
    if programs and step.onbuild:
        return f"{where} runs in the builds of other images"
    return frozenset(programs)


def _inline(call: Call) -> bool:
    """Whether a shell gets its commands as a word, or reads what activates an environment."""
    words = [word.text for word in call.words[call.rest :]]
    return any(word.startswith("-") and word.endswith("c") for word in words) or (
        len(words) == 1 and words[0].strip("\"'").endswith("/activate")
    )


def _takes(step: Step, copy: Step) -> bool:
    """Whether a COPY takes uv from the stage that it was copied to."""
    source = images.copied_from(step)
    if source is None or copy.stage not in source.chain:
        return False
    place = context.destination(copy)
    for word in step.instruction.words()[:-1]:
        path = normal(f"/{step.expand(word.text) or ''}")
        if place is None or place.startswith("/" if path == "/" else f"{path}/") or path in {place, f"{place}uv"}:
            return True
    return False


def edits_for(copy: Step, found: list[User]) -> list[Edit] | str:
    """The edits that mount what a COPY brings in the RUNs that use it, and take the COPY away; or why there are none."""
    instruction = copy.instruction
    flag = instruction.flag("from")
    target = context.destination(copy)
    if found and (flag is None or not flag.value or "$" in flag.value or flag.value.isdecimal()):
        return "the image that it comes from can't be written in a mount"
    if target is None or copy.onbuild:
        return "where it goes can't be told"
    build = copy.stage.build
    made = [edits.replace_instruction(build, instruction, [])]
    sources = {posixpath.basename(word.text): word.text for word in instruction.words()[:-1]}
    for step, programs in found:
        wanted = ("uv", "uvx") if "uvx" in programs else ("uv",)
        if any(name not in sources for name in wanted):
            return f"line {_line(step)} uses another one"
        for name in wanted:
            place = f"{target}{name}" if target.endswith("/") else target
            if _mounted(step, place):
                continue
            text = f"--mount=from={flag.value if flag else ''},source={sources[name]},target={place}"
            made.append(edits.add_flag(step, text))
    return made


def _mounted(step: Step, place: str) -> bool:
    run = step.run
    found = [mount(flag) for flag in run.flags_named("mount")] if run is not None else []
    return any(one is not None and one.keys.get("target") == place and "from" in one.keys for one in found)


def _line(step: Step) -> int:
    return step.stage.build.dockerfile.source.line(step.instruction.span.start)
