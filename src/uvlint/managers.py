"""What Poetry and Pipenv are asked to install, and how `uv sync` is asked for the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex
from uvlint.tools import managers, options
from uvlint.tools.requirements import normalised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from uvlint.calls import Call
    from uvlint.tools.options import Given, Table

_LIST = regex(r"[\s,]+")
_MAIN = frozenset({"main", "default", "packages"})
_VERBS: dict[tuple[str, str], Table] = {
    ("poetry", "install"): managers.POETRY_INSTALL,
    ("poetry", "sync"): managers.POETRY_INSTALL,
    ("poetry", "export"): managers.POETRY_EXPORT,
    ("pipenv", "install"): managers.PIPENV_INSTALL,
    ("pipenv", "sync"): managers.PIPENV_INSTALL,
    ("pipenv", "requirements"): managers.PIPENV_EXPORT,
    ("pipenv", "lock"): managers.PIPENV_EXPORT,
}


class Wanted(NamedTuple):
    """What of a project an environment is to hold: its own dependencies (`main`), groups, extras, itself (`project`)."""

    main: bool = True
    groups: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()
    all_extras: bool = False
    project: bool = False
    editable: bool = True

    def __or__(self, other: Wanted) -> Wanted:
        """Both: what two installs leave, one after the other."""
        return Wanted(
            self.main or other.main,
            self.groups | other.groups,
            self.extras | other.extras,
            self.all_extras or other.all_extras,
            self.project or other.project,
            other.editable if other.project else self.editable,
        )


class Asked(NamedTuple):
    """A command line of Poetry or Pipenv, read.

    `given` are its options, `folder` where it is told to look for the project ("" for where it runs), `output` the file that
    it writes instead of installing ("" for none). `system`: Pipenv is to work on the image's own Python.
    """

    verb: str
    given: list[Given]
    folder: str = ""
    output: str = ""
    system: bool = False


def verb(call: Call) -> str:
    """The word that says what Poetry or Pipenv is to do, "" where there is none."""
    skip = False
    for arg in call.args:
        if skip:
            skip = False
        elif arg in {"-C", "-P", "--directory", "--project"} and call.program == "poetry":
            skip = True
        elif arg is None or not arg.startswith("-"):
            return arg or ""
    return ""


def read(call: Call) -> Asked | str:
    """What a command line asks for; or why that can't be told."""
    table = _VERBS.get((call.program, verb(call)))
    name = f"`{call.program} {verb(call)}`".replace(" `", "`")
    if table is None:
        return f"{name} has no counterpart in uv"
    given = options.read(call.words, call.rest, table, call.variables)
    if isinstance(given, options.Unreadable):
        return given.reason
    blocked = next((one.option for one in given if one.option is not None and one.option.action == "block"), None)
    if blocked is not None:
        return f"{name}: {blocked.note}"
    if sum(one.option is None for one in given) > 1:
        return f"{name} names packages, which the project's files then don't"
    if any(one.value is None and one.option is not None and one.option.value == "=" for one in given):
        return f"not all that {name} is given is known before the build"
    last = {one.meaning: one.value or "" for one in given}
    return Asked(
        verb(call),
        given,
        last.get("directory", ""),
        last.get("output", ""),
        any(one.meaning == "system" for one in given),
    )


def wanted(asked: Asked, groups: Collection[str], defaults: Collection[str], *, poetry: bool) -> Wanted | str:
    """What an install is to leave, of a project with these groups; `defaults` come unless they are left out.

    Or why that can't be: it names a group that isn't there.
    """
    known = {normalised(one): one for one in groups}
    usual = {normalised(one) for one in defaults} & set(known)
    named: dict[str, set[str]] = {}
    for one in asked.given:
        if one.meaning in {"only", "with", "without", "categories", "extras"}:
            named.setdefault(one.meaning, set()).update(_names(one.value))
    flags = {one.meaning for one in asked.given}
    for kind in ("only", "with", "categories"):
        missing = sorted(named.get(kind, set()) - set(known) - _MAIN)
        if missing:
            return f"the project has no group `{missing[0]}`"
    project = poetry and "no-root" not in flags and asked.verb in {"install", "sync"}
    extras = frozenset(named.get("extras", ()))
    only = named.get("only") or named.get("categories")
    if "dev-only" in flags:
        only = {"dev"}
    if only is not None:
        main, chosen = bool(only & _MAIN), only - _MAIN
        project = project and main
    else:
        main = True
        chosen = set(usual) if poetry and asked.verb != "export" else set()
        chosen |= {"dev"} & set(known) if "dev" in flags else set()
        chosen |= set(known) if "all-groups" in flags else set()
        chosen |= named.get("with", set()) - _MAIN
        chosen -= named.get("without", set()) | ({"dev"} if "no-dev" in flags else set())
    picked = frozenset(known[one] for one in chosen if one in known)
    return Wanted(main, picked, extras, "all-extras" in flags, project)


def _names(value: str | None) -> Iterable[str]:
    return (normalised(one) for one in _LIST.split(value or "") if one)


def words(one: Wanted, groups: Collection[str], defaults: Collection[str]) -> list[str]:
    """The options of the `uv sync` that leaves what is wanted, of a project with these groups."""
    usual = {name for name in groups if name in defaults}
    chosen = sorted(one.groups)
    if not one.main:
        found = [f"--only-group {name}" for name in chosen]
    else:
        left_out = usual - one.groups
        if left_out and usual != {"dev"}:
            found = ["--no-default-groups"]
        else:
            found = ["--no-dev"] if "dev" not in one.groups else []
        found += [f"--group {name}" for name in chosen]
        found += ["--all-extras"] if one.all_extras else [f"--extra {name}" for name in sorted(one.extras)]
    if not one.project:
        found.append("--no-install-project")
    elif not one.editable:
        found.append("--no-editable")
    return found
