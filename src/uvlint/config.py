"""Settings, and the file they come from.

The closest `uvlint.toml`, or `pyproject.toml` with a `[tool.uvlint]` table, above each linted file is its configuration
(`uvlint.toml` wins within one folder); files are not merged. Keys are the fields of `Settings` in kebab-case.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Protocol

from uvlint import filesystem
from uvlint.patterns import Patterns
from uvlint.record import field, record, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

UV_VERSION = "0.13.8"
"""The release of uv that fixes copy into an image when the user names none."""

UV_IMAGE = "ghcr.io/astral-sh/uv"

FORMATS = ("full", "concise", "json")

OPT_IN: tuple[str, ...] = ("uncached-apt", "uncompiled-standard-library", "unpinned-requirement")
"""Rules, by name, that only their own name or code selects: `ALL` and prefixes don't."""

EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".hg",
    ".jj",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    "__pypackages__",
    "buck-out",
    "node_modules",
    "site-packages",
    "venv",
)


class ConfigError(Exception):
    """Settings that can't be used; the message names file, line, what is wrong and what is allowed."""


class RuleLike(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def code(self) -> str: ...


@record(eq=True)
class Settings:
    """What holds for the files below `root`.

    A selector is a rule's name, its code, the beginning of a code (`UVL2`) or `ALL`. The closer a selector names a rule
    the more it weighs, and of two that weigh the same `ignore` wins: `ignore = ["UVL2"]` with `select = ["ALL",
    "uncached-uv"]` leaves `uncached-uv` on. `per_file_ignores` always win.
    """

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    per_file_ignores: dict[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: tuple[str, ...] = EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    force_exclude: bool = False
    fix: bool = False
    unsafe_fixes: bool = False
    show_fixes: bool = False
    output_format: str = "full"
    uv_image: str = UV_IMAGE
    uv_version: str = UV_VERSION
    cache_mounts: bool = True
    bind_mounts: bool = True
    # Not keys: where they come from, what is off unless named, and what was worked out once.
    root: str = ""
    path: str | None = None
    default_ignore: tuple[str, ...] = OPT_IN
    _names: frozenset[str] | None = field(default=None, init=False)
    _excluded: Patterns | None = field(default=None, init=False)

    @property
    def excluded(self) -> Patterns:
        """`exclude` and `extend-exclude`, ready to match absolute paths."""
        if self._excluded is None:
            self._excluded = Patterns(self.exclude + self.extend_exclude, self.root or os.getcwd(), anywhere=True)
        return self._excluded


def _strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_NOT_KEYS = {"root", "path", "default_ignore", "_names", "_excluded"}
KEYS = {name.replace("_", "-"): name for name in Settings.__annotations__ if name not in _NOT_KEYS}
_TAG = r"(?a)\w[\w.-]{0,127}(@sha256:[0-9a-f]{64})?"
_IMAGE = r"(?a)[\w.-]+(:\d+)?(/[\w.-]+)*"
_CHOICES: dict[str, tuple[Callable[[Any], object], str]] = {
    "output-format": (lambda value: value in FORMATS, "one of " + ", ".join(FORMATS)),
    "uv-version": (
        lambda value: re.fullmatch(_TAG, value),
        "a tag of uv's image such as 0.13.8, with a digest after it if you like",
    ),
    "uv-image": (lambda value: re.fullmatch(_IMAGE, value), f"an image without its tag, such as {UV_IMAGE}"),
}
_KINDS: dict[type, tuple[Callable[[Any], object], str]] = {
    bool: (lambda value: isinstance(value, bool), "true or false"),
    str: (lambda value: isinstance(value, str), "a string"),
    tuple: (_strings, 'a list of strings, such as ["pip-install"]'),
    dict: (
        lambda value: isinstance(value, dict) and all(map(_strings, value.values())),
        'a table of lists, such as {"docs/**" = ["pip-install"]}',
    ),
}


# Selection ------------------------------------------------------------------------------------------------------------


def chosen(settings: Settings, rules: Mapping[str, RuleLike], path: str | None = None) -> frozenset[str]:
    """The names of the rules that the settings turn on, for the file at `path` if given."""
    if settings._names is None:  # noqa: SLF001
        select = settings.select + settings.extend_select
        settings._names = frozenset(  # noqa: SLF001
            name for name, rule in rules.items() if _weight(rule, select) > _refusal(rule, settings)
        )
    names = settings._names  # noqa: SLF001
    if path is not None and settings.per_file_ignores:
        for pattern, selectors in settings.per_file_ignores.items():
            if pattern == "*" or Patterns([pattern], settings.root or os.getcwd()).covers(os.path.abspath(path)):
                names = frozenset(name for name in names if _weight(rules[name], selectors) < 0)
    return names


def _refusal(rule: RuleLike, settings: Settings) -> int:
    """How strongly a rule is turned off: at least as an opt-in rule, at most as one that is ignored by name."""
    weight = _weight(rule, settings.ignore)
    return max(weight, 98) if rule.name in settings.default_ignore else weight


def _weight(rule: RuleLike, selectors: Iterable[str]) -> int:
    """How closely the selectors name the rule: -1 not at all, 0 by `ALL`, n by n characters of its code, 99 by itself."""
    best = -1
    for selector in selectors:
        if selector in (rule.name, rule.code):
            return 99
        if selector == "ALL":
            best = max(best, 0)
        elif len(selector) >= 3 and rule.code.startswith(selector):
            best = max(best, len(selector))
    return best


def verify(settings: Settings, rules: Mapping[str, RuleLike], where: Mapping[str, str] | None = None) -> None:
    """Refuse selectors that name no rule.

    `where` tells for a key what it was set by, if not by the file (`{"select": "--select"}`).
    Raises: ConfigError.
    """
    named = {key: getattr(settings, KEYS[key]) for key in ("select", "extend-select", "ignore")}
    named["per-file-ignores"] = [item for items in settings.per_file_ignores.values() for item in items]
    for key, selectors in named.items():
        for selector in selectors:
            if not any(_weight(rule, (selector,)) >= 0 for rule in rules.values()) and selector != "ALL":
                place = (where or {}).get(key) or f"{_place(settings.path, key, selector)}: {key}"
                words = [*rules, *(rule.code for rule in rules.values())]
                raise ConfigError(
                    f"{place}: there is no rule `{selector}`{suggestion(selector, words)}"
                    "; `uvlint rule --all` shows the rules"
                )


def suggestion(word: str, words: Iterable[str]) -> str:
    """`, did you mean …?` where one of the words is near, else nothing."""
    from difflib import get_close_matches  # noqa: PLC0415

    close = get_close_matches(word, list(words), 1)
    return f", did you mean `{close[0]}`?" if close else ""


# Files ----------------------------------------------------------------------------------------------------------------


def load(path: str) -> Settings | None:
    """The settings of one file; None for a pyproject.toml (any file of that name) without `[tool.uvlint]`.

    Raises: ConfigError, also when the file can't be read.
    """
    try:
        data = filesystem.read(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    project = os.path.basename(path) == "pyproject.toml"
    if project and b"uvlint" not in data:
        return None
    import tomllib  # noqa: PLC0415

    try:
        tables: Any = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        if project and not re.search(rb"(?m)^\s*\[\s*tool\s*\.\s*uvlint\b|\buvlint\s*[.=]", data):
            return None
        raise ConfigError(f"{path}: this is not TOML: {error or 'nested too deeply'}") from None
    if project:
        tools = tables.get("tool")
        if not isinstance(tools, dict) or "uvlint" not in tools:
            return None
        tables = tools["uvlint"]
        if not isinstance(tables, dict):
            raise ConfigError(f"{path}: tool.uvlint must be a table")
    return read(tables, path)


def read(table: Mapping[str, Any], path: str) -> Settings:
    """The settings that a table of a file spells out. Raises: ConfigError."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = KEYS.get(key)
        if name is None:
            raise ConfigError(
                f"{_place(path, key)}: unknown key `{key}`{suggestion(key, KEYS)}; the keys are {', '.join(KEYS)}"
            )
        default = getattr(_DEFAULTS, name)
        for fits, expected in filter(None, (_KINDS[type(default)], _CHOICES.get(key))):
            if not fits(value):
                raise ConfigError(f"{_place(path, key)}: {key} must be {expected}")
        values[name] = _frozen(value)
    return Settings(**values, path=path, root=os.path.dirname(os.path.abspath(path)))


_DEFAULTS = Settings()


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return {key: tuple(items) for key, items in value.items()} if isinstance(value, dict) else value


def _place(path: str | None, key: str, value: str = "") -> str:
    """`file:line` of a key (and a string in its value), as near as its text is found; `file` otherwise."""
    if path is None:
        return "settings"
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
    header = re.compile(r"\s*\[\s*tool\s*\.\s*uvlint\b|\s*\[\s*tool\s*\]|\s*tool\s*\.")
    start = next((number for number, line in enumerate(lines) if header.match(line)), 0)
    quoted = re.compile(rf"(^|[\s.\[{{,'\"]){re.escape(key)}['\"]?\s*[=.\]]")
    for number in range(start, len(lines)):
        if quoted.search(lines[number]):
            at = next(
                (
                    n
                    for n in range(number, len(lines))
                    if value and re.search(rf"['\"]{re.escape(value)}['\"]", lines[n])
                ),
                number,
            )
            return f"{path}:{at + 1}"
    return path


class Finder:
    """The settings of each folder, read once.

    `finish` is applied once to the settings of each file (the command line's part). With `fixed` no file is looked for.
    """

    __slots__ = ("finish", "fixed", "folders", "plain")

    def __init__(
        self, finish: Callable[[Settings], Settings] = lambda settings: settings, fixed: Settings | None = None
    ) -> None:
        self.finish = finish
        self.fixed = finish(fixed) if fixed is not None else None
        self.plain: Settings | None = None
        self.folders: dict[str, Settings] = {}

    def __call__(self, folder: str) -> Settings:
        """The settings for files in a folder (an absolute path). Raises: ConfigError."""
        if self.fixed is not None:
            return self.fixed
        passed = []
        settings = None
        while settings is None:
            settings = self.folders.get(folder)
            if settings is None:
                passed.append(folder)
                settings = self._own(folder)
                above = os.path.dirname(folder)
                if settings is None and above == folder:
                    settings = self._none()
                folder = above
        for folder in passed:
            self.folders[folder] = settings
        return settings

    def _own(self, folder: str) -> Settings | None:
        for name in ("uvlint.toml", "pyproject.toml"):
            path = os.path.join(folder, name)
            if filesystem.is_file(path):
                settings = load(path)
                if settings is not None:
                    return self.finish(settings)
        return None

    def _none(self) -> Settings:
        if self.plain is None:
            self.plain = self.finish(Settings(root=os.getcwd()))
        return self.plain


def override(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """Settings after what the command line gives; a None was not given.

    `select` starts over (the file's `ignore` and `extend-select` go with its `select`); `ignore` without `select`
    beats whatever the file selects; other lists add up where their name says so and replace where not.
    """
    values = {name: value for name, value in given.items() if value is not None}
    if "select" in values:
        values = {"ignore": (), "extend_select": (), **values}
    else:
        if "ignore" in values:
            ignored = values.pop("ignore")
            values["per_file_ignores"] = {
                **settings.per_file_ignores,
                "*": settings.per_file_ignores.get("*", ()) + ignored,
            }
        if "extend_select" in values:
            values["extend_select"] = settings.extend_select + values["extend_select"]
    if "extend_exclude" in values:
        values["extend_exclude"] = settings.extend_exclude + values["extend_exclude"]
    return replace(settings, **values)
