"""What a pip command line takes of a project that moves: its requirements files, itself, what was added to it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from uvlint import context, environments, images, managers, plan, reads
from uvlint.lazy import regex
from uvlint.managers import Wanted
from uvlint.migrate import exports, indexes
from uvlint.migrate.locked import MAIN
from uvlint.migrate.moves import SYSTEM, Move, is_project, prefix, unfit
from uvlint.model import normal
from uvlint.syntax import mount
from uvlint.tools import others
from uvlint.tools.requirements import normalised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.migrate.locked import Locked
    from uvlint.migrate.moves import Reading
    from uvlint.plan import Install

_TOOLS = frozenset({"poetry", "poetry-core", "poetry-plugin-export", "poetry-plugin-bundle", "poetry-dynamic-versioning",
                    "pipenv", "pip-tools", "virtualenv", "pip", "setuptools", "wheel", "uv", "keyring"})  # fmt: skip
_FINE = frozenset({"", "group", "requirement", "constraint", "editable", "no-deps", "upgrade", "upgrade-strategy", "reinstall",
                   "ignore-installed", "no-cache", "cache-dir", "compile", "no-compile", "require-hashes", "system",
                   "no-require-hashes", "break-system", "only-binary", "prefer-binary", "pre", "timeout", "user",
                   "use-feature", "use-deprecated", "trusted-host", "index", "extra-index", "find-links", "index-strategy",
                   "prerelease", "link-mode", "python", "no-config", "cert", "require-venv", "keyring"})  # fmt: skip
"""What an install may be told: it says how to install, not what, or the lock file has the answer."""

_FIXED = frozenset(
    {"target", "prefix", "root", "no-index", "no-binary", "config-setting", "global-option", "only-deps"}
)
_EXTRAS = regex(r"(?P<path>.*?)(?:\[(?P<extras>[^\]]*)\])?\Z")
_NAME = regex(r"[A-Za-z0-9][\w.-]*")
_ARCHIVE = regex(r"\.(?:whl|zip|gz|tgz|bz2|txt)\Z")


class _Doubt(NamedTuple):
    """Why something can't be moved that may have nothing to do with the project."""

    reason: str


def install(install: Install, project: Locked, found: Reading) -> None:
    call = install.call
    if install.given is None:
        if any(_known(word.value or "", project) for word in call.words[call.rest :]):
            found.refuse(call, install.why)
        return
    if _brings_tools(install):
        found.gone.append(call)
        return
    taken = _taken(install, project)
    if taken is None:
        _named(install, project, found)
        return
    if isinstance(taken, _Doubt):
        found.refuse(call, taken.reason, sure=False)
        return
    if isinstance(taken, str):
        found.refuse(call, taken)
        return
    reason = _refused(install, project)
    if reason:
        found.refuse(call, reason)
        return
    wanted, folder = taken
    place = place_of(install)
    if place is None:
        found.refuse(call, "where it installs to can't be told")
        return
    found.moves.append(Move(call, wanted, place, folder, _exported(install)))


def _exported(install: Install) -> str:
    """The file that Poetry or Pipenv wrote for an install, "" for none."""
    workdir = install.call.workdir
    for one in install.all("requirement"):
        value = one.value or ""
        place = normal(value if value.startswith("/") else f"{workdir}/{value}")
        if value and exports.at(install.call, place) is not None:
            return place
    return ""


def _named(install: Install, project: Locked, found: Reading) -> None:
    """An install of nothing but what was added to the project's requirements."""
    names = [one for one in (each.value or each.raw for each in install.requirements) if _is_wanted(one)]
    only = not any(install.has(one) for one in ("requirement", "editable", "group"))
    place = place_of(install)
    known = bool(names) and only and all(_added(install.call, one, project) for one in names)
    if known and place is not None and not _refused(install, project):
        found.beside.append(Move(install.call, Wanted(), place, None))
        if any(local_project(install.call, one) is not None for one in names):
            found.sources.append(install.call)


def _brings_tools(install: Install) -> bool:
    """Whether an install brings nothing but what is not needed any more: Poetry, Pipenv, pip-tools, pip itself."""
    if install.given is None or any(install.has(one) for one in ("requirement", "editable", "group")):
        return False
    names = [one.value or one.raw for one in install.requirements]
    return bool(names) and not any(map(_is_wanted, names))


def _is_wanted(argument: str) -> bool:
    """Whether an argument of an install names anything but a tool: setuptools or wheel of a certain release is wanted."""
    match = _NAME.match(argument.strip("\"'"))
    name = match[0].lower() if match is not None else ""
    return name not in _TOOLS or (name in {"setuptools", "wheel"} and name != argument.strip("\"'").lower())


