"""What a build asks the package installers for: per stage, in order, each install and the environment it lands in.

pip and uv command lines read into the same Plan, so that a rewrite can be checked: two Dockerfiles with equal Plans ask
for the same requirements, from the same indexes, into the same environments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, environments, pipconf, variables
from uvlint.lazy import regex
from uvlint.record import field, record
from uvlint.tools import options, pip, uv

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.environments import Target
    from uvlint.model import Build, Stage
    from uvlint.tools.options import Given

OTHERS = frozenset(
    [
        "poetry",
        "pipenv",
        "conda",
        "mamba",
        "micromamba",
        "pdm",
        "pipx",
        "easy_install",
        "pip-sync",
        "apt-get",
        "apk",
        "dnf",
        "yum",
        "microdnf",
    ]
)
_HOW = frozenset(
    {
        "",
        "no-cache",
        "cache-dir",
        "link-mode",
        "offline",
        "compile",
        "no-compile",
        "no-downloads",
        "locked",
        "no-editable",
    }
)
_WITHOUT = frozenset({"no-install-project", "no-install-workspace", "no-install-local", "no-install-package"})
"""What makes a `uv sync` leave something for a later one."""

_UV_ITSELF = regex(r"uv(?:\[\S*\])?(?:\s*(?:[=<>~!]=?|@).*)?\Z")
_NAME = regex(r"[\"']?([\w.-]+)")
_LISTS = ("requirement", "constraint", "build-constraint", "override", "editable", "extra-index", "find-links", "group",
          "trusted-host", "no-binary", "only-binary", "config-setting")  # fmt: skip
_FLAGS = ("no-deps", "upgrade", "reinstall", "no-isolation", "no-index", "break-system", "user", "ignore-installed",
          "prefer-binary", "ignore-python", "dry-run")  # fmt: skip
_VALUES = ("target", "prefix", "root", "cert", "keyring", "exclude-newer", "python-version")
_NO_CACHE = frozenset({"--no-cache", "--no-cache-dir"})
_INDEX = frozenset({"--no-cache", "--update-cache", "--update", "-U"})
"""Words of a command line that change what is kept, not what is asked for."""
_UV_SETTINGS = {
    "UV_DEFAULT_INDEX": "index", "UV_INDEX_URL": "index", "UV_INDEX": "extra-index", "UV_EXTRA_INDEX_URL": "extra-index",
    "UV_FIND_LINKS": "find-links", "UV_CONSTRAINT": "constraint", "UV_BUILD_CONSTRAINT": "build-constraint",
    "UV_INSECURE_HOST": "trusted-host", "UV_BREAK_SYSTEM_PACKAGES": "break-system", "UV_REQUIRE_HASHES": "require-hashes",
    "UV_PRERELEASE": "prerelease", "UV_KEYRING_PROVIDER": "keyring", "UV_OVERRIDE": "override",
    "UV_NO_BUILD_ISOLATION": "no-isolation", "UV_EXCLUDE_NEWER": "exclude-newer",
}  # fmt: skip
_OVERRIDDEN_BY = {"UV_INDEX": "--index", "UV_EXTRA_INDEX_URL": "--extra-index-url"}
"""The option that takes the place of a variable, where another spelling of it adds to it."""


@record(eq=True)
class Install:
    """One command line that installs.

    `given` is None where its options can't be read; `why` then tells. `asks` is what the Plan compares, None where it is
    opaque.
    """

    call: Call
    tool: str
    given: list[Given] | None
    why: str = ""
    target: Target | None = None
    first: int = 0
    settings: dict[str, str | None] = field(default_factory=dict)

    @property
    def requirements(self) -> list[Given]:
        return [one for one in self.given or () if one.option is None]

    def all(self, meaning: str) -> list[Given]:
        return [one for one in self.given or () if one.meaning == meaning]

    def has(self, meaning: str) -> bool:
        return any(one.meaning == meaning for one in self.given or ())

    def value(self, meaning: str) -> str | None:
        """The last value given for an option, "" where it is not given, None where it isn't known."""
        found = self.all(meaning)
        return found[-1].value if found else ""

    @property
    def asks(self) -> tuple[object, ...]:
        """What is asked for, the same for pip and for uv; names of uv itself left out."""
        if self.given is None:
            return (self.tool, *self._words)
        if self.tool not in {"pip", "uv"}:
            options_ = sorted(
                (one.meaning, _shown(one)) for one in self.given if one.option is None or one.meaning not in _HOW
            )
            return (self.tool, tuple(options_))
        names = tuple(_shown(one) for one in self.requirements)
        said = self._said
        lists = {
            key: (*said.get(key, "").split(), *(_shown(one) for one in self.all(key))) for key in _LISTS
        }  # options add to what variables say
        single = {key: self.value(key) or said.get(key, "") for key in _VALUES}
        flags = tuple(key for key in _FLAGS if self.has(key) or uv.is_on(said.get(key)))
        return (
            self.target and (self.target.kind if self.target.kind not in {"venv", "prefix"} else "", self.target.where),
            tuple(name for name in names if not _UV_ITSELF.match(name)),
            tuple(lists.items()),
            tuple(single.items()),
            flags,
            self.value("index") or said.get("index", ""),
            self._prerelease,
            tuple(scope.kind for scope in self.call.command.scopes),
        )

    @property
    def _words(self) -> list[str]:
        """The arguments as written, less what changes only what is kept."""
        left_out = _INDEX if self.tool == "apk" else _NO_CACHE
        words = [word.text for word in self.call.words[self.call.rest :] if word.text not in left_out]
        if "--cache-dir" in words:
            at = words.index("--cache-dir")
            del words[at : at + 2]
        return words

    @property
    def _said(self) -> dict[str, str]:
        """The settings, with the variable's name for what only the build will know."""
        names = pip.SETTINGS if self.tool == "pip" else _UV_SETTINGS
        found: dict[str, str] = {}
        for meaning, value in self.settings.items():
            of = [name for name, one in names.items() if one == meaning]
            unknown = (variables.settled(self.call, name) or "" for name in of)
            found[meaning] = " ".join(filter(None, unknown)) if value is None else value
        if self.tool == "pip" and "constraint" in found:
            found.setdefault("build-constraint", found["constraint"])
        return found

    @property
    def _prerelease(self) -> str:
        if self.has("pre") or uv.is_on(self.settings.get("pre")):
            return "allow"
        for meaning, mode in (("all-releases", "allow"), ("only-final", "disallow")):
            if any(":all:" in (one.value or "").split(",") for one in self.all(meaning)):
                return mode
        return self.value("prerelease") or self.settings.get("prerelease") or ""

    @property
    def compiles(self) -> bool:
        """Whether the install leaves bytecode."""
        if self.has("no-compile"):
            return False
        if self.tool == "pip":
            return not any(pip.is_off(self.settings.get(one)) for one in ("no-compile", "compile"))
        return self.has("compile") or uv.is_on(self.call.variables.get("UV_COMPILE_BYTECODE"))

    @property
    def empty(self) -> bool:
        """Whether nothing but uv itself is asked for."""
        return (
            self.tool in {"pip", "uv", "uv tool"}
            and self.given is not None
            and not any(
                not _UV_ITSELF.match(_shown(one))
                for one in self.given
                if one.option is None or one.meaning in {"requirement", "editable", "group"}
            )
        )


