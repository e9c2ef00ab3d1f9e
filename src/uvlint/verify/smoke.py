"""Whether what an image runs starts: a command of the user's, or the entry point's Python program, imported."""

from __future__ import annotations

import posixpath
import re
import shlex
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex
from uvlint.verify import commands
from uvlint.verify.outcome import Smoke

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.verify.engines import Engine
    from uvlint.verify.outcome import Config, Image
    from uvlint.verify.tree import Tree

TIMEOUT = 60.0

_APPLICATION = regex(r"(?P<module>[A-Za-z_]\w*(?:\.\w+)*):[A-Za-z_][\w.]*(?:\(.*\))?")
_MODULE = regex(r"[A-Za-z_]\w*(?:\.\w+)*")
_OPTIONS = regex(r"-(?P<flags>[bBdEhiIOPqRsSuvVx?]*)(?P<last>[cmXW]?)(?P<value>.*)", re.DOTALL)
"""Options of Python in one word: flags, and one that takes a value, which may be the next word."""

_SERVERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "daphne", "granian", "waitress-serve", "waitress"})
"""They are told `module:attribute`."""
_NOT_APPLICATIONS = frozenset({"-c", "--config", "-b", "--bind", "--host", "--log-config"})
"""Options whose value may look like it: `-c python:settings`."""
_BY_OPTION = {"celery": ("-A", "--app"), "flask": ("-A", "--app"), "rq": ("-c", "--config"), "arq": ()}

_FOLDERS = ("--chdir", "--app-dir")
"""Options of servers that say where modules are."""

_IMPORT = (
    "import importlib, sys; sys.path.insert(0, sys.argv.pop(1));"
    " [importlib.import_module(name) for name in sys.argv[1:]]"
)
# As if it were imported: what it keeps behind `if __name__ == "__main__"` does not run.
_FILE = (
    "import os, runpy, sys; place = sys.argv.pop(1); sys.path.insert(0, os.path.dirname(os.path.abspath(place)));"
    " runpy.run_path(place, run_name='__uvlint__')"
)
_SCRIPT = (
    "import importlib, runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_path(sys.argv[1], run_name='__uvlint__');"
    " [importlib.import_module(name) for name in sys.argv[2:]]"
)


class Check(NamedTuple):
    """A command for an image, and how a report shows it; or why there is none."""

    argv: tuple[str, ...] = ()
    shown: str = ""
    reason: str = ""


def given(command: str, files: Tree) -> Check:
    """A command of the user's: for the image's shell, where it has one."""
    if command.strip() and files.resolve("/bin/sh") in files.entries:
        return Check(("/bin/sh", "-c", command), command)
    try:
        argv = tuple(shlex.split(command))
    except ValueError as error:
        return Check(reason=f"the image has no shell, and `{command}` can't be split into words: {error}")
    return Check(argv, command) if argv else Check(reason="the command to run is blank")


def told(config: Config, files: Tree) -> Check:
    """What imports the Python program that an image runs, where that can be told."""
    argv, runner = commands.command(config)
    if not argv:
        return Check(reason="the image has no entry point: name a command with --smoke")
    shown, path = shlex.join(argv), commands.search(config, runner)
    place = files.find(argv[0], path, config.workdir)
    if place is None and runner:
        return Check(reason=f"where `{runner} run` finds `{argv[0]}` can't be told: name a command with --smoke")
    if place is None:
        return Check((argv[0],), f"{argv[0]} (which is not in the image)")
    if commands.PYTHON.fullmatch(posixpath.basename(argv[0])):
        return _python([place, *argv[1:]], shown)
    interpreter = commands.interpreter(files, place, path, config.workdir)
    if interpreter is None:
        return Check(reason=f"`{shown}` is no Python program: name a command with --smoke")
    modules = _modules(posixpath.basename(argv[0]), argv[1:])
    words = (interpreter, "-c", _SCRIPT, _folder(argv), place, *modules)
    return Check(words, _imports(posixpath.basename(place), *modules))


