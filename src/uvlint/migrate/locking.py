"""Writes a project's pyproject.toml and uv.lock in a copy of it, with the versions that it has today."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from uvlint import credentials
from uvlint.migrate import converted, indexes, lines, pyproject, tools
from uvlint.migrate.locked import MAIN, Locked
from uvlint.migrate.project import Declined, Group, pythons
from uvlint.migrate.project import number as project_number
from uvlint.migrate.texts import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from uvlint.migrate.project import Project
    from uvlint.migrate.pyproject import Named


@dataclass(slots=True)
class Written:
    """A project's new files, and what there is to say of them.

    `kept` counts the packages whose version is that of before, `packages` all that are in the lock file.
    """

    locked: Locked
    kept: int
    packages: int
    notes: list[str] = field(default_factory=list)


def write(project: Project, named: Sequence[str] = ()) -> Written:
    """The project with its lock file; `named` are requirements more. Raises: Declined, Missing."""
    _shows_nothing(project)
    uv = tools.find("uv")
    main = project.groups.setdefault(MAIN, Group(MAIN))
    more = [lines.Line(one, lines.named(one)) for one in named]
    main.lines += [one for one in more if one.text not in {line.text for line in main.lines}]
    with tempfile.TemporaryDirectory(prefix="uvlint-") as above:
        folder = os.path.join(above, os.path.basename(project.root) or "project")
        tools.copy(project.root, folder)
        for path in _beyond(project):
            tools.copy(os.path.join(project.root, path), os.path.normpath(os.path.join(folder, path)))
        if project.kind in {"poetry", "pipenv"}:
            text, known = converted.write(project, folder, main.lines)
        else:
            known = pyproject.indexes(project.options)
            text = pyproject.write(project, known)
        _parsed(text)
        text, lock = _lock(project, folder, uv, text, known)
        if project.kind == "poetry":
            converted.check(uv, folder, text)
    _no_secret(project, text + lock, known)
    kept, packages = _compare(project, lock)
    _elsewhere(project, lock, known)
    locked = _locked(project, text, lock, uv=tools.version(uv), known=known, named=frozenset(named))
    return Written(locked, kept, packages, list(project.notes))


def _beyond(project: Project) -> list[str]:
    """The local projects beside this one that it depends on, relative to its root."""
    text = f"{project.pyproject or ''}\n{text_of(project.root, 'Pipfile') or ''}"
    found = re.findall(r"path\s*=\s*[\"'](\.\./(?!\.\.)[^\"'*]+)[\"']", text)
    return [one for one in dict.fromkeys(found) if os.path.isdir(os.path.join(project.root, one))]


def _parsed(text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - only where a project is moved

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Declined(
            f"the new pyproject.toml can't be read ({error}); this is a bug in uvlint, please report it"
        ) from None


def _lock(project: Project, folder: str, uv: str, text: str, known: list[Named]) -> tuple[str, str]:
    """The texts of pyproject.toml and the lock file, for as many platforms as the versions of today are there for."""
    secrets = {key: value for one in known for key, value in one.secrets.items()}
    for key, value in secrets.items():
        if value is None and key not in os.environ:
            raise Declined(f"an index asks for credentials that aren't known here: set {key}, then migrate")
    # A version that is read from Git is not in the lock file: what it is doesn't matter, and the copy has no history.
    name = re.sub(r"[-_.]+", "_", str(_parsed(text).get("project", {}).get("name", ""))).upper()
    settings = {f"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_{name}": "0"}

    def run() -> None:
        tools.run([uv, "lock"], folder, secrets, settings)

    if project.declared is not None:
        _left(project, folder)
    first: Declined | None = None
    for narrowed, note in ((text, ""), *_narrower(project, text)):
        try:
            lock = _constrained(project, folder, narrowed, run)
        except Declined as error:
            if first is None and "No solution found" not in str(error):
                raise
            first = first or error
            continue
        project.notes += [note] if note else []
        return narrowed, lock
    known_pythons = pythons(project.images)
    if known_pythons and first is not None and not project.python.endswith(known_pythons[0]):
        raise Declined(
            f"{first}\n  the versions of today may not be there for all Pythons that the project allows:"
            f" `--python {known_pythons[0]}` locks for those of its images"
        )
    raise first or Declined("uv can't lock it")


def _narrower(project: Project, text: str) -> Iterator[tuple[str, str]]:
    """The text for fewer Pythons, then for fewer platforms, and what there is to say of it.

    Pins hold for where they were made: an image's Python on Linux.
    """
    import tomlkit  # noqa: PLC0415

    match = re.fullmatch(r">=(?P<minor>3\.\d+)", project.python)
    if match is None:
        return
    first, second = project_number(match["minor"])
    made: Any = tomlkit.parse(text)
    made["project"]["requires-python"] = f"{project.python},<{first}.{second + 1}"
    said = f"the versions of today are only there together for Python {match['minor']}"
    yield tomlkit.dumps(made), f"{said}: requires-python says so"
    made.setdefault("tool", tomlkit.table()).setdefault("uv", tomlkit.table())["environments"] = [
        "sys_platform == 'linux'"
    ]
    yield tomlkit.dumps(made), f"{said} on Linux: requires-python and tool.uv.environments say so"


def _constrained(project: Project, folder: str, text: str, run: Callable[[], None]) -> str:
    """The lock file: first made with the versions of today as constraints, then without, which changes none of them."""
    import tomlkit  # noqa: PLC0415

    place = os.path.join(folder, "pyproject.toml")
    pins = [one for several in project.pins.values() for one in several]
    if pins:
        tables: Any = tomlkit.parse(text)
        settings = tables.setdefault("tool", tomlkit.table()).setdefault("uv", tomlkit.table())
        settings["constraint-dependencies"] = [*settings.get("constraint-dependencies", []), *pins]
        _put(place, tomlkit.dumps(tables))
        run()
    _put(place, text)
    run()
    with open(os.path.join(folder, "uv.lock"), encoding="utf-8", newline="") as file:
        return file.read()


def _left(project: Project, folder: str) -> None:
    """Makes of setup.cfg, in the copy, what is to be left of it; setup.py goes, so that no build can run it."""
    for name, text in project.declared.left.items() if project.declared is not None else ():
        if text is None or name == "setup.py":
            os.unlink(os.path.join(folder, name))
        else:
            _put(os.path.join(folder, name), text)


def _put(place: str, text: str) -> None:
    with open(place, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def _shows_nothing(project: Project) -> None:
    """Raises Declined for an address that can't be written without a secret in it."""
    options = project.options
    for url in (options.index, *options.extra, *options.links):
        host = re.sub(r"(?<=://)[^\s/@]*@", "", url).partition("?")[0]
        if "?" in url:
            raise Declined(
                f"the query in the URL of {host} may be a secret, which pyproject.toml would show; take it out"
            )
        if url in options.links and lines.CREDENTIALS.search(url):
            raise Declined(
                f"--find-links {host} names credentials, which pyproject.toml would show; put them into .netrc"
            )


