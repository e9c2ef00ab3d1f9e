"""pip's own configuration: what `pip config set` and a pip.conf say, as the `PIP_*` variables that would say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, environments, variables
from uvlint.lazy import regex
from uvlint.model import is_root, text_of
from uvlint.tools.settings import equals

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.model import Build, Step

MENTION = regex(r"pip\.(?:conf|ini)\b")
PLACES = {
    "/etc/pip.conf": 1,
    "/etc/xdg/pip/pip.conf": 0,
    "/root/.pip/pip.conf": 2,
    "/root/.config/pip/pip.conf": 3,
    "/usr/local/pip.conf": 4,
}
"""Where pip of an image that root runs looks, the last of them to be believed most."""

_LINE = regex(r"(?P<key>[\w.-]+)\s*[=:]\s*(?P<value>.*)\Z")
_SECTIONS = ("global", "install")


class Said(NamedTuple):
    """A value of pip's configuration, and the instruction that wrote it."""

    value: str
    step: Step


def configures(call: Call) -> bool:
    """Whether a command line is a `pip config` that writes."""
    return call.program == "pip" and call.verb == "config" and not {"list", "get", "debug"} & set(call.args)


def settings(call: Call) -> dict[str, Said] | None:
    """What pip's configuration says when a command runs, by variable; None where that can't be told."""
    build = call.step.stage.build
    if not _mentioned(build):
        return {}
    found: dict[tuple[int, str], dict[str, Said]] = {}
    for step in (*call.step.stage.before(call.step), call.step):
        if step.instruction.keyword in {"COPY", "ADD"} and MENTION.search(step.instruction.args.text):
            if not _copied(call, step, found):
                return None
            continue
        if step.run is None:
            continue
        text = call.command.cooked.text[: call.command.start] if step is call.step else text_of(step.run)
        if MENTION.search(text) or any(MENTION.search(flag.value or "") for flag in step.run.flags):
            return None
        for one in calls.all_calls(build)[step]:
            if one.program != "pip" or one.verb != "config" or (step is call.step and one.position >= call.position):
                continue
            if configures(one) and not _set(call, one, found):
                return None
    return {name: said for key in sorted(found) for name, said in found[key].items()}


def _mentioned(build: Build) -> bool:
    if "pip configured" not in build.facts:
        text = build.dockerfile.source.text
        build.facts["pip configured"] = MENTION.search(text) is not None or "config" in text
    return bool(build.facts["pip configured"])


def _set(call: Call, one: Call, found: dict[tuple[int, str], dict[str, Said]]) -> bool:
    """Notes a `pip config set`; False where what it does can't be told, or isn't certain."""
    words = [arg for arg in one.args[1:] if arg not in {"--global", "--user"}]
    if len(words) != 3 or words[0] != "set" or words[1] is None or words[2] is None or words[1].startswith("-"):
        return False
    certain = all(scope.kind == "group" for scope in one.command.scopes) and not one.wrappers
    if not certain or one.variables.get("PIP_CONFIG_FILE") or (one.command.before and one.command.before.text == "||"):
        return False
    if not is_root(environments.runs_as(one)) or not is_root(environments.runs_as(call)):
        return False
    section, dot, key = words[1].partition(".")
    if not dot:
        return False
    place = "/etc/pip.conf" if "--global" in one.args else "/root/.config/pip/pip.conf"
    if section in _SECTIONS:
        found.setdefault((PLACES[place], section), {})[variable(key)] = Said(words[2], one.step)
    return True


def _copied(call: Call, step: Step, found: dict[tuple[int, str], dict[str, Said]]) -> bool:
    """Notes the pip.conf that an instruction copies; False where it can't be seen, or pip may not read it."""
    data = _data(step)
    target = step.expand(step.instruction.words()[-1].text)
    if target is not None and target.endswith("/"):
        target += "pip.conf"
    if data is None or target not in PLACES or not is_root(environments.runs_as(call)):
        return False
    for section, values in parse(data).items():
        if section in _SECTIONS:
            known = {variable(key): Said(value, step) for key, value in values.items()}
            found[PLACES[target], section] = known
    return True


def _data(step: Step) -> str | None:
    """What the one file holds that an instruction copies; None where that can't be told."""
    instruction, build = step.instruction, step.stage.build
    if instruction.flag("from") is not None or len(instruction.words()) != 2:
        return None
    if instruction.heredocs:
        heredoc = instruction.heredocs[0]
        return None if heredoc.expand and "$" in heredoc.body.text else heredoc.body.text
    source = step.expand(instruction.words()[0].text)
    if source is None or build.context is None or not source.endswith("pip.conf"):
        return None
    folders = build.context.folders
    texts = {data for one in folders if (data := build.context.read(one, source.removeprefix("./"))) is not None}
    return texts.pop().decode("utf-8", "replace") if len(texts) == 1 else None


def variable(key: str) -> str:
    """The variable that says what a key of pip.conf says."""
    return f"PIP_{key.upper().replace('-', '_')}"


def parse(text: str) -> dict[str, dict[str, str]]:
    """The values of a pip.conf by section and key; those of several lines become one."""
    found: dict[str, dict[str, str]] = {}
    section, key = "", ""
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        match = _LINE.match(bare)
        if bare.startswith("[") and bare.endswith("]"):
            section, key = bare[1:-1].strip(), ""
        elif line[0] in " \t" and key:
            found[section][key] = f"{found[section][key]} {bare}".strip()
        elif match is not None:
            key = match["key"].lower().replace("_", "-")
            found.setdefault(section, {})[key] = match["value"].strip()
    return found


def said(call: Call) -> dict[str, str | None]:
    """All that pip is told by its variables and its configuration, by variable; None: not known before the build."""
    found: dict[str, str | None] = {name: one.value for name, one in (settings(call) or {}).items() if one.value}
    given = variables.known(call)
    return found | {name: value for name, value in given.items() if name.startswith("PIP_") and value != ""}


def matched(call: Call, variable: str) -> bool:
    """Whether a variable of uv's says what pip is told."""
    told = {name: variables.settled(call, name) if value is None else value for name, value in said(call).items()}
    wanted = equals(told).get(variable)
    return wanted is not None and wanted == " ".join((variables.settled(call, variable) or "").split())
