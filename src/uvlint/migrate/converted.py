"""Poetry and Pipenv projects: migrate-to-uv writes their pyproject.toml, and what it leaves open is settled here."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from uvlint import config
from uvlint.migrate import finding, indexes, lines, tools
from uvlint.migrate.project import Declined
from uvlint.migrate.pyproject import Named, name_of, parted, variables
from uvlint.migrate.texts import text_of
from uvlint.tools.requirements import normalised

if TYPE_CHECKING:
    from uvlint.migrate.project import Project


def write(project: Project, folder: str, more: list[lines.Line]) -> tuple[str, list[Named]]:
    """The text of the new pyproject.toml, made in a copy of the project, and its indexes; `more` is asked for, too.

    Raises: Declined, Missing.
    """
    import tomlkit  # noqa: PLC0415 - only where a project is moved

    _prepare(project, folder)
    program = tools.find("migrate-to-uv")
    tools.run(
        [
            program,
            "--skip-lock",
            "--package-manager",
            project.kind,
            "--dependency-groups-strategy",
            "include-in-dev",
            ".",
        ],
        folder,
    )
    made: Any = tomlkit.parse(text_of(folder, "pyproject.toml") or "")
    table = made["project"]
    if not table.get("name"):
        table["name"] = name_of(project)
    uv = made.setdefault("tool", tomlkit.table()).setdefault("uv", tomlkit.table())
    _package(project, made, uv)
    _defaults(project, made, uv)
    known = _indexes(uv, _first_source(project))
    if project.kind == "pipenv":
        _pipfile(project, made)
    for line in more:
        table["dependencies"].add_line(line.text)
    if project.python or "requires-python" not in table:
        table["requires-python"] = project.python or f">={finding.oldest(project)}"
    _locked_today(project)
    if not uv:
        del made["tool"]["uv"]
    text = re.sub(r"(?<=[^\n])\n(?=\[(?:build-system|tool\.uv[^\]]*)\]\n)", "\n\n", tomlkit.dumps(made))
    return text.strip("\n") + "\n", known


def _prepare(project: Project, folder: str) -> None:
    """Mends, in the copy, what the converter would misread."""
    import tomlkit  # noqa: PLC0415

    table = project.tables.get("project", {})
    if project.kind == "poetry" and table.get("dependencies") == []:
        # Poetry takes an empty list for none, and reads its own table; the converter keeps the empty list.
        made: Any = tomlkit.parse(project.pyproject or "")
        del made["project"]["dependencies"]
        with open(os.path.join(folder, "pyproject.toml"), "w", encoding="utf-8", newline="") as file:
            file.write(tomlkit.dumps(made))


def _package(project: Project, made: Any, uv: Any) -> None:
    """Keeps the package mode: a project without code of its own to build is not built."""
    poetry = project.tables.get("tool", {}).get("poetry", {})
    module = re.sub(r"[-.]+", "_", str(made["project"]["name"])).lower()
    found = [root for root in ("", "src") if os.path.isdir(os.path.join(project.root, root, module))]
    package = project.kind == "poetry" and poetry.get("package-mode", True) is not False
    if not package or not (found or poetry.get("packages")):
        uv["package"] = False
        made.pop("build-system", None)
        uv.pop("build-backend", None)
        return
    uv.pop("package", None)
    backend = made.get("build-system", {})
    if backend.get("build-backend") != "uv_build":
        return
    backend["requires"] = [_lowered(str(one)) for one in backend["requires"]]
    if not poetry.get("packages"):  # Poetry looks for it by itself, and takes a folder without __init__.py
        import tomlkit  # noqa: PLC0415

        settings = uv.get("build-backend", tomlkit.table())
        if "src" not in found:
            settings["module-root"] = ""
        if not os.path.exists(os.path.join(project.root, found[-1], module, "__init__.py")):
            settings["namespace"] = True
        if settings:
            uv["build-backend"] = settings


def _lowered(requirement: str) -> str:
    """A requirement of uv's build backend that the uv of the images meets, too, if it is older than the one that is here."""
    match = re.fullmatch(r"uv_build>=(?P<version>[\d.]+)(?P<rest>.*)", requirement)
    if match is None:
        return requirement
    lowest = min(match["version"], config.UV_VERSION, key=lambda one: [int(part) for part in one.split(".") if part])
    return f"uv_build>={lowest}{match['rest']}"


def check(uv: str, folder: str, text: str) -> None:
    """Builds the project, in its copy, where uv's own backend is to do it. Raises: Declined, where it can't."""
    if '"uv_build' in text:
        tools.run([uv, "build", "--wheel", "--out-dir", os.path.join(folder, ".uvlint-built")], folder)