def _no_secret(project: Project, text: str, known: list[Named]) -> None:
    """Raises Declined where a new text holds credentials that were not in it before."""
    for found in lines.CREDENTIALS.finditer(text):
        if found[0] not in (project.pyproject or ""):
            raise Declined(
                "a URL with credentials would come into pyproject.toml or uv.lock; take them out of it, then migrate"
            )
    for one in known:
        for value in one.secrets.values():
            if (
                value
                and len(value) > 2
                and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)
                and value not in one.url
            ):
                raise Declined(f"the credentials of {one.url} would come into a file; nothing was written")


def _compare(project: Project, lock: str) -> tuple[int, int]:
    """How many packages have the version of before, of how many. Raises: Declined where one has another."""
    packages: dict[str, set[str]] = {}
    for one in _parsed(lock).get("package", []):
        if "version" in one and "virtual" not in one.get("source", {}) and "editable" not in one.get("source", {}):
            packages.setdefault(one["name"], set()).add(_canonical(one["version"]))
    kept = 0
    for name, several in project.pins.items():
        wanted = {_canonical(found[1]) for one in several if (found := lines.pin(one)) is not None}
        if name in packages and wanted:
            other = packages[name] - wanted
            if other:
                raise Declined(
                    f"{name} would be {', '.join(sorted(other))} where it is {', '.join(sorted(wanted))} today"
                )
            kept += 1
    return kept, len(packages)


