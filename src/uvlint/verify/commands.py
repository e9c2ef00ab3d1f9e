"""What an image runs: its commands without what starts them, where their programs are, and which Python runs those."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uvlint.verify.outcome import Config
    from uvlint.verify.tree import Tree

PYTHON = regex(r"python\d?(?:\.\d+t?)?")

_SHELL = regex(r"(?:(?:/usr)?/bin/)?(?:ba|da|a|z)?sh")
_VARIABLE = r"\$\w+|\$\{\w+(?::?[-=][^|&;<>()`$\\*?\[\]{}~#\n]*)?\}"
_WORDS_ONLY = regex(rf"(?:[^|&;<>()`$\\*?\[\]{{}}~#\n]|{_VARIABLE})*")
_ASSIGNMENT = regex(r"[A-Za-z_]\w*=.*")
_FIRST_WORD = regex(r"\s*(?:[A-Za-z_]\w*=\S*\s+)*(?P<word>[\w./+-]+)(?=\s|\Z)")
_SHEBANG = regex(r"#!\s*(?P<program>\S+)(?:[ \t]+(?P<rest>[^\n]*))?")

_INITS = frozenset({"tini", "tini-static", "dumb-init", "catatonit"})
_OF_INITS = frozenset({"-e", "-p", "-r", "--rewrite"})
"""Their options that take a value."""
_AS_USER = frozenset({"gosu", "su-exec"})
_RUNNERS = frozenset({"uv", "poetry", "pipenv"})
_PLAIN = frozenset(
    {"--no-sync", "--frozen", "--locked", "--no-dev", "--no-project", "--offline", "--exact", "--all-extras", "-q"}
)
_VALUED = frozenset({"--extra", "--group", "--no-group", "--only-group", "--env-file"})
"""Options of `uv run` that say nothing of what is run."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where Docker lets programs be looked for in an image that doesn't say."""


class Command(NamedTuple):
    """The words of a command, and what looks for its program beside the shell: one of `uv`, `poetry`, `pipenv`, or ""."""

    words: list[str]
    runner: str = ""


def command(config: Config) -> Command:
    """What an image runs, without what starts it: a shell, `exec`, `env`, an init, another user, `uv run`."""
    argv, runner = [*config.entrypoint, *config.command], ""
    for _ in range(8):
        inner = _inner(argv)
        if inner is None or inner == argv:
            break
        if posixpath.basename(argv[0]) in _RUNNERS:
            runner = posixpath.basename(argv[0])
        argv = inner
    return Command(argv, runner)


def _inner(argv: list[str]) -> list[str] | None:
    """The command in a command; None where there is none, or none that can be told."""
    name = posixpath.basename(argv[0]) if argv else ""
    if name and _SHELL.fullmatch(argv[0]):
        script = _script(argv)
        return _split(script) if script is not None else None
    if name == "exec" or name in _INITS:
        rest = argv[1:]
        while rest and rest[0].startswith("-"):
            rest = rest[2:] if rest[0] in _OF_INITS else rest[1:]
        return rest or None
    if name == "env" and len(argv) > 1 and not argv[1].startswith("-"):
        rest = argv[1:]
        while rest and _ASSIGNMENT.fullmatch(rest[0]):
            rest = rest[1:]
        return rest or None
    if name in _AS_USER and len(argv) > 2:
        return argv[2:]
    return _run(argv[2:]) if name in _RUNNERS and argv[1:2] == ["run"] else None


def _script(argv: Sequence[str]) -> str | None:
    """What a shell is told with `-c`."""
    rest = list(argv[1:])
    while len(rest) > 1 and rest[0].startswith("-"):
        options = "" if rest[0].startswith("--") else rest[0][1:]
        if "c" in options:
            return rest[2] if "o" in options and len(rest) > 2 else rest[1]
        rest = rest[2:] if "o" in options else rest[1:]
    return None


def _split(script: str) -> list[str] | None:
    """The words of a line of shell that runs one program; a word with a variable in it may be any."""
    if not _WORDS_ONLY.fullmatch(script):
        return None
    try:
        words = shlex.split(script)
    except ValueError:
        return None
    while words and _ASSIGNMENT.fullmatch(words[0]):
        words = words[1:]
    return words if words and "$" not in words[0] else None


def _run(words: list[str]) -> list[str] | None:
    """What `uv run` and its like are told to run."""
    while words and words[0].startswith("-"):
        option = words[0].partition("=")[0]
        if option == "--":
            words = words[1:]
            break
        if option in {"-m", "--module"} and len(words) > 1:
            return ["python", "-m", *words[1:]]
        if option not in _PLAIN | _VALUED:
            return None
        words = words[2:] if words[0] in _VALUED else words[1:]
    if words and words[0].endswith(".py"):
        return ["python", *words]
    return words or None


