"""Writes a pyproject.toml: what is there stays as it is written, and what the project needs of [project] and uv is added."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from uvlint import credentials
from uvlint.migrate import setuptools_table
from uvlint.migrate.indexes import DEFAULT
from uvlint.migrate.lines import Local, named
from uvlint.migrate.locked import MAIN, Index
from uvlint.migrate.project import Declined
from uvlint.tools.requirements import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import tomlkit

    from uvlint.migrate.lines import Line, Options
    from uvlint.migrate.project import Project

_HOST_WORDS = re.compile(r"(?:www|pypi|packages?|pkgs?|index|repo)\.|\.(?:com|org|net|io|dev|internal|local|example)\Z")


def name_of(project: Project) -> str:
    """What the project is to be called: as it calls itself, or after its folder."""
    told = (
        project.declared.values.get("name")
        if project.declared is not None
        else project.tables.get("project", {}).get("name")
    )
    name = (
        str(told) if told else re.sub(r"[^A-Za-z0-9]+", "-", os.path.basename(project.root)).strip("-").lower() or "app"
    )
    needed = {line.name for group in project.groups.values() for line in group.lines}
    return f"{name}-app" if normalised(name) in needed and not told else name


def write(project: Project, indexes: list[Named]) -> str:
    """The text of the project's new pyproject.toml."""
    import tomlkit  # noqa: PLC0415 - only where a project is moved

    text = project.pyproject or ""
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    if "project" in project.tables:
        head, text = "", _extended(project, text)
    else:
        head = tomlkit.dumps(_project(project))
    if project.own and "build-system" not in project.tables and project.declared is not None:
        table = tomlkit.document()
        table["build-system"] = setuptools_table.build_system(project.declared)
        head += "\n" + tomlkit.dumps(table)
    if "dependency-groups" not in project.tables:
        groups = _groups(project)
        if head:
            head = f"{head}\n{groups}"
        elif groups:
            text = f"{text.rstrip()}\n\n{groups}"
    head, tail = _spaced(head), _spaced(_tools(project, indexes))
    made = f"{head}\n\n" if head and text.strip() else head
    made += text if not tail else (text.rstrip("\n") or "")
    made += f"\n\n{tail}" if tail and made else tail
    return (made if made.endswith("\n") else f"{made}\n").replace("\n", newline)


def _spaced(text: str) -> str:
    """New tables, one blank line between them."""
    return re.sub(r"\n+(?=\[)", "\n\n", text.strip())


def _project(project: Project) -> tomlkit.TOMLDocument:
    """A [project] table of its own."""
    import tomlkit  # noqa: PLC0415

    made = tomlkit.document()
    table = tomlkit.table()
    declared = project.declared
    said: dict[str, Any] = {"version": "0.1.0"} if declared is None else setuptools_table.project(declared)
    said["name"] = name_of(project)
    listed = said.pop("dependencies", [])
    order = ("name", "version", "dynamic", "description", "readme")
    for key in order:
        if key in said:
            table[key] = said.pop(key)
    table["requires-python"] = project.python
    for key in [key for key in said if not isinstance(said[key], dict)]:
        table[key] = _array(said.pop(key))
    table["dependencies"] = array([(one, "") for one in listed] + written(project.groups[MAIN].lines))
    for key, value in said.items():
        table[key] = {one: _array(several) for one, several in value.items()}
    made["project"] = table
    return made


def _array(value: Any) -> Any:
    """A list with a line for each of its entries where there are several."""
    if isinstance(value, list) and len(value) > 1 and all(isinstance(one, str) for one in value):
        return array([(one, "") for one in value])
    return value


def array(entries: Iterable[tuple[str, str]], more: Sequence[Any] = ()) -> tomlkit.items.Array:
    """A list of texts, one a line, each with its comment; then `more` lines."""
    import tomlkit  # noqa: PLC0415

    made = tomlkit.array()
    for text, comment in [*entries, *((one, "") for one in more)]:
        made.add_line(text, comment=comment or None)
    if len(made):
        made.add_line(indent="")
    return made