def _elsewhere(project: Project, lock: str, known: list[Named]) -> None:
    """Notes indexes that the lock file names because of uv's settings on this machine."""
    named = {one.url.rstrip("/") for one in known} | {str(one).rstrip("/") for one in project.options.links}
    found = {one.get("source", {}).get("registry", "") for one in _parsed(lock).get("package", [])}
    project.notes += [
        f"packages come from {credentials.masked(url)}, as uv's settings on this machine say: the lock file names it"
        for url in sorted(found)
        if "://" in url and not indexes.DEFAULT.match(url) and url.rstrip("/") not in named
    ]


def _canonical(version: str) -> str:
    """A version to compare: `1.0` is `1.0.0`, `v1-rc1` is `1rc1`."""
    bare = re.sub(r"(?<=\d)[-_.]?(a|b|rc|alpha|beta|c|pre|preview)[-_.]?(?=\d)", r"\1", version.lower().lstrip("v"))
    bare = bare.replace("alpha", "a").replace("beta", "b")
    release = re.match(r"[\d.]+", bare)
    return re.sub(r"(?:\.0+)+\Z", "", release[0]) + bare[release.end() :] if release is not None else bare


def _needs(project: Project, tables: dict[str, Any]) -> list[str]:
    """The files that building the project reads, beside its code."""
    table = tables.get("project", {})
    version = tables.get("tool", {}).get("setuptools", {}).get("dynamic", {}).get("version", {})
    found = [one if isinstance(one, str) else one.get("file", "") for one in (table.get("readme", ""), version)]
    found += [table["license"].get("file", "")] if isinstance(table.get("license"), dict) else []
    if project.declared is not None:
        found += [*project.declared.reads, *(name for name, left in project.declared.left.items() if left is not None)]
    return [one for one in dict.fromkeys(found) if one and os.path.exists(os.path.join(project.root, one))]


def _locked(project: Project, text: str, lock: str, *, uv: str, known: list[Named], named: frozenset[str]) -> Locked:
    tables = _parsed(text)
    table, tool = tables.get("project", {}), tables.get("tool", {}).get("uv", {})
    groups = tuple(tables.get("dependency-groups", {}))
    default = tool.get("default-groups", ["dev"])
    package = tool.get("package", "build-system" in tables)
    listed = tool.get("sources", {}).values()
    return Locked(
        root=project.root,
        name=str(table.get("name", "")),
        kind=project.kind if project.kind != "project" else "requirements",
        package=bool(package),
        python=str(table.get("requires-python", "")),
        pyproject=text,
        lock=lock,
        uv=uv,
        sources={path: name for path, name in project.sources.items() if name == MAIN or name in groups},
        constraints=frozenset(project.constraint_files),
        groups=groups,
        defaults=groups if default == "all" else tuple(one for one in default if one in groups),
        extras=tuple(table.get("optional-dependencies", {})),
        needs=tuple(_needs(project, tables)) if package else (),
        folders=tuple(dict.fromkeys(one["path"] for one in listed if isinstance(one, dict) and "path" in one)),
        indexes=tuple(one.index for one in known if one.index is not None),
        named=named,
        gone=frozenset(
            name for name, left in (project.declared.left if project.declared else {}).items() if left is None
        ),
    )