def _defaults(project: Project, made: Any, uv: Any) -> None:
    """Groups that were optional are not installed unless they are asked for: `dev` is, in uv, if nothing else is said."""
    groups = project.tables.get("tool", {}).get("poetry", {}).get("group", {})
    dev = groups.get("dev", {}) if isinstance(groups, dict) else {}
    if dev.get("optional") and "dev" in made.get("dependency-groups", {}):
        uv["default-groups"] = []


def _first_source(project: Project) -> str:
    """The URL of the index that Pipenv takes all packages from that name no other, "" for none.

    The converter makes each index explicit, so that these packages would come from uv's own default instead.
    """
    if project.kind != "pipenv":
        return ""
    sources = _read_pipfile(project).get("source", [])
    first = sources[0] if isinstance(sources, list) and sources else {}
    return parted(str(first.get("url", "")))[0] if isinstance(first, dict) else ""


def _indexes(uv: Any, first: str) -> list[Named]:
    """The indexes, their credentials taken out of what is written; `first` is the URL of the default one, "" for none."""
    import tomlkit  # noqa: PLC0415

    found: list[Named] = []
    kept = tomlkit.aot()
    sources = [each for one in uv.get("sources", {}).values() for each in (one if isinstance(one, list) else [one])]
    wanted = {str(one["index"]) for one in sources if "index" in one}
    for one in uv.get("index", []):
        url, secrets = parted(str(one["url"]))
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(one.get("name", "index")))
        for each in sources:
            if each.get("index") == one.get("name"):
                each["index"] = name
        if not indexes.DEFAULT.match(url) or str(one.get("name")) in wanted:
            one["name"], one["url"] = name, url
            if url == first and not indexes.DEFAULT.match(url):
                one.pop("explicit", None)
                one["default"] = True
            kept.append(one)
        found.append(Named(name, url, variables(name, secrets), default=bool(one.get("default"))))
    if "index" in uv:
        del uv["index"]
        if len(kept):
            uv["index"] = kept
    return found


def _read_pipfile(project: Project) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415

    try:
        return tomllib.loads(text_of(project.root, "Pipfile") or "")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Declined(f"Pipfile: {error}") from None


def _pipfile(project: Project, made: Any) -> None:
    """Declines what the converter has left out of a Pipfile."""
    said = _read_pipfile(project)
    groups = made.get("dependency-groups", {})
    written = {"packages": made["project"].get("dependencies", [])}
    for key, listed in said.items():
        if key in {"source", "requires", "scripts", "pipenv", "pipenv_version"} or not isinstance(listed, dict):
            continue
        name = "dev" if key == "dev-packages" else key
        known = {lines.named(str(one)) for one in written.get(name, groups.get(name, []))}
        lost = [one for one in listed if normalised(one) not in known]
        if lost:
            raise Declined(
                f"Pipfile: `{lost[0]}` of [{key}] can't be moved; write it as a requirement that has a name and a version"
            )


def _locked_today(project: Project) -> None:
    """Notes the versions of poetry.lock or Pipfile.lock."""
    for name, several in (_poetry_lock if project.kind == "poetry" else _pipfile_lock)(project.root).items():
        project.pins[name] = several


def _poetry_lock(root: str) -> dict[str, list[str]]:
    import tomllib  # noqa: PLC0415

    try:
        packages = tomllib.loads(text_of(root, "poetry.lock") or "").get("package", [])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Declined(f"poetry.lock: {error}") from None
    found: dict[str, list[tuple[str, Any]]] = {}
    for one in packages:
        if one.get("source", {}).get("type", "legacy") == "legacy":
            found.setdefault(normalised(one["name"]), []).append((one["version"], one.get("markers")))
    pins: dict[str, list[str]] = {}
    for name, several in found.items():
        if len(several) == 1:
            pins[name] = [f"{name}=={several[0][0]}"]
        elif all(isinstance(marker, str) for _, marker in several):  # which only newer lock files tell
            pins[name] = [f"{name}=={version} ; {marker}" for version, marker in several]
    return pins


def _pipfile_lock(root: str) -> dict[str, list[str]]:
    text = text_of(root, "Pipfile.lock")
    if text is None:
        return {}
    try:
        said = json.loads(text)
    except ValueError as error:
        raise Declined(f"Pipfile.lock: {error}") from None
    if not isinstance(said, dict) or not all(isinstance(one, dict) for one in said.values()):
        raise Declined("Pipfile.lock: each of its entries has to be a table")
    found: dict[str, list[str]] = {}
    for key, listed in said.items():
        if key == "_meta":
            continue
        for name, one in listed.items():
            version = one.get("version", "") if isinstance(one, dict) else ""
            if isinstance(version, str) and version.startswith("=="):
                pin = f"{normalised(name)}{version}"
                known = found.setdefault(normalised(name), [])
                known += [pin] if pin not in known else []
    return {name: several for name, several in found.items() if len(several) == 1}