def upgrades_pip(install: Install) -> bool:
    """Whether an install brings nothing but pip and what pip builds with (and uv, perhaps) up to date."""
    if install.tool not in {"pip", "uv"} or any(install.has(one) for one in ("requirement", "editable", "group")):
        return False
    names = {named(one) for one in install.requirements} - {"uv"}
    return bool(names) and names <= {"pip", "setuptools", "wheel"} and ("pip" in names or install.has("upgrade"))


def named(requirement: Given) -> str:
    """The distribution that a requirement names, "" where it is none."""
    match = _NAME.match(_shown(requirement))
    return match[1].lower() if match is not None else ""


def is_uv(requirement: str) -> bool:
    """Whether a requirement names uv itself."""
    return _UV_ITSELF.match(requirement) is not None


def _shown(one: Given) -> str:
    return one.raw if one.value is None else one.value


def installs(build: Build) -> list[Install]:
    """Every command line that installs, in the file's order, read once."""
    known = build.facts.get("installs")
    if known is None:
        found = (_install(call) for line in calls.all_calls(build).values() for call in line)
        known = build.facts["installs"] = [one for one in found if one is not None]
    return known  # type: ignore[return-value]


def in_stage(stage: Stage) -> list[Install]:
    """The installs of a stage itself, in order."""
    return _by_stage(stage.build)[stage.index]


def _by_stage(build: Build) -> list[list[Install]]:
    known = build.facts.get("installs by stage")
    if known is None:
        found: list[list[Install]] = [[] for _ in build.stages]
        for one in installs(build):
            found[one.call.step.stage.index].append(one)
        known = build.facts["installs by stage"] = found
    return known  # type: ignore[return-value]


def plan(build: Build) -> list[list[Install]]:
    """The Plan: each stage's installs, in order. Two Plans are the same when the installs' `asks` are."""
    return [
        [
            one
            for index, one in enumerate(stage)
            if not one.empty and not any(_completes(each, one) for each in stage[index:])
        ]
        for stage in _by_stage(build)
    ]