def _inline(values: Mapping[str, Any]) -> Any:
    """A table in one line, with blanks inside its braces."""
    import tomlkit  # noqa: PLC0415

    made = tomlkit.document()
    made["x"] = inline = tomlkit.inline_table()
    inline.update(values)
    text = tomlkit.dumps(made).strip().removeprefix("x = {").removesuffix("}")
    return tomlkit.parse(f"x = {{ {text} }}")["x"]


def written(lines: list[Line]) -> list[tuple[str, str]]:
    """Requirements as a list of pyproject.toml has them, and their comments."""
    return [(line.text if "'" in line.text else line.text.replace('"', "'"), line.comment) for line in lines]


def _extended(project: Project, text: str) -> str:
    """The text with the project's own dependencies in the [project] table that is there."""
    import tomlkit  # noqa: PLC0415

    made = tomlkit.parse(text)
    table: Any = made["project"]
    lines = project.groups[MAIN].lines
    if lines:
        table["dependencies"] = array([(str(one), "") for one in table.get("dependencies", [])] + written(lines))
        dynamic = [one for one in table.get("dynamic", []) if one != "dependencies"]
        if len(dynamic) != len(table.get("dynamic", [])):
            if dynamic:
                table["dynamic"] = dynamic
            else:
                del table["dynamic"]
            _no_longer_dynamic(made)
    if project.python:
        table["requires-python"] = project.python
    if "version" not in table and "version" not in table.get("dynamic", []):
        table["version"] = "0.1.0"
    return tomlkit.dumps(made)


def _no_longer_dynamic(made: Any) -> None:
    """Takes away where setuptools looked for the dependencies that are listed now."""
    table = made.get("tool", {}).get("setuptools", {}).get("dynamic", {})
    if "dependencies" in table:
        del table["dependencies"]
        if not table:
            del made["tool"]["setuptools"]["dynamic"]
            if not made["tool"]["setuptools"]:
                del made["tool"]["setuptools"]


def _groups(project: Project) -> str:
    import tomlkit  # noqa: PLC0415

    groups = [one for name, one in project.groups.items() if name != MAIN and (one.lines or one.includes)]
    if not groups:
        return ""
    made = tomlkit.document()
    table = tomlkit.table()
    for group in groups:
        listed = array(written(group.lines), [_inline({"include-group": name}) for name in group.includes])
        table[group.name] = listed
    made["dependency-groups"] = table
    return tomlkit.dumps(made)


# uv -------------------------------------------------------------------------------------------------------------------------


class Named:
    """An index under its name. `url` has no credentials; `secrets` are the variables that hold them and their values.

    A value is None where only the environment has it.
    """

    def __init__(self, name: str, url: str, secrets: dict[str, str | None], *, default: bool) -> None:
        self.name, self.url, self.secrets, self.default = name, url, secrets, default

    @property
    def index(self) -> Index | None:
        return Index(self.name, self.url, tuple(self.secrets)) if self.secrets else None


def indexes(options: Options) -> list[Named]:
    """The indexes of requirement files, in the order in which uv asks them."""
    found: list[Named] = []
    for url, default in [*((one, False) for one in options.extra), *([(options.index, True)] if options.index else [])]:
        if DEFAULT.match(url.strip()) and default:
            continue
        bare, secrets = parted(url.strip())
        if bare in {one.url for one in found}:
            continue
        name = _index_name(bare, {one.name for one in found})
        found.append(Named(name, bare, variables(name, secrets), default=default))
    return found


def parted(url: str) -> tuple[str, list[str]]:
    """A URL without its user and password, and these; variables in them stay as they are written."""
    match = re.match(r"(?P<scheme>[a-z+]+://)(?P<user>[^/@]*)@(?P<rest>.*)\Z", url, re.DOTALL)
    if match is None:
        return url, []
    user, _, password = match["user"].partition(":")
    return match["scheme"] + match["rest"], [user, password]