def _known(path: str, project: Locked) -> bool:
    """Whether a path of a command line is that of a file of the project."""
    if not path or path.startswith("-"):
        return False
    return any(path == name or path.endswith(f"/{posixpath.basename(name)}") for name in project.sources)


def _taken(install: Install, project: Locked) -> tuple[Wanted, str | None] | _Doubt | str | None:
    """What of the project is installed, and where it is; None where nothing of it is, or why that can't be told."""
    call = install.call
    wanted: Wanted | None = None
    folder: str | None = None
    strange: list[str] = []
    for one in install.given or ():
        if one.option is None or one.meaning == "editable":
            own = _directory(call, one.value, project)
            if own is None:
                strange += [] if plan.is_uv(one.value or one.raw) else [one.value or one.raw]
                continue
            folder, extras = own
            more = _with_extras(extras, project)
            if isinstance(more, str):
                return more
            more = more._replace(project=project.package, editable=one.meaning == "editable")
            wanted = more if wanted is None else wanted | more
        elif one.meaning == "group":
            group = _group(call, one.value, one.raw, project)
            if not isinstance(group, Wanted):
                return group
            wanted = group if wanted is None else wanted | group
        elif one.meaning == "requirement":
            got = _requirements(install, one.value, one.raw, project)
            if isinstance(got, (str, _Doubt)):
                return got
            strange += [] if got is not None else [f"-r {one.raw}"]
            wanted = got if wanted is None else wanted | got if got is not None else wanted
    if wanted is None:
        return None
    missing = [one for one in strange if not _added(call, one, project)]
    if missing:
        return f"`{missing[0]}` is installed with the project and isn't part of it: add it to its requirements first"
    return wanted, folder


def _added(call: Call, requirement: str, project: Locked) -> bool:
    """Whether a requirement that a command line names is among the project's own."""
    folder, base = local_project(call, requirement), prefix(call, project)
    if folder is not None and base is not None:
        return posixpath.relpath(folder or ".", base or ".") in project.folders
    return requirement.strip("\"'") in project.named


def local_project(call: Call, argument: str | None) -> str | None:
    """The folder of a local project that an argument of an install names, as a path of the build context; without extras."""
    path = argument or ""
    if not path.startswith(("./", "../", "/")) or "[" in path or (call.workdir is None and not path.startswith("/")):
        return None
    place = normal(path if path.startswith("/") else f"{call.workdir}/{path}")
    for name in reads.PROJECT_FILES:
        found = context.origin(call.step, normal(f"{place}/{name}"))
        if found is not None and found.path is not None and reads.seen(call, normal(f"{place}/{name}")) is not None:
            return posixpath.dirname(found.path)
    return None


def by_name(argument: str) -> bool:
    """Whether an argument of an install names a package to be found on an index, and none of the tools."""
    plain = not argument.startswith((".", "/")) and "/" not in argument.partition("@")[0] and "\\" not in argument
    return plain and _NAME.match(argument) is not None and _is_wanted(argument) and not _ARCHIVE.search(argument)


def _directory(call: Call, value: str | None, project: Locked) -> tuple[str, frozenset[str]] | None:
    """Where the project itself is, when an argument names it, and its extras."""
    match = _EXTRAS.match(value or "")
    path = match["path"] if match is not None else ""
    if match is None or not (path in {".", ".."} or path.startswith(("./", "../", "/"))):
        return None
    if call.workdir is None and not path.startswith("/"):
        return None
    place = normal(path if path.startswith("/") else f"{call.workdir}/{path}")
    if not is_project(call, place, project):
        return None
    return place, frozenset(normalised(one.strip()) for one in (match["extras"] or "").split(",") if one.strip())


def _with_extras(extras: frozenset[str], project: Locked) -> Wanted | str:
    known = {normalised(one): one for one in project.extras}
    groups = {normalised(one): one for one in project.groups}
    missing = sorted(extras - set(known) - set(groups))
    if missing:
        return f"the project has no extra `{missing[0]}`"
    return Wanted(
        groups=frozenset(groups[one] for one in extras - set(known)),
        extras=frozenset(known[one] for one in extras & set(known)),
    )


def _requirements(install: Install, value: str | None, raw: str, project: Locked) -> Wanted | _Doubt | str | None:
    """What a requirements file stands for, with those that it names; None for a file that isn't the project's."""
    call = install.call
    if value is None:
        return f"`{raw}` is not known before the build"
    if value in {"-", "/dev/stdin"} or "://" in value or (call.workdir is None and not value.startswith("/")):
        return _Doubt(f"what `{raw}` holds can't be told")
    place = normal(value if value.startswith("/") else f"{call.workdir}/{value}")
    exported = exports.at(call, place)
    if exported is not None:
        return (
            exported
            if isinstance(exported, str)
            else managers.wanted(exported, project.groups, project.defaults, poetry=project.kind == "poetry")
        )
    if posixpath.basename(place) == "pyproject.toml" and is_project(call, posixpath.dirname(place), project):
        return Wanted()
    base = prefix(call, project)
    groups: set[str] = set()
    for file in (place, *_nested(call, place)):
        seen = context.origin(call.step, file)
        name = None if seen is None or seen.path is None or base is None else posixpath.relpath(seen.path, base or ".")
        if name is not None and name in project.sources:
            groups.add(project.sources[name])
        elif file == place:
            return None if name is None or not name.startswith("..") else f"`{raw}` isn't a file of the project"
    return Wanted(MAIN in groups, frozenset(groups - {MAIN}))


