"""What pip is told by its variables and its configuration, said to uv: as uv's own variables, or as options."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, edits, environments, pipconf, provision, variables
from uvlint.diagnostics import Edit
from uvlint.lazy import regex
from uvlint.tools import pip, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uvlint.calls import Call
    from uvlint.model import Build, Step
    from uvlint.plan import Install
    from uvlint.syntax import Mount
    from uvlint.variables import Setter

_ONCE = frozenset({"break-system", "pre", "require-hashes", "no-index", "no-deps", "reinstall"})
"""Settings that become options which a command may have already, and which uv takes once."""
_REPLACED = frozenset({"trusted-host", "find-links", "constraint", "build-constraint"})
"""Lists for which uv takes a command's options in the place of its variable, where pip adds them to it."""
_SEEN_TO = frozenset({"no-compile", "compile", "no-isolation", "use-pep517"})
_MAYBE_EMPTY = frozenset({
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT",
})  # fmt: skip
"""What a build argument may leave empty: uv then takes its variable for not set."""
_UNPLAIN = regex(r"[\s\"'$`\\&|;<>()*?#]")
CREDENTIALS = regex(r"://[^/\s@]+@")
STRATEGY = ("UV_INDEX_STRATEGY", "unsafe-best-match")
"""How uv looks at several indexes as pip does."""


class Carried(NamedTuple):
    """The options and the edits that tell uv. `best_match`: they say how several indexes are looked at."""

    options: list[str]
    edits: list[Edit]
    best_match: bool = False


def over(install: Install, *, other_index: bool) -> Carried | str:
    """How uv is told what pip is, or why it can't be.

    `other_index`: a requirements file of the install names an index, which pip believes more than its variable.
    """
    call = install.call
    told = pipconf.said(call)
    files = pipconf.settings(call) or {}
    options: list[str] = []
    made: dict[Step, dict[str, str]] = {}
    found: list[Edit] = []
    for name in sorted(told, key=_rank):
        answer = _settled(install, name, told[name])
        if answer is None and name in settings.EQUALS:
            if other_index and name == "PIP_INDEX_URL" and not install.has("index"):
                return "a requirements file names another index than PIP_INDEX_URL"
            beside = _beside(call, name, told) if not _replaced(install, name) else None
            if beside is not None:
                found += beside
            elif name in files and name not in variables.known(call) and CREDENTIALS.search(files[name].value):
                return "pip's configuration holds credentials: hand them over in a secret mount"
            elif name in files and name not in variables.known(call) and _free(files[name].step, call):
                made.setdefault(files[name].step, {}).update(written(name, told, files[name].value))
            else:
                answer = _options(install, name, told)
        if isinstance(answer, str):
            return answer
        options += [one for one in answer or () if one not in options]
    build = call.step.stage.build
    found += [below(build, step, values) for step, values in made.items()]
    return Carried(options, found, any(STRATEGY[0] in edit.text for edit in found))


def _rank(name: str) -> tuple[int, str]:
    names = [*settings.EQUALS, *pip.SETTINGS]
    return (names.index(name) if name in names else len(names), name)


def _settled(install: Install, name: str, value: str | None) -> list[str] | str | None:
    """The options for a setting that is no matter of equal variables, or why it can't be carried over; None: it can."""
    meaning, call = pip.SETTINGS.get(name, ""), install.call
    row = settings.EQUALS.get(name)
    if meaning == "no-isolation" and pip.is_off(value):  # pip reads it the other way round
        return f"{name} has no equal in uv"
    if row is None and not meaning:
        return []
    flag = row is None or row.kind == "flag"
    if (value is not None and flag and value.lower() in settings.OFF) or (meaning in _ONCE and install.has(meaning)):
        return []
    if row is not None:
        variables_ = [one for one in row.variables if not (one == "UV_BUILD_CONSTRAINT" and name == "PIP_CONSTRAINT")]
        if variables_ and all(pipconf.matched(call, one) for one in variables_):
            return []
        if meaning == "index" and install.has("index"):
            return []
        if row.kind == "number" and (value is None or not value.isdecimal()):
            return []  # that is how long it waits, not what it installs
        return None
    if value is None or (meaning == "cert" and name not in call.variables and name in call.step.state.args):
        return f"{name} is only known when the image is built"
    match meaning:
        case "cert":
            return [] if install.has("cert") else [f"--cert {value}"]
        case "require-venv" if install.target is not None and install.target.kind != "system":
            return []
        case "require-venv":
            return f"{name} forbids the system's Python"
        case "use-feature":
            return ["--system-certs"] if "truststore" in value.split() and not _certified(call) else []
        case "use-deprecated" if "legacy-resolver" not in value.split():
            return []
        case _ if meaning in _SEEN_TO:
            return []
        case _:
            return f"{name} has no equal in uv"


