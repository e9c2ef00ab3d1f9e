"""Where the variables that a command line sees are set, and what is certain of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex
from uvlint.syntax import mount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Step
    from uvlint.syntax import Mount, Pair

_REFERENCE = regex(r"\"?\$(?:(?P<name>\w+)|\{(?P<braced>\w+)\})\"?\Z")

_DEPTH = 5


class Setter(NamedTuple):
    """The pair of an ENV or ARG that sets a variable."""

    step: Step
    pair: Pair


def known(call: Call) -> dict[str, str | None]:
    """All that a command line finds in its environment, build arguments and secrets as well; None: not known."""
    secret = dict.fromkeys(secrets(call.step))
    return {**call.step.state.args, **call.step.state.env, **secret, **call.env}


def secrets(step: Step) -> dict[str, Mount]:
    """The variables that a RUN has from secret mounts."""
    flags = step.run.flags_named("mount") if step.run is not None else ()
    mounts = [mount(flag) for flag in flags if "env=" in (flag.value or "")]
    return {one.keys["env"]: one for one in mounts if one is not None and one.type == "secret" and "env" in one.keys}


def pairs(build: Build, prefix: str) -> Iterator[Setter]:
    """The pairs of all ENV and ARG whose names begin so, in the file's order."""
    for step in build.steps:
        if step.instruction.keyword in {"ENV", "ARG"} and prefix in step.instruction.args.text:
            yield from (Setter(step, pair) for pair in step.instruction.pairs() if pair.key.startswith(prefix))


def setter(call: Call, name: str) -> Setter | None:
    """The ENV, or else ARG, that a command line has a variable from; None where its shell sets it, or nothing does."""
    if name in call.env or name in secrets(call.step):
        return None
    last: dict[str, Setter] = {}
    for step in call.step.stage.before(call.step):
        keyword = step.instruction.keyword
        if keyword not in {"ENV", "ARG"} or name not in step.instruction.args.text:
            continue
        if keyword == "ARG" and step.stage is not call.step.stage:
            continue
        for pair in step.instruction.pairs():
            if pair.key == name:
                last[keyword] = Setter(step, pair)
    return last.get("ENV") or last.get("ARG")


def settled(call: Call, name: str, depth: int = 0) -> str | None:
    """A variable's value; where only the build will know it, what it is written as. None: not set.

    `$OTHER` stands for what that is written as; a build argument is written `${NAME}`, whatever its default.
    """
    found = known(call)
    if name not in found:
        return None
    value = found[name]
    if value is not None:
        return value
    secret = secrets(call.step).get(name)
    if secret is not None and name not in call.env:
        return f"${{secret {secret.keys.get('id', name)}}}"
    place = setter(call, name)
    raw = place.pair.value.text if place is not None and place.pair.value is not None else ""
    match = _REFERENCE.match(raw)
    if match is not None:
        other = match["name"] or match["braced"]
        elsewhere = other != name and other not in call.env  # what the shell sets, the instruction did not see
        there = settled(call, other, depth + 1) if elsewhere and depth < _DEPTH else None
        return f"${{{other}}}" if there is None else there
    return raw if raw and place is not None and place.step.instruction.keyword == "ENV" else f"${{{name}}}"