def variables(name: str, secrets: list[str]) -> dict[str, str | None]:
    """The variables that uv reads an index' credentials from, and their values as far as they are known here."""
    if not secrets:
        return {}
    base = f"UV_INDEX_{re.sub(r'[^A-Z0-9]', '_', name.upper())}"
    found: dict[str, str | None] = {}
    for kind, value in zip(("USERNAME", "PASSWORD"), secrets, strict=False):
        if value:
            variable = re.fullmatch(r"\$\{?(\w+)\}?", value)
            found[f"{base}_{kind}"] = os.environ.get(variable[1]) if variable is not None else unquote(value)
    return found


def _index_name(url: str, taken: set[str]) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Declined(f"`{credentials.masked(url)}` is no address of an index") from None
    host = (parts.hostname or "index").lower()
    while _HOST_WORDS.search(host) and "." in host:
        host = _HOST_WORDS.sub("", host, count=1)
    word = next((one for one in reversed(parts.path.split("/")) if one not in {"", "simple", "whl"}), "")
    base = re.sub(r"[^a-z0-9]+", "-", host).strip("-") or "index"
    name = base
    if name in taken:
        name = f"{base}-{re.sub(r'[^a-z0-9]+', '-', word.lower()).strip('-')}".strip("-")
    count = 2
    while name in taken:
        name, count = f"{base}-{count}", count + 1
    return name


def _tools(project: Project, known: list[Named]) -> str:
    """The [tool.setuptools] and [tool.uv] tables."""
    import tomlkit  # noqa: PLC0415

    made = tomlkit.document()
    tool = tomlkit.table(is_super_table=True)
    if project.declared is not None and "setuptools" not in project.tables.get("tool", {}):
        tool["setuptools"] = _table(setuptools_table.setuptools(project.declared))
    uv = _table(_uv(project, known))
    for one in known:
        entry = tomlkit.table()
        entry["name"], entry["url"] = one.name, one.url
        if one.default:
            entry["default"] = True
        uv.setdefault("index", tomlkit.aot()).append(entry)
    sources = {line.name: line for group in project.groups.values() for line in group.lines if line.local is not None}
    if sources:
        uv["sources"] = _table(
            {_bare(line): _source(line.local) for line in sources.values() if line.local is not None}
        )
    if uv:
        tool["uv"] = uv
    if tool:
        made["tool"] = tool
    return tomlkit.dumps(made)


def _bare(line: Line) -> str:
    match = re.match(r"[\w.-]+", line.text)
    return match[0] if match is not None else line.name


def _source(local: Local) -> Any:
    return _inline({"path": local.path} | ({"editable": True} if local.editable else {}))


def _uv(project: Project, known: list[Named]) -> dict[str, Any]:
    options = project.options
    found: dict[str, Any] = {}
    if not project.own and "build-system" not in project.tables:
        found["package"] = False
    if any(not one.default for one in known):
        found["index-strategy"] = "unsafe-best-match"
    if options.pre:
        found["prerelease"] = "allow"
    if options.no_index:
        found["no-index"] = True
    if options.links:
        found["find-links"] = options.links
    for given, every, some in (
        (options.no_binary, "no-binary", "no-binary-package"),
        (options.only_binary, "no-build", "no-build-package"),
    ):
        if ":all:" in given:
            found[every] = True
        elif given:
            found[some] = [normalised(one.strip()) for one in given if one.strip() != ":none:"]
    if options.insecure:
        found["allow-insecure-host"] = options.insecure
    if project.constraints:
        found["constraint-dependencies"] = [line.text for line in project.constraints if named(line.text)]
    return found


def _table(values: Mapping[str, Any]) -> Any:
    import tomlkit  # noqa: PLC0415

    made = tomlkit.table()
    for key, value in values.items():
        made[key] = _table(value) if type(value) is dict else _array(value)
    return made