def _certified(call: Call) -> bool:
    return bool({"UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "SSL_CERT_FILE"} & variables.known(call).keys())


def _replaced(install: Install, name: str) -> bool:
    meaning = pip.SETTINGS.get(name, "")
    also = meaning == "constraint" and install.has("build-constraint")
    return meaning in _REPLACED and (install.has(meaning) or also)


def _options(install: Install, name: str, told: Mapping[str, str | None]) -> list[str] | str:
    """A setting as options of the command."""
    row, value = settings.EQUALS[name], told[name]
    if row.kind == "number":
        return []
    if value is None or (name not in install.call.variables and name in install.call.step.state.args):
        return f"{name} is only known when the image is built"
    if settings.worth(name, value) is None:
        return f"{name} has no equal in uv"
    if row.kind == "flag":
        return list(row.options)
    found: list[str] = []
    for option in row.options:
        if name == "PIP_CONSTRAINT" and option == "--build-constraint" and told.get("PIP_BUILD_CONSTRAINT"):
            continue
        found += [f"{option} {word}" for word in (value.split() if row.kind in {"list", "commas"} else [value])]
    return found


# Variables -------------------------------------------------------------------------------------------------------------


def written(name: str, told: Mapping[str, str | None], raw: str) -> dict[str, str]:
    """uv's variables with the values to write, `raw` where the value is the same as pip's."""
    row = settings.EQUALS[name]
    value = row.fixed or raw
    if row.kind == "commas":
        value = settings.worth(name, told[name] or "") or ""
    found = {
        variable: value
        for variable in row.variables
        if not (name == "PIP_CONSTRAINT" and variable == "UV_BUILD_CONSTRAINT" and told.get("PIP_BUILD_CONSTRAINT"))
    }
    if name == "PIP_EXTRA_INDEX_URL":
        found[STRATEGY[0]] = STRATEGY[1]
    return found


def missing(call: Call, values: Mapping[str, str]) -> dict[str, str]:
    """The variables that a command has not got."""
    known = variables.known(call)
    return {name: value for name, value in values.items() if name not in known}


def _beside(call: Call, name: str, told: Mapping[str, str | None]) -> list[Edit] | None:
    """Sets uv's variables where pip's is set; None where that would not do."""
    secret = variables.secrets(call.step).get(name)
    if secret is not None and name not in call.env:
        return _handed_over(call, name, secret)
    setter = variables.setter(call, name)
    if setter is None or not _free(setter.step, call):
        return None
    return beside(call, setter, told)


def _handed_over(call: Call, name: str, secret: Mount) -> list[Edit] | None:
    """Hands a secret to uv under the names that it reads."""
    names = [one for one in settings.EQUALS[name].variables if one not in variables.known(call)]
    if name not in _MAYBE_EMPTY or not names or len(set(secret.keys) - {"type", "id", "env", "required"}) > 0:
        return None
    place = secret.places["env"]
    others = [
        one for one in calls.all_calls(call.step.stage.build)[call.step] if one.program == "pip" and one is not call
    ]
    if not others:
        found = [Edit(place, f"env={names[0]}")]
        names = names[1:]
    else:
        found = []
    required = f",required={secret.keys['required']}" if "required" in secret.keys else ""
    identifier = secret.keys.get("id", name)
    flags = [f"--mount=type=secret,id={identifier},env={one}{required}" for one in names]
    return [*found, *(edits.add_flag(call.step, one) for one in flags)]


def beside(call: Call, setter: Setter, told: Mapping[str, str | None]) -> list[Edit] | None:
    """Sets uv's variables next to one of pip's."""
    step, pair = setter
    name, build = pair.key, step.stage.build
    if step.instruction.keyword == "ARG":
        if name not in _MAYBE_EMPTY:
            return None
        values = {one: f"${name}" for one in written(name, told, "") if one != STRATEGY[0]}
        lines = [f"ARG {one}={text}" for one, text in missing(call, values).items()]
        return [edits.insert_below(build, step.instruction, lines)]
    said = beside_values(setter, told)
    if said is None:
        return None
    values = missing(call, said)
    if pair.legacy:
        return [below(build, step, values)] if values else []
    return [provision.beside(step, pair, values)] if values else []


def beside_values(setter: Setter, told: Mapping[str, str | None]) -> dict[str, str] | None:
    """uv's variables that say what an ENV says to pip, with their values as they can be written there."""
    name, pair = setter.pair.key, setter.pair
    row, value, raw = settings.EQUALS[name], told.get(name), pair.value.text if pair.value is not None else ""
    if not row.variables or (row.kind not in {"value", "list"} and value is None):
        return None
    if value is not None and settings.worth(name, value) in {None, ""}:
        return None
    if pair.legacy:
        return None if value is None or _UNPLAIN.search(value) or "$" in raw else written(name, told, value)
    values = written(name, told, raw)
    return None if any(_UNPLAIN.search(text) for text in values.values() if text != raw) else values


def below(build: Build, step: Step, values: Mapping[str, str]) -> Edit:
    """Sets variables in an ENV of their own, below an instruction."""
    quoted = {name: f'"{value}"' if _UNPLAIN.search(value) else value for name, value in values.items()}
    return edits.insert_below(build, step.instruction, [provision.env_line(quoted)])


def _free(step: Step, call: Call) -> bool:
    """Whether no uv reads already what would be set behind a step."""
    stage = step.stage
    for one in calls.find(stage.build, "uv", "uvx"):
        behind = one.step.stage is not stage or one.step.index > step.index
        if stage in one.step.stage.chain and behind and not environments.gets_uv(one):
            return False
    return step is not call.step
