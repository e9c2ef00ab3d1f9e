"""What a RUN sets in its shell last of all, so that nothing ever sees it: exports, and environments activated."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, removal
from uvlint.lazy import regex
from uvlint.model import BASE_PATH, is_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Step
    from uvlint.plan import Install
    from uvlint.shell import Command

GUIDING = frozenset({"UV_SYSTEM_PYTHON", "UV_PYTHON", "VIRTUAL_ENV", "PATH"})
"""What tells uv where to install."""
_LINKED = frozenset({"&&", ";", "\n"})
_NAME = regex(r"[A-Za-z_]\w*\Z")
_REFERENCES = regex(r"\$(?:(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})")
_BARE = regex(r"[\w./:=@%+,-]*\Z")


class Lost(NamedTuple):
    """The last commands of a RUN: what they set, as ENV would be given it; None where that can't be written as an ENV.

    `calls` are what to take out: the commands, or the one shell (`bash -c "…"`) that runs them. `whole`: the RUN does nothing
    else.
    """

    step: Step
    calls: list[Call]
    names: list[str]
    values: dict[str, str] | None
    whole: bool


def lost(build: Build) -> list[Lost]:
    """Each RUN that ends in exports or activations, looked up once."""
    if "lost" not in build.facts:
        build.facts["lost"] = list(_lost(build))
    return build.facts["lost"]  # type: ignore[return-value]


def before(install: Install) -> bool:
    """Whether a RUN before an install says in vain where it should go."""
    step = install.call.step
    earlier = set(step.stage.before(step))
    return any(one.step in earlier and GUIDING & set(one.names) for one in lost(step.stage.build))


def _lost(build: Build) -> Iterator[Lost]:
    for step in build.steps:
        if step.run is None or step.onbuild or not any(one in step.run.args.text for one in ("export", "activate")):
            continue
        found = _last(step)
        setting = found or _in_shell(step)
        names: list[str] = []
        values: dict[str, str] | None = {}
        for call in setting:
            if _active(call):
                continue
            said = _sets(call)
            names += said or _names(call)
            values = None if said is None or values is None else values | said
        if names:
            yield Lost(
                step, found or calls.all_calls(build)[step][:1], names, values, not found or removal.alone(found)
            )


def _last(step: Step) -> list[Call]:
    """The exports and activations at the end of a RUN, behind which nothing is run."""
    script = step.script
    if script is None or not script.commands or (step.run is not None and step.run.heredocs):
        return []
    own = [one for one in calls.all_calls(step.stage.build)[step] if one.outer is None]
    by_command = {id(one.command): one for one in own}
    top = [one for one in script.commands if one.cooked is script.cooked and not _inside(one, script.commands)]
    found: list[Call] = []
    for command in reversed(top):
        call = by_command.get(id(command))
        linked = command.before is None or command.before.text in _LINKED
        plain = linked and not command.scopes and not command.redirects and not command.negated
        if call is None or not plain or not _sets_only(call):
            break
        found.insert(0, call)
    return found


def _in_shell(step: Step) -> list[Call]:
    """The exports and activations of a RUN that does nothing but hand them to a shell of their own."""
    script = step.script
    found = calls.all_calls(step.stage.build)[step]
    if script is None or len(found) != len(script.commands) or (step.run is not None and step.run.json is not None):
        return []
    inner = found[1:]
    own = all(len(one.command.scopes) == 1 and one.command.scopes[0].kind == "shell" for one in inner)
    return inner if own and all(map(_sets_only, inner)) else []


def _inside(one: Command, commands: list[Command]) -> bool:
    """Whether a command stands in a word of another."""
    return any(scope.kind in {"substitution", "process"} for scope in one.scopes) and len(commands) > 1


def _sets_only(call: Call) -> bool:
    words = call.words
    if words[0].value == "export":
        return len(words) > 1 and all("=" in word.text for word in words[1:])
    return bool(words[0].value in {".", "source"} and _activated(call))


def _activated(call: Call) -> str:
    """The environment that a command activates: as written, where its path isn't known."""
    word = call.words[1] if len(call.words) == 2 else None
    text = "" if word is None else word.resolve(call.variables) or word.text.strip("\"'")
    return text.removesuffix("/bin/activate") if text.endswith("/bin/activate") else ""


def _active(call: Call) -> bool:
    """Whether an environment that a command activates is active for what follows by ENV."""
    place = _activated(call)
    return bool(place) and f"{place}/bin" in (call.step.stage.end.env.get("PATH") or "").split(":")


def _names(call: Call) -> list[str]:
    if _activated(call):
        return ["VIRTUAL_ENV", "PATH"]
    return [name for word in call.words[1:] if _NAME.match(name := word.text.partition("=")[0])]


def _sets(call: Call) -> dict[str, str] | None:
    """What a command sets, by name, as ENV writes it."""
    place = _activated(call)
    if place:
        if not place.startswith(("/", "$")) and call.workdir is not None:
            place = f"{call.workdir.rstrip('/')}/{place.removeprefix('./')}"
        known = place.startswith("/") and _BARE.match(place)
        return {"VIRTUAL_ENV": place, "PATH": f'"{place}/bin:$PATH"'} if known else None
    found: dict[str, str] = {}
    for word in call.words[1:]:
        name, _, text = word.text.partition("=")
        value = None if word.value is None else word.value.partition("=")[2]
        if not _NAME.match(name):
            return None
        if value is None:
            value = _referring(call, text)
        elif not _BARE.match(value):
            value = None if set(value) & set('"\\$\n`') else f'"{value}"'
        if value is None:
            return None
        found[name] = value
    return found


def _referring(call: Call, text: str) -> str | None:
    """A value that reads variables, where Docker knows them as well."""
    bare = text[1:-1] if text[:1] == text[-1:] == '"' and len(text) > 1 else text
    state = call.step.state
    known = {**state.args, **state.env, "PATH": BASE_PATH}
    if is_root(state.user) and "HOME" not in known and "$HOME" in bare:
        return None
    rest = _REFERENCES.sub(lambda match: "" if (match["name"] or match["braced"]) in known else "\0", bare)
    return f'"{bare}"' if _BARE.match(rest) else None
