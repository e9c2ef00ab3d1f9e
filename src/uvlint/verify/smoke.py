"""Whether what an image runs starts: a command of the user's, or the entry point's Python program, imported."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex
from uvlint.verify.outcome import Ran, Smoke

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.verify.engines import Engine
    from uvlint.verify.outcome import Config, Image
    from uvlint.verify.tree import Tree

TIMEOUT = 60.0

_PYTHON = regex(r"python\d?(?:\.\d+)?")
_SHELL = regex(r"(?:/usr)?/bin/(?:ba|da|a)?sh")
_WORDS_ONLY = regex(r"[^|&;<>()`$\\*?\[\]{}~#\n]*")
_APPLICATION = regex(r"(?P<module>[A-Za-z_]\w*(?:\.\w+)*):\w[\w.]*(?:\(\))?")
_MODULE = regex(r"[A-Za-z_]\w*(?:\.\w+)*")
_SHEBANG = regex(r"#!\s*(?P<program>\S+)(?:[ \t]+(?P<rest>[^\n]*))?")

_SERVERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "daphne", "granian", "waitress-serve", "waitress"})
"""They are told `module:attribute`."""
_BY_OPTION = {"celery": ("-A", "--app"), "flask": ("-A", "--app"), "rq": ("-c", "--config"), "arq": ()}

_IMPORT = "import importlib, sys; sys.path.insert(0, ''); [importlib.import_module(name) for name in sys.argv[1:]]"
# As if it were imported: what it keeps behind `if __name__ == "__main__"` does not run.
_FILE = (
    "import os, runpy, sys; place = sys.argv.pop(1); sys.path.insert(0, os.path.dirname(os.path.abspath(place)));"
    " runpy.run_path(place, run_name='__uvlint__')"
)
_SCRIPT = (
    "import importlib, runpy, sys; sys.path.insert(0, ''); runpy.run_path(sys.argv[1], run_name='__uvlint__');"
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
    argv = _unwrapped([*config.entrypoint, *config.command])
    if not argv:
        return Check(reason="the image has no entry point: name a command with --smoke")
    shown, path = shlex.join(argv), _path(config)
    place = files.find(argv[0], path, config.workdir)
    if place is None:
        return Check((argv[0],), f"{argv[0]} (which is not in the image)")
    if _PYTHON.fullmatch(posixpath.basename(argv[0])):
        return _python([place, *argv[1:]], shown)
    interpreter = _interpreter(files, place, path, config.workdir)
    if interpreter is None:
        return Check(reason=f"`{shown}` is no Python program: name a command with --smoke")
    modules = _modules(posixpath.basename(argv[0]), argv[1:])
    return Check((interpreter, "-c", _SCRIPT, place, *modules), _imports(posixpath.basename(place), *modules))


def _path(config: Config) -> str:
    path = config.env.get("PATH") or "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return f"{path}:{posixpath.join(config.workdir or '/', '.venv/bin')}"  # where `uv run` looks


def program(config: Config, files: Tree) -> tuple[str, str | None]:
    """What an image runs, "" for nothing, and where that program is; None where it isn't, or can't be executed."""
    argv = _unwrapped([*config.entrypoint, *config.command])
    return (argv[0], files.find(argv[0], _path(config), config.workdir)) if argv else ("", None)


def _imports(*names: str) -> str:
    return f"import {', '.join(names)}"


def _python(argv: Sequence[str], shown: str) -> Check:
    """`python …`: a module, a file, or neither."""
    options, rest = [], list(argv[1:])
    while rest and rest[0].startswith("-") and rest[0] not in {"-m", "-c", "-"}:
        options.append(rest.pop(0))
        if options[-1] in {"-X", "-W"} and rest:
            options.append(rest.pop(0))
    python = (argv[0], *options)
    if rest[:1] == ["-m"] and len(rest) > 1:
        modules = (rest[1], *_modules(rest[1], rest[2:]))
        return Check((*python, "-c", _IMPORT, *modules), _imports(*modules))
    if rest and not rest[0].startswith("-"):
        return Check((*python, "-c", _FILE, *rest[:1]), _imports(rest[0]))
    if not rest:
        return Check((*python, "-c", "0"), shlex.join([*python, "-c", "0"]))
    return Check(reason=f"`{shown}` can't be imported: name a command with --smoke")


def _modules(program: str, args: Sequence[str]) -> tuple[str, ...]:
    """The modules that a known program is told to import."""
    if program in _SERVERS:
        found = next((match for word in args if (match := _APPLICATION.fullmatch(word))), None)
        return (found["module"],) if found else ()
    for option in _BY_OPTION.get(program, ()):
        for index, word in enumerate(args):
            value = args[index + 1] if word == option and index + 1 < len(args) else ""
            value = word.partition("=")[2] if word.startswith(f"{option}=") else value
            module = value.partition(":")[0].removesuffix(".py")
            if value and _MODULE.fullmatch(module):
                return (module,)
    return ()


def _unwrapped(argv: list[str]) -> list[str]:
    """A command without what starts it: a shell, `exec`, `env`, an init, `uv run`."""
    for _ in range(5):
        if len(argv) >= 3 and _SHELL.fullmatch(argv[0]) and argv[1] in {"-c", "-lc", "-ec"}:
            if not _WORDS_ONLY.fullmatch(argv[2]):
                return argv
            try:
                argv = shlex.split(argv[2])
            except ValueError:
                return argv
        elif argv[:1] in (["exec"], ["tini"], ["/sbin/tini"], ["/usr/bin/tini"], ["dumb-init"], ["/usr/bin/dumb-init"]):
            argv = argv[1:]
            while argv and argv[0].startswith("-"):
                argv = argv[2:] if argv[0] == "-e" else argv[1:]
        elif argv[:1] and posixpath.basename(argv[0]) in {"uv", "poetry", "pipenv"} and argv[1:2] == ["run"]:
            rest = argv[2:]
            if (
                rest
                and rest[0].startswith("-")
                and rest[0] not in {"--no-sync", "--frozen", "--locked", "--no-dev", "--"}
            ):
                return argv
            while rest and rest[0].startswith("-"):
                rest = rest[1:]
            return rest or argv
        else:
            return argv
    return argv


def _interpreter(files: Tree, place: str, path: str, workdir: str) -> str | None:
    """The Python that a script names in its first line."""
    found = _SHEBANG.match(files.heads.get(files.resolve(place), b"").decode("utf-8", "replace"))
    if found is None:
        # What pip writes where the path is too long for a first line: `#!/bin/sh` and `'''exec' /…/python "$0" "$@"`.
        return None
    program = found["program"]
    rest = (found["rest"] or "").split()
    if posixpath.basename(program) == "env" and rest:
        return files.find(rest[-1], path, workdir) if _PYTHON.fullmatch(posixpath.basename(rest[-1])) else None
    return program if _PYTHON.fullmatch(posixpath.basename(program)) else None


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
    before, after = (_ran(engine, tag, check) for tag, check in zip(tags, checks, strict=True))
    shown = checks[0].shown if checks[0].shown == checks[1].shown else f"{checks[0].shown} / {checks[1].shown}"
    return Smoke(shown, before, after)


def _ran(engine: Engine, tag: str, check: Check) -> Ran:
    return engine.run(tag, check.argv, timeout=TIMEOUT)


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
