"""Scripts that a command line runs, as far as they are seen: what of pip and uv is in them.

They come from the build context, or from a here-document of a COPY. Python and shell scripts are read; nothing is said of
others, nor of a script that a step may have changed.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, reads, shell
from uvlint.calls import BESIDE
from uvlint.lazy import regex
from uvlint.model import normal
from uvlint.source import Cooked, Source

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.model import Build
    from uvlint.shell import Word

_SCRIPT = regex(r"\.(?:sh|bash|py)\b|(?:^|[\s;&|\"'\[])\.{0,2}/\S*(?:entry|start|setup|install|build|boot|init)")
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh", ".", "source"})
_VALUED = frozenset({"-W", "-X", "-o", "-O", "+o", "--rcfile", "--init-file", "--check-hash-based-pycs"})
_SHEBANG = regex(
    r"#!\s*(?:\S*/env\s+(?:-S\s+)?)?\S*?(?P<python>python|pypy)?(?P<shell>(?:ba|da|a|z|k)?sh)?[\d.]*(?:\s|\Z)"
)
_PIP = regex(r"\bpip[\d.]*\b")


class Ran(NamedTuple):
    """A script that a command line runs, with its own command lines of pip and uv.

    `word` names it; `path` is its place in the context, or in the image where the Dockerfile itself holds it (`origin`
    None). The spans of `calls` are moved by `BESIDE`. `python`: it is in Python.
    """

    call: Call
    word: Word
    path: str
    origin: str | None
    source: Source
    calls: list[Call]
    python: bool

    def line(self, call: Call) -> int:
        """The line of the script at which one of its command lines stands."""
        return self.source.line(call.span.start - BESIDE)


def ran(build: Build) -> list[Ran]:
    """The scripts of the build context that a RUN executes and that run pip or uv, read once."""
    if build.context is None:
        return []
    known = build.facts.get("scripts")
    if known is None:
        found: list[Ran] = []
        listed = calls.all_calls(build)
        for step in build.steps:
            if step.run is not None and step.script is not None and _SCRIPT.search(step.script.cooked.text):
                found += [one for call in listed[step] or calls.calls(step) if (one := of(call)) is not None]
        known = build.facts["scripts"] = found
    return known  # type: ignore[return-value]


def of(call: Call) -> Ran | None:
    """The script that a command line runs, where it runs pip or uv; None for any other command line."""
    word = named(call)
    value = word.resolve(call.variables) if word is not None else None
    if word is None or not value or call.outer is not None:
        return None
    if not value.startswith("/"):
        if call.workdir is None:
            return None
        value = f"{call.workdir}/{value}"
    file = reads.look(call, normal(value))
    if file is None or file.data is None:
        return None
    source = Source.decode(file.data, file.origin or file.image)
    language = _language(call, source.text, file.image)
    if not language or not _PIP.search(source.text):
        return None
    found = _calls(call, source, language)
    return Ran(call, word, source.path, file.origin, source, found, language == "python") if found else None


def named(call: Call) -> Word | None:
    """The word of a command line that names the script it runs, None for none."""
    if call.program != "python" and call.program not in _SHELLS:
        return call.words[call.first] if "/" in call.path and call.program not in {"pip", "uv"} else None
    skip = False
    for word in call.words[call.rest :]:
        value = word.value
        if skip:
            skip = False
        elif value is not None and value[:1] in {"-", "+"} and len(value) > 1:
            if value in {"-m", "--version", "-V"} or (not value.startswith("--") and "c" in value[1:]):
                return None
            skip = value in _VALUED
        else:
            return None if value == "-" else word
    return None


def _language(call: Call, text: str, path: str) -> str:
    """ "python" or "shell", "" for anything else."""
    if call.program == "python":
        return "python"
    if call.program in _SHELLS:
        return "shell"
    match = _SHEBANG.match(text)
    if match is not None:
        return "python" if match["python"] else "shell" if match["shell"] else ""
    return "shell" if posixpath.splitext(path)[1] in {".sh", ".bash"} else ""


def _calls(call: Call, source: Source, language: str) -> list[Call]:
    text = Cooked.plain(source.text, BESIDE)
    if language == "python":
        from uvlint import python  # noqa: PLC0415 - few builds run such a script

        found = [
            one
            for spawn in python.read(text, call.command.scopes)
            for one in calls.lines(call.step, spawn.commands, call, spawn)
        ]
    else:
        script = shell.parse(Cooked.plain(source.text.replace("\r\n", " \n"), BESIDE))
        found = calls.lines(call.step, script.commands, call) if script is not None else []
    return [one for one in found if one.program in {"pip", "uv"}]
