"""What a container of the image starts, and whether it finds an environment that PATH leads to."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from uvlint import context, images, lending
from uvlint.arguments import split_words
from uvlint.lazy import regex
from uvlint.model import BASE_PATH, normal
from uvlint.splitting.commands import touches_packages
from uvlint.splitting.declined import DeclinedError, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uvlint.model import Stage, Step

STARTS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})
_ABSOLUTE = regex(r"/usr/(?:local/)?s?bin/[\w.-]+")
_THERE = regex(r"/(?:usr/)?bin/(?:(?:ba|da)?sh|env|tini|dumb-init|nice|timeout|test|true|false|stdbuf)\Z")
_RESETS = regex(
    r"(?:\A|[\s\"'/;&|(])(?:cron|crond|supervisord|systemd|init|su|sudo|runuser|login|sshd|s6-svscan|runsvdir|monit|circusd"
    r"|uwsgi|apache2(?:ctl)?|httpd|conda|mamba|micromamba|pm2|honcho|foreman)(?=[\s\"';&|)]|\Z)"
)
"""What starts programs with a PATH of its own, or has a Python of its own built in."""

_LOGIN = regex(r"\b(?:ba|z|da)?sh[\"',\s]+-\w*l|--login")
_INSTALLS = regex(
    r"(?<![\w.-])(?:pip3?|pipx|pipenv|poetry|conda|mamba|uvx?)\b(?![.\w=-])|\bvenv/bin/activate|\bpython[\d.]*\s+-m\s+(?:pip|venv)"
)
_SCRIPT = regex(r"(?:\A|/)[\w.-]+\.(?:sh|bash)\Z")
_FRONT = frozenset(
    {"exec", "tini", "dumb-init", "--", "-g", "gosu", "su-exec", "sh", "bash", "/bin/sh", "/bin/bash", "env"}
)


def check(stage: Stage) -> None:
    """Raises DeclinedError where a container starts something that an environment on PATH would not serve."""
    for step in _starts(stage):
        text = images.command_line(step.instruction) or step.instruction.args.text
        _plain(step, text)
        if step.instruction.json is None and _LOGIN.search(" ".join(stage.end.shell or ())):
            raise DeclinedError(f"{line(step)} starts a login shell, which sets PATH anew")
        for script in _scripts(step):
            if _content(stage, script) is None:
                raise DeclinedError(f"`{script}`, which {line(step)} starts, isn't seen")
        _looked_into(stage, _given(step), set())
    if lending.runs_uv(stage):
        raise DeclinedError("a container runs uv, or what isn't seen")


def _looked_into(stage: Stage, given: Iterable[str], seen: set[str]) -> None:
    """Checks the scripts that words name, by a path or by PATH, and those that they name in turn."""
    for word in given:
        script = _found(stage, word)
        if script is None or script in seen:
            continue
        seen.add(script)
        data = _COMMENT.sub("", _content(stage, script) or "")
        heading = data.partition("\n")[0]
        if script.endswith(".py") or (heading.startswith("#!") and "python" in heading):
            _script(script, heading if heading.startswith("#!") else "")
        elif heading.startswith("#!") or not posixpath.splitext(script)[1] or _SCRIPT.search(script):
            _script(script, data)
            _looked_into(stage, _NAMED.findall(data), seen)


def _found(stage: Stage, word: str) -> str | None:
    """The path by which a script is seen that a word names, by a path or by PATH."""
    folders = (stage.end.env.get("PATH") or "").replace(BASE_PATH, _BASE).split(":")
    places = [word] if "/" in word else [word, *(f"{one}/{word}" for one in folders if one.startswith("/"))]
    return next((one for one in places if _content(stage, one) is not None), None)


_BASE = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
_COMMENT = regex(r"(?m)(?<!\A)^[ \t]*#.*$")
_NAMED = regex(r"(?<![\w$}./-])[\w./-]*\w(?![\w/=.-])")
_PATH_ANEW = regex(
    r"/etc/profile|(?m:^|[\s;&|(])(?:export\s+)?PATH=(?!\S*\$\{?PATH)|\benv\s+(?:-i?(?=\s)|--ignore-environment)"
)


def _script(script: str, data: str) -> None:
    """Raises DeclinedError for what a script does that the environment would not serve."""
    found = _INSTALLS.search(data)
    if found is not None:
        raise DeclinedError(f"`{script}` runs `{found[0].strip()}`")
    named = touches_packages(data)
    if named:
        raise DeclinedError(f"`{script}` names `{named}`")
    if _RESETS.search(data):
        raise DeclinedError(f"`{script}` starts programs with a PATH of its own")
    if _PATH_ANEW.search(data) or _LOGIN.search(data):
        raise DeclinedError(f"`{script}` sets PATH anew")


def words(stage: Stage) -> str:
    """All that a container starts, with the scripts that are seen, as one text."""
    found = []
    for step in _starts(stage):
        found.append(step.instruction.args.text)
        found += [_content(stage, _found(stage, script) or script) or "" for script in _scripts(step)]
    return "\n".join(found)


def _starts(stage: Stage) -> list[Step]:
    return [step for step in stage.steps if step.instruction.keyword in STARTS]


def _plain(step: Step, text: str) -> None:
    named = touches_packages(text)
    if named:
        raise DeclinedError(f"{line(step)} names `{named}`")
    if _LOGIN.search(text):
        raise DeclinedError(f"{line(step)} starts a login shell, which sets PATH anew")
    found = _RESETS.search(text)
    if found is not None:
        raise DeclinedError(
            f"what `{found[0].strip(chr(34) + chr(39) + ' /;&|(')}` starts may not find the environment"
        )
    found = _INSTALLS.search(text)
    if found is not None:
        raise DeclinedError(f"{line(step)} runs `{found[0].strip()}`")
    for match in _ABSOLUTE.finditer(text):
        if not _THERE.match(match[0]) and not _copied(step.stage, match[0]) and match[0].startswith("/usr/local"):
            raise DeclinedError(f"{line(step)} names `{match[0]}`, which would be elsewhere")


def _copied(stage: Stage, place: str) -> bool:
    """Whether a COPY brings a file to a place."""
    for step in stage.steps:
        if step.instruction.keyword not in {"COPY", "ADD"}:
            continue
        target = context.destination(step)
        if target is None:
            continue
        if target == place or any(
            f"{target.rstrip('/')}/{posixpath.basename(word.text)}" == place for word in step.instruction.words()[:-1]
        ):
            return True
    return False


def _scripts(step: Step) -> Iterator[str]:
    """The shell scripts that a step starts."""
    given = _given(step)
    first = next((one for one in given if one not in _FRONT), "")
    for text in given:
        if _SCRIPT.search(text) or (text == first and "/" in text and not posixpath.dirname(text).endswith("bin")):
            yield text


def _given(step: Step) -> list[str]:
    """The words of what a step starts."""
    instruction = step.instruction
    if instruction.json is not None:
        return [word.text for word in instruction.json]
    return [word.text.strip("\"'") for word in split_words(instruction.command)]


def _content(stage: Stage, path: str) -> str | None:
    """What stands in a script of the image; None where that can't be told."""
    build, last = stage.build, stage.steps[-1:]
    root = context.root(build)
    workdir = stage.end.workdir
    if not last or (workdir is None and not path.startswith("/")):
        return None
    found = context.origin(last[0], normal(path if path.startswith("/") else f"{workdir}/{path}"))
    if found is None:
        return None
    data = found.data
    if found.path is not None and build.context is not None and root is not None:
        data = build.context.read(root, found.path)
    return None if data is None else data.decode("utf-8", "replace")
