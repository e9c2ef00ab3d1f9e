"""What `setup()` is told, as the tables of a pyproject.toml that setuptools reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from uvlint.migrate.lines import named

if TYPE_CHECKING:
    from uvlint.migrate.declared import Declared

_SPDX = {
    "MIT": "MIT", "MIT License": "MIT", "Apache-2.0": "Apache-2.0", "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0", "BSD-3-Clause": "BSD-3-Clause",
    "BSD-2-Clause": "BSD-2-Clause", "GPL-3.0": "GPL-3.0-only", "GPLv3": "GPL-3.0-only", "LGPL-3.0": "LGPL-3.0-only",
    "AGPL-3.0": "AGPL-3.0-only", "MPL-2.0": "MPL-2.0", "ISC": "ISC", "Unlicense": "Unlicense",
}  # fmt: skip
"""Licences as setup.py files call them, and their names in SPDX, which is all that pyproject.toml takes."""

_TABLES = {"package_data": "package-data", "exclude_package_data": "exclude-package-data", "package_dir": "package-dir"}


def project(declared: Declared) -> dict[str, Any]:
    """The [project] table, less its `requires-python`."""
    values = declared.values
    found: dict[str, Any] = {"name": str(values.get("name") or "")}
    if declared.version:
        found["dynamic"] = ["version"]
    else:
        found["version"] = str(values.get("version") or "0.0.0")
    for key in ("description", "readme"):
        if values.get(key):
            found[key] = " ".join(values[key].split()) if key == "description" else values[key]
    for key in ("author", "maintainer"):
        people = _people(values.get(key), values.get(f"{key}_email"))
        if people:
            found[f"{key}s"] = people
    license_ = _SPDX.get(str(values.get("license") or "").strip())
    classifiers = _several(values.get("classifiers"))
    if license_ is not None:
        found["license"] = license_
        classifiers = [one for one in classifiers if not one.startswith("License ::")]
    keywords = values.get("keywords")
    found["keywords"] = re.split(r"[,\s]+", keywords.strip()) if isinstance(keywords, str) else _several(keywords)
    found["classifiers"] = classifiers
    urls = dict(values.get("project_urls") or {})
    for key, name in (("url", "Homepage"), ("download_url", "Download")):
        if values.get(key):
            urls.setdefault(name, values[key])
    found["urls"] = urls
    dependencies = requirements(values.get("install_requires"))
    extras: dict[str, list[str]] = {}
    for key, several in (values.get("extras_require") or {}).items():
        extra, colon, marker = key.partition(":")
        listed = [_marked(one, marker) if colon else one for one in requirements(several)]
        if extra:
            extras.setdefault(extra, []).extend(listed)
        else:
            dependencies += listed
    found["dependencies"] = dependencies
    found["optional-dependencies"] = extras
    found |= _entry_points(values.get("entry_points"))
    return {key: value for key, value in found.items() if value or key in {"name", "dependencies"}}


def requirements(value: Any) -> list[str]:
    """Requirements as setuptools takes them: a list, or a text of lines; comments and blank lines are none."""
    listed = value.splitlines() if isinstance(value, str) else list(value or [])
    bare = (re.sub(r"(?:^|\s+)#.*", "", str(one)).strip() for one in listed)
    return [re.sub(r"\s*;\s*", " ; ", one) for one in bare if one and named(one)]


def _marked(requirement: str, marker: str) -> str:
    bare, _, own = (part.strip() for part in requirement.partition(";"))
    return f"{bare} ; {f'({own}) and ({marker})' if own else marker}"


def _several(value: Any) -> list[str]:
    return value.splitlines() if isinstance(value, str) else [str(one) for one in value or ()]


def _people(names: Any, addresses: Any) -> list[dict[str, str]]:
    emails = [one.strip() for one in str(addresses or "").split(",") if "@" in one]
    first: dict[str, str] = {"name": str(names)} if names else {}
    if emails:
        first["email"] = emails[0]
    return [one for one in (first, *({"email": one} for one in emails[1:])) if one]


def _entry_points(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        sections: dict[str, list[str]] = {}
        section = ""
        for line in value.splitlines():
            bare = line.strip()
            if bare.startswith("["):
                section = bare.strip("[]").strip()
            elif bare and not bare.startswith("#"):
                sections.setdefault(section, []).append(bare)
        value = sections
    found: dict[str, Any] = {}
    for group, entries in (value or {}).items():
        known = dict(_entry(one) for one in _several(entries) if "=" in one)
        if group in {"console_scripts", "gui_scripts"}:
            found["scripts" if group == "console_scripts" else "gui-scripts"] = known
        elif known:
            found.setdefault("entry-points", {})[group] = known
    return found


def _entry(text: str) -> tuple[str, str]:
    name, _, target = text.partition("=")
    return name.strip(), target.strip()


def setuptools(declared: Declared) -> dict[str, Any]:
    """The [tool.setuptools] table."""
    values = declared.values
    found: dict[str, Any] = {}
    packages = values.get("packages")
    if isinstance(packages, tuple) and len(packages) == 2 and isinstance(packages[1], dict):
        options = {key: [one] if isinstance(one, str) else list(one) for key, one in packages[1].items()}
        found["packages"] = {"find": {**options, "namespaces": packages[0] == "find_namespace_packages"}}
    elif packages is not None:
        found["packages"] = list(packages)
    if values.get("py_modules") is not None:
        found["py-modules"] = list(values["py_modules"])
    for key, name in _TABLES.items():
        if values.get(key):
            data = {("*" if one == "" and key != "package_dir" else one): target for one, target in values[key].items()}
            found[name] = {
                one: [target] if isinstance(target, str) and key != "package_dir" else target
                for one, target in data.items()
            }
    found["include-package-data"] = bool(values.get("include_package_data"))
    if isinstance(values.get("zip_safe"), bool) and values["zip_safe"]:
        found["zip-safe"] = True
    if declared.version.startswith("attr:"):
        found["dynamic"] = {"version": {"attr": declared.version.removeprefix("attr:")}}
    elif declared.version:
        found["dynamic"] = {"version": {"file": declared.version}}
    return found


def build_system(declared: Declared) -> dict[str, Any]:
    """The [build-system] table."""
    more = [
        one for one in requirements(declared.values.get("setup_requires")) if named(one) not in {"setuptools", "wheel"}
    ]
    return {"requires": ["setuptools>=77", *more], "build-backend": "setuptools.build_meta"}
