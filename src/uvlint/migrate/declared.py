"""What setup.py and setup.cfg declare, in the names that `setup()` has for it, and what of them pyproject.toml can't say.

setup.py is read by `static`, never executed.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from uvlint.migrate.texts import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uvlint.migrate.static import Evaluator

ESSENTIAL = ("name", "version", "install_requires", "extras_require", "python_requires", "entry_points")
"""What has to be known: the rest may stay where it is."""

MOVED = (*ESSENTIAL, "description", "long_description", "long_description_content_type", "author",
         "author_email", "maintainer", "maintainer_email", "url", "download_url", "project_urls", "license",
         "license_files", "keywords", "classifiers", "packages", "package_dir", "package_data", "exclude_package_data",
         "include_package_data", "py_modules", "zip_safe", "tests_require", "setup_requires", "platforms", "test_suite")  # fmt: skip
_OF_TABLES = ("extras_require", "entry_points", "project_urls", "package_dir", "package_data", "exclude_package_data")
_OF_LISTS = ("install_requires", "setup_requires", "tests_require", "py_modules", "packages", "license_files", "classifiers",
             "platforms", "keywords")  # fmt: skip
_CFG_LISTS = ("install_requires", "setup_requires", "tests_require", "py_modules", "packages", "license_files",
              "classifiers", "platforms")  # fmt: skip
_CFG_SECTIONS = re.compile(r"(?:metadata|options(?:\..*)?)\Z")
_SECTION = re.compile(r"^\[(?P<name>[^\]]+)\][^\n]*\n", re.MULTILINE)


@dataclass(slots=True)
class Declared:
    """What was read. `problem`: why it can't be moved, in words, "" for nothing.

    `values` are what is known and can be moved; `left` is what each file becomes that is still needed, None for one that
    is not. `reads`: files that building the project reads. `version`: where the version comes from: "" for a literal, a
    file's path, or `attr:` and a dotted name.
    """

    values: dict[str, Any] = field(default_factory=dict)
    left: dict[str, str | None] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    version: str = ""
    problem: str = ""


def read(root: str) -> Declared | None:
    """What a project's setup.py and setup.cfg declare; None where neither declares anything."""
    found = Declared()
    text = text_of(root, "setup.cfg")
    if text is not None:
        _configuration(root, text, found)
    text = text_of(root, "setup.py")
    if text is not None:
        _script(root, text, found)
    if not found.values and not found.problem and text is None:
        return None
    found.reads = [*dict.fromkeys(found.reads)]
    return found


# setup.py -----------------------------------------------------------------------------------------------------------------


def _script(root: str, text: str, found: Declared) -> None:
    import libcst as cst  # noqa: PLC0415 - the dearest import of all

    if "\N{REPLACEMENT CHARACTER}" in text:
        found.problem = "setup.py: it is not UTF-8; save it as UTF-8, then migrate"
        return
    from uvlint.migrate.static import Evaluator  # noqa: PLC0415

    try:
        said = Evaluator(root, cst.parse_module(text))
    except (cst.ParserSyntaxError, RecursionError):
        found.problem = "setup.py: it can't be read as Python 3"
        return
    if len(said.setups) != 1:
        found.problem = f"setup.py: it calls setup() {len(said.setups)} times, where one call is needed to read it"
        return
    values = said.setups[0][1]
    unknown = [name for name in values if not certain(values[name])]
    computed = [name for name in unknown if name in ESSENTIAL or name == "**"]
    if computed:
        names = " and ".join(f"`{name}`" if name != "**" else "some of its arguments" for name in computed)
        found.problem = f"setup.py: {names} can't be told without running it; write it as a literal, then migrate"
        return
    values = {name: value for name, value in values.items() if value is not None}
    odd = [
        name for name, value in values.items() if name in MOVED and name not in unknown and not _is_shaped(name, value)
    ]
    if odd:
        found.problem = f"setup.py: `{odd[0]}` is not of the kind that setuptools takes"
        return
    kept = [name for name in values if name in unknown or name not in MOVED]
    found.values.update({name: value for name, value in values.items() if name not in kept})
    _version(root, said, values, found)
    _readme(root, found)
    found.left["setup.py"] = _without(said, [one for one in values if one not in kept]) if kept else None


def _is_shaped(name: str, value: Any) -> bool:
    """Whether a known value is of a kind that its argument may have."""
    if name in _OF_TABLES:
        shaped = isinstance(value, dict) and all(isinstance(one, str) or _are_texts(one) for one in value.values())
        return shaped or (name == "entry_points" and isinstance(value, str))
    if name in {"include_package_data", "zip_safe"}:
        return isinstance(value, bool)
    if name == "packages" and isinstance(value, tuple):  # what find_packages() finds
        return True
    if name in _OF_LISTS:
        return isinstance(value, str) or _are_texts(value)
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def certain(value: Any) -> bool:
    """Whether all of a value is known."""
    from uvlint.migrate.values import UNKNOWN  # noqa: PLC0415

    if isinstance(value, dict):
        return all(certain(one) for one in value.values())
    if isinstance(value, list | tuple):
        return all(certain(one) for one in value)
    return value is not UNKNOWN