def _imports(*names: str) -> str:
    return f"import {', '.join(names)}"


def _python(argv: Sequence[str], shown: str) -> Check:
    """`python …`: a module, a file, or neither."""
    unknown = Check(reason=f"`{shown}` can't be imported: name a command with --smoke")
    options, rest = [], list(argv[1:])
    while rest and rest[0].startswith("-") and rest[0] != "-":
        match = _OPTIONS.fullmatch(rest.pop(0))
        if match is None or "$" in match[0]:
            return unknown
        if match["last"] in {"c", "m"}:
            rest = [match["value"], *rest] if match["value"] else rest
            options += [f"-{match['flags']}"] if match["flags"] else []
            if match["last"] == "c" or not rest or "$" in rest[0]:
                return unknown
            modules = (rest[0], *_modules(rest[0], rest[1:]))
            return Check((argv[0], *options, "-c", _IMPORT, _folder(rest), *modules), _imports(*modules))
        options.append(match[0])
        if match["last"] and not match["value"] and rest:
            options.append(rest.pop(0))
    python = (argv[0], *options)
    if not rest:
        return Check((*python, "-c", "0"), shlex.join([*python, "-c", "0"]))
    if rest[0] == "-" or "$" in rest[0]:
        return unknown
    return Check((*python, "-c", _FILE, *rest[:1]), _imports(rest[0]))


def _folder(args: Sequence[str]) -> str:
    """Where a server is told to look for modules, "" for where it is."""
    values = [word.partition("=")[2] for word in args if word.startswith(tuple(f"{one}=" for one in _FOLDERS))]
    values += [word for last, word in pairwise(args) if last in _FOLDERS]
    return next((value for value in values if "$" not in value), "")


def _modules(program: str, args: Sequence[str]) -> tuple[str, ...]:
    """The modules that a known program is told to import."""
    if program in _SERVERS:
        given = (word for last, word in zip(("", *args), args, strict=False) if last not in _NOT_APPLICATIONS)
        found = next((match for word in given if (match := _APPLICATION.fullmatch(word))), None)
        return (found["module"],) if found else ()
    for option in _BY_OPTION.get(program, ()):
        for index, word in enumerate(args):
            value = args[index + 1] if word == option and index + 1 < len(args) else ""
            value = word.partition("=")[2] if word.startswith(f"{option}=") else value
            module = value.partition(":")[0].removesuffix(".py")
            if value and _MODULE.fullmatch(module):
                return (module,)
    return ()


def run(
    engine: Engine, tags: tuple[str, str], images: tuple[Image, Image], trees: tuple[Tree, Tree], command: str | None
) -> Smoke:
    """The command in both images, each with its own words where its entry point differs."""
    checks = [
        given(command, files) if command is not None else told(image.config, files)
        for image, files in zip(images, trees, strict=True)
    ]
    missing = next((check.reason for check in checks if check.reason), "")
    if missing:
        return Smoke(command or "", reason=missing)
    before, after = (engine.run(tag, check.argv, timeout=TIMEOUT) for tag, check in zip(tags, checks, strict=True))
    shown = checks[0].shown if checks[0].shown == checks[1].shown else f"{checks[0].shown} / {checks[1].shown}"
    return Smoke(shown, before, after)


def objection(smoke: Smoke) -> str:
    """What speaks against the image after; "" where nothing does. What failed before may fail after."""
    if smoke.before is None or smoke.after is None:
        return ""
    was, now = smoke.before.status, smoke.after.status
    if now in {0, was} or was not in {0, None}:
        return ""
    if now is None:
        return f"`{smoke.command}` ends before and still runs after {TIMEOUT:.0f} s after"
    said = smoke.after.tail[-1] if smoke.after.tail else f"exit {now}"
    return f"`{smoke.command}` works before and fails after: {said}"