def _completes(later: Install, one: Install) -> bool:
    """Whether a `uv sync` installs what an earlier one does, and what that leaves out as well."""
    if one.tool != "uv sync" or later.tool != one.tool or one.given is None or later.given is None:
        return False
    if one.call.workdir != later.call.workdir or one.call.workdir is None:
        return False
    less, more = (
        {(each.meaning, each.value) for each in install.given or () if each.meaning in _WITHOUT}
        for install in (one, later)
    )
    rest, whole = (
        sorted((each.meaning, _shown(each)) for each in install.given or () if each.meaning not in _WITHOUT | _HOW)
        for install in (one, later)
    )
    return more < less and rest == whole


def of(call: Call) -> Install | None:
    """What one command line installs, None where it doesn't: for those that the Plan doesn't hold, read once."""
    known: dict[int, tuple[Call, Install | None]] = call.step.stage.build.facts.setdefault("other installs", {})  # type: ignore[assignment]
    if id(call) not in known:
        known[id(call)] = call, _install(call)
    return known[id(call)][1]


def _install(call: Call) -> Install | None:
    if call.program == "pip":
        return _pip(call)
    if call.program == "uv":
        return _uv(call)
    if call.program == "pipx" and call.verb == "install" and all(is_uv(arg or "") for arg in call.args[1:]):
        return None  # uv itself, as `empty` has it for the others
    if call.program in {"apk", "apt-get"} and call.verb == "update":
        return None  # that fetches an index, and installs nothing
    if call.program in OTHERS and call.verb in {"install", "sync", "add", "update", "create", "env", None}:
        return Install(call, call.program, None, "it is not pip")
    return None


def _pip(call: Call) -> Install | None:
    words = call.words
    at = verb_index(call, pip.INSTALL)
    if at is None or words[at].value != "install":
        return None
    said = pipconf.said(call)
    settings = {meaning: said[name] for name, meaning in pip.SETTINGS.items() if name in said}
    before = options.read(words[:at], call.rest, pip.INSTALL, call.variables, abbreviations=True)
    after = options.read(words, at + 1, pip.INSTALL, call.variables, abbreviations=True)
    target = environments.of_pip(call)
    for found in (before, after):
        if isinstance(found, options.Unreadable):
            return Install(call, "pip", None, found.reason, target, at, settings)
    assert not isinstance(before, options.Unreadable)  # noqa: S101
    assert not isinstance(after, options.Unreadable)  # noqa: S101
    given = before + after
    if any(one.meaning == "python" for one in given):
        target = None
    return Install(call, "pip", given, "", target, at, settings)


def _uv(call: Call) -> Install | None:
    at = verb_index(call, uv.GLOBAL)
    if at is None:
        return None
    words = call.words
    verb = words[at].value
    rows, start, early = uv.PROJECT, at + 1, [(call.rest, at)]
    if verb == "pip":
        inner = verb_index(call, uv.GLOBAL, at + 1)
        if inner is None or words[inner].value not in {"install", "sync"}:
            return None
        rows, start, early = uv.PIP_INSTALL, inner + 1, [(call.rest, at), (at + 1, inner)]
    elif verb not in {"sync", "add", "tool"}:
        return None
    given = options.read(words, start, rows, call.variables)
    settings = _uv_settings(call, [] if isinstance(given, options.Unreadable) else given)
    if isinstance(given, options.Unreadable):
        return Install(call, f"uv {verb}", None, given.reason, None, at, settings)
    for first, last in reversed(early):
        before = options.read(words[:last], first, uv.GLOBAL, call.variables)
        given = given if isinstance(before, options.Unreadable) else before + given
    if verb != "pip":
        return Install(call, f"uv {verb}", given, "", None, at, settings)
    return Install(call, "uv", given, "", environments.of_uv(call, given), start - 1, settings)


def _uv_settings(call: Call, given: list[Given]) -> dict[str, str | None]:
    """What uv's variables say, but for lists that an option takes the place of."""
    known = variables.known(call)
    found: dict[str, str | None] = {}
    for name, meaning in _UV_SETTINGS.items():
        value = known.get(name, "")
        replaced = [one for one in given if one.meaning == meaning and one.name == _OVERRIDDEN_BY.get(name, one.name)]
        if value == "" or (meaning == "index" and meaning in found) or (replaced and meaning in _LISTS):
            continue
        if name == "UV_FIND_LINKS" and value is not None:
            value = value.replace(",", " ")
        earlier = found.get(meaning, "")
        found[meaning] = None if value is None or earlier is None else f"{earlier} {value}".strip()
    return found


def verb_index(call: Call, rows: options.Table, start: int = -1) -> int | None:
    """Where the first word stands, of the arguments or from `start` on, that is neither an option nor its value."""
    index = call.rest if start < 0 else start
    while index < len(call.words):
        value = call.words[index].value
        if value is None:
            return None
        if not value.startswith("-"):
            return index
        option = rows.get(value)
        index += 2 if option is not None and option.value == "=" else 1
    return None