def _group(call: Call, value: str | None, raw: str, project: Locked) -> Wanted | _Doubt | str:
    """What a `--group` stands for: a name, or a file and a name."""
    if value is None:
        return f"`{raw}` is not known before the build"
    path, _, name = value.rpartition(":")
    if call.workdir is None and not path.startswith("/"):
        return _Doubt(f"what `{raw}` holds can't be told")
    place = normal(path if path.startswith("/") else f"{call.workdir}/{path or 'pyproject.toml'}")
    known = {normalised(one): one for one in project.groups}
    if not is_project(call, posixpath.dirname(place), project):
        return _Doubt(f"`{raw}` isn't known to be a group of the project")
    if normalised(name) not in known:
        return f"the project has no group `{name}`"
    return Wanted(main=False, groups=frozenset({known[normalised(name)]}))


def _nested(call: Call, place: str, depth: int = 0) -> Iterator[str]:
    """The requirements files that one names, and so on."""
    from uvlint.tools import requirements  # noqa: PLC0415 - only where a file is read

    data = reads.seen(call, place)
    for name in requirements.scan(data).nested if data is not None and depth < 10 else ():
        inner = normal(posixpath.join(posixpath.dirname(place), name))
        yield inner
        yield from _nested(call, inner, depth + 1)


def _refused(install: Install, project: Locked) -> str:
    """What an install is told that `uv sync` can't be."""
    call = install.call
    for one in install.given or ():
        if one.meaning == "prefix" and _carried(call, one.value):
            continue
        if one.option is not None and one.meaning not in _FINE:
            return f"`{one.name}` has no counterpart in `uv sync`"
    if _configured(call) and not project.indexes:
        return "pip gets its configuration as a secret, which uv does not read"
    for meaning in install.settings:
        if meaning in _FIXED:
            return f"pip is told `{meaning}` by a variable or a configuration file"
    return indexes.missing(install, project) or unfit(call)


def _carried(call: Call, prefix: str | None) -> bool:
    """Whether what is installed into a folder of its own is copied from there to another stage's own Python."""
    build, own = call.step.stage.build, call.step.stage
    for step in build.steps:
        source = images.copied_from(step)
        words = step.instruction.words()
        if prefix and source is not None and own in source.chain and len(words) == 2:
            origin, target = (step.expand(one.text) or "" for one in words)
            if normal(origin) == normal(prefix) and normal(target) == "/usr/local":
                return True
    return False


def _configured(call: Call) -> bool:
    """Whether a secret mount brings a configuration of pip's."""
    run = call.step.run
    known = [mount(flag) for flag in run.flags_named("mount")] if run is not None else []
    secrets = [one.keys for one in known if one is not None and one.type == "secret"]
    return any(
        "pip" in keys.get("target", keys.get("id", "")) or keys.get("env", "").startswith("PIP_") for keys in secrets
    )


def place_of(install: Install) -> str | None:
    target = install.target
    if target is None:
        return None
    if target.kind in {"venv", "prefix"} and target.where not in {"/usr", "/usr/local"}:
        return target.where
    return SYSTEM if target.kind in {"system", "path", "prefix"} else None


def pip_sync(call: Call, project: Locked, found: Reading) -> None:
    from uvlint.tools import options  # noqa: PLC0415 - hardly any file has one

    given = options.read(call.words, call.rest, others.SYNC, call.variables)
    if isinstance(given, options.Unreadable):
        found.refuse(call, given.reason)
        return
    names = [one.value for one in given if one.option is None] or ["requirements.txt"]
    install = plan.Install(call, "pip", given)
    wanted: Wanted | None = None
    for name in names:
        got = _requirements(install, name, name or "?", project)
        if not isinstance(got, Wanted):
            found.refuse(call, got if isinstance(got, str) else f"`{name}` isn't a file of the project", sure=False)
            return
        wanted = got if wanted is None else wanted | got
    reason = unfit(call)
    place = environments.active(call)
    if reason or wanted is None or place is None:
        found.refuse(call, reason or "where it installs to can't be told")
        return
    found.moves.append(Move(call, wanted, place, None))