def _version(root: str, said: Evaluator, values: dict[str, Any], found: Declared) -> None:
    """Notes where the version comes from, where that is not setup.py."""
    version = values.get("version")
    if not isinstance(version, str):
        return
    for path in said.see.files:
        text = text_of(root, path) or ""
        if text.strip() == version:
            found.version = path
        elif path.endswith(".py") and re.search(
            rf"^__version__\s*(?::[^=\n]*)?=\s*['\"]{re.escape(version)}['\"]", text, re.MULTILINE
        ):
            module = re.sub(r"/__init__\.py\Z|\.py\Z", "", path).replace("/", ".")
            for base in _package_roots(values):
                module = module.removeprefix(f"{base}.") if base else module
            found.version = f"attr:{module}.__version__"
        else:
            continue
        found.reads.append(path)
        return


def _package_roots(values: dict[str, Any]) -> Iterable[str]:
    folders = values.get("package_dir")
    return (
        [folders[""].strip("/").replace("/", ".")]
        if isinstance(folders, dict) and isinstance(folders.get(""), str)
        else []
    )


def _readme(root: str, found: Declared) -> None:
    """Puts the name of the file in the place of a long description that is a file's text."""
    text = found.values.pop("long_description", None)
    kind = found.values.pop("long_description_content_type", None)
    if not isinstance(text, str) or not text.strip():
        return
    for name in ("README.md", "README.rst", "README.txt", "README"):
        if (text_of(root, name) or "\0").strip() == text.strip():
            found.values["readme"] = name
            found.reads.append(name)
            return
    found.values["readme"] = {"text": text, "content-type": kind or "text/plain"}


def _without(said: Evaluator, moved: list[str]) -> str:
    """setup.py without the arguments that pyproject.toml has now."""
    import libcst as cst  # noqa: PLC0415

    node = said.setups[0][0]

    class Remover(cst.CSTTransformer):
        def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:  # noqa: N802 - libcst's name
            if original_node is not node:
                return updated_node
            kept = [one for one in updated_node.args if one.keyword is None or one.keyword.value not in moved]
            return updated_node.with_changes(args=kept)

    return said.tree.visit(Remover()).code


# setup.cfg ----------------------------------------------------------------------------------------------------------------


def _configuration(root: str, text: str, found: Declared) -> None:
    import configparser  # noqa: PLC0415 - only where there is a setup.cfg

    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        found.problem = f"setup.cfg: {str(error).splitlines()[0]}"
        return
    sections = [name for name in parser.sections() if _CFG_SECTIONS.match(name)]
    if not sections:
        return
    values = found.values
    for name in ("metadata", "options"):
        for key, value in parser[name].items() if name in parser else ():
            _setting(root, key.replace("-", "_"), value.strip(), found)
    for section in sections:
        known = {key: _listed(value) for key, value in parser[section].items()}
        kind = section.partition(".")[2]
        if kind in {"extras_require", "entry_points", "package_data", "exclude_package_data"}:
            values[kind] = {("" if key == "*" and kind.endswith("data") else key): one for key, one in known.items()}
        elif kind == "packages.find" and values.get("packages") in (["find:"], ["find_namespace:"]):
            options = {"where": known["where"][0]} if known.get("where") else {}
            options |= {key: known[key] for key in ("include", "exclude") if known.get(key)}  # type: ignore[misc]
            values["find"] = options
        elif kind:
            found.problem = found.problem or f"setup.cfg: [{section}] can't be moved"
    if values.get("packages") in (["find:"], ["find_namespace:"]):
        name = "find_packages" if values["packages"] == ["find:"] else "find_namespace_packages"
        values["packages"] = (name, values.pop("find", {}))
    found.left["setup.cfg"] = _stripped(text)


def _setting(root: str, key: str, value: str, found: Declared) -> None:
    values = found.values
    key = {"summary": "description", "home_page": "url", "license_file": "license_files"}.get(key, key)
    if value.startswith("file:"):
        path = posixpath.normpath(value.removeprefix("file:").split(",")[0].strip())
        if key == "version":
            values[key], found.version = "", path
        elif key == "long_description":
            values["readme"] = path
        elif key in _CFG_LISTS:
            values[key] = [one for one in (text_of(root, path) or "").splitlines() if one and not one.startswith("#")]
        found.reads.append(path)
    elif value.startswith("attr:"):
        values[key], found.version = "", f"attr:{value.removeprefix('attr:').strip()}"
    elif key in _CFG_LISTS:
        values[key] = _listed(value)
    elif key in {"project_urls", "package_dir"}:
        pairs = (one.partition("=") for one in _listed(value))
        values[key] = {name.strip(): target.strip() for name, _, target in pairs}
    elif key in {"include_package_data", "zip_safe"}:
        values[key] = value.lower() in {"1", "true", "yes", "on"}
    elif key == "keywords":
        values[key] = [one.strip() for one in re.split(r"[,\n]", value) if one.strip()]
    elif key in MOVED:
        values[key] = value
    elif key not in {"long_description_content_type", "obsoletes", "provides"}:
        found.problem = found.problem or f"setup.cfg: `{key}` can't be moved"


def _listed(value: str) -> list[str]:
    lines = value.splitlines() if "\n" in value else [value]
    return [one.strip() for one in lines if one.strip() and not one.strip().startswith("#")]


def _stripped(text: str) -> str | None:
    """setup.cfg without what pyproject.toml says now; None where nothing but comments is left."""
    places = [(match.start(), match["name"].strip()) for match in _SECTION.finditer(text)]
    kept = text[: places[0][0]] if places else text
    for index, (start, name) in enumerate(places):
        end = places[index + 1][0] if index + 1 < len(places) else len(text)
        if not _CFG_SECTIONS.match(name):
            kept += text[start:end]
    bare = [one for one in kept.splitlines() if one.strip() and not one.lstrip().startswith(("#", ";"))]
    return kept if bare else None