def search(config: Config, runner: str = "") -> str:
    """The folders, separated by colons, in which a program is looked for."""
    path = config.env.get("PATH") or _PATH
    if not runner:
        return path
    own = (config.env.get("UV_PROJECT_ENVIRONMENT") if runner == "uv" else "") or ".venv"
    return f"{posixpath.join(config.workdir or '/', own)}/bin:{path}"


# Programs ---------------------------------------------------------------------------------------------------------------


def find(files: Tree, program: str, path: str, workdir: str) -> str | None:
    """Where a program is that can be run: what its first line names is there, too. None where there is none."""
    place = files.find(program, path, workdir)
    return place if place is not None and _has_interpreter(files, place, path, workdir) else None


def _has_interpreter(files: Tree, place: str, path: str, workdir: str) -> bool:
    found = _shebang(files, place)
    if found is None:
        return True
    program, rest = found
    if files.find(program, path, workdir) is None:
        return False
    named = next((word for word in rest if not word.startswith("-") and "=" not in word), "")
    return posixpath.basename(program) != "env" or not named or files.find(named, path, workdir) is not None


def _shebang(files: Tree, place: str) -> tuple[str, list[str]] | None:
    """The program that a script names in its first line, and the words behind it."""
    found = _SHEBANG.match(files.heads.get(files.resolve(place), b"").decode("utf-8", "replace"))
    return (found["program"], (found["rest"] or "").split()) if found else None


def interpreter(files: Tree, place: str, path: str, workdir: str) -> str | None:
    """The Python that a script names in its first line."""
    found = _shebang(files, place)
    if found is None:
        # What pip writes where the path is too long for a first line: `#!/bin/sh` and `'''exec' /…/python "$0" "$@"`.
        return None
    program, rest = found
    if posixpath.basename(program) == "env" and rest:
        return files.find(rest[-1], path, workdir) if PYTHON.fullmatch(posixpath.basename(rest[-1])) else None
    return program if PYTHON.fullmatch(posixpath.basename(program)) else None


def programs(config: Config, files: Tree) -> dict[str, tuple[str, str | None]]:
    """The programs without which an image does not work, by what they are for: their names, and where they are.

    The place is None for one that isn't there, or can't be executed.
    """
    argv = [*config.entrypoint, *config.command]
    found = {"runs": command(config), "starts with": Command(argv), "checks its health with": Command(_health(config))}
    return {
        what: (one.words[0], find(files, one.words[0], search(config, one.runner), config.workdir))
        for what, one in found.items()
        if one.words
    }


def _health(config: Config) -> list[str]:
    """The program of the health check."""
    words = [word for word in config.healthcheck if not word.startswith("--")]
    if words[:1] == ["CMD"]:
        return words[1:2]
    match = _FIRST_WORD.match(words[1]) if words[:1] == ["CMD-SHELL"] and len(words) > 1 else None
    return [match["word"]] if match else []


# Environments -----------------------------------------------------------------------------------------------------------


def prefixes(config: Config, files: Tree) -> set[str]:
    """The environments whose packages can be imported: of the Python that `PATH` finds, and that of what is run."""
    return set(_prefixes(config, files))


def _prefixes(config: Config, files: Tree) -> Iterator[str]:
    words, runner = command(config)
    path = search(config, runner)
    places = [next((one for name in ("python", "python3") if (one := files.find(name, path, config.workdir))), None)]
    place = files.find(words[0], path, config.workdir) if words else None
    if place is not None:
        python = PYTHON.fullmatch(posixpath.basename(place))
        places.append(place if python else interpreter(files, place, path, config.workdir))
    for one in places:
        if one is None:
            continue
        prefix = posixpath.dirname(posixpath.dirname(one))
        yield prefix
        yield from (["/usr/local"] if prefix == "/usr" else [])  # as Debian's Python has it
        yield from ([files.shared[prefix]] if prefix in files.shared else [])
        yield from ([_user_base(config, files)] if prefix not in files.venvs else [])


def _user_base(config: Config, files: Tree) -> str:
    """Where `pip install --user` puts things."""
    user = config.user.partition(":")[0] or "root"
    row = next((row for line in files.passwd.splitlines() if user in (row := line.split(":"))[:3:2]), [])
    home = config.env.get("HOME") or (row[5] if len(row) > 5 else "/root" if user in {"root", "0"} else "/")
    return config.env.get("PYTHONUSERBASE") or posixpath.join(home, ".local")
