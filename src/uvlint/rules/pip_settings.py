from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint import caches, calls, carrying, edits, images, mounting, pipconf, plan, removal, variables
from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety
from uvlint.lazy import regex
from uvlint.model import text_of
from uvlint.rules import rule
from uvlint.tools import pip, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Step
    from uvlint.plan import Install
    from uvlint.source import Span
    from uvlint.variables import Setter

_UVS = regex(r"\buv\s+pip\b|cache/pip\b")
_PIPS = regex(r"(?<![\w-])pip[\d.]*(?![\w-])|pipenv|pipx|conda|mamba|ensurepip")
_SCRIPTS = regex(r"\.sh\b|\bmake\b|poetry|\btox\b|\bnox\b|spacy|setup\.py")
"""What may call pip unseen."""
_BUILDERS = regex(r"io\.openshift\.s2i|/s2i\b")
_UNSEEN = "a script that is run behind it may call pip"
_NEWS = "uv then does as it says, which it does not now"


class _Setting(NamedTuple):
    """One setting of pip's: the words that name it, the instruction it stands in, and the uv commands it was meant for."""

    name: str
    value: str | None
    step: Step
    span: Span
    users: list[Install]


@rule("UVL111")
def pip_settings(build: Build) -> Iterator[Diagnostic]:
    """A setting of pip's, which uv does not read."""
    uvs = [one for one in plan.installs(build) if one.tool.split(" ")[0] == "uv" and not one.empty]
    if not uvs:
        return
    for setter in variables.pairs(build, "PIP_"):
        users = [one for one in uvs if _reaches(setter, one.call)]
        if users:
            value = pipconf.said(users[0].call).get(setter.pair.key, "")
            yield from _variable(_Setting(setter.pair.key, value, setter.step, setter.pair.span, users), setter)
    for call in calls.find(build, "pip", where=pipconf.configures):
        yield from _configured(call, [one for one in uvs if _behind(call.step, one.call)])


def _reaches(setter: Setter, call: Call) -> bool:
    found = variables.setter(call, setter.pair.key)
    return found is not None and found.step is setter.step and found.pair.span == setter.pair.span


def _behind(step: Step, call: Call) -> bool:
    stage = call.step.stage
    return step.stage in stage.chain and (stage is not step.stage or call.step.index > step.index)


def _message(setting: _Setting) -> str:
    return f"`{setting.name}` is a setting of pip's, which uv does not read"


# A variable ------------------------------------------------------------------------------------------------------------


def _variable(setting: _Setting, setter: Setter) -> Iterator[Diagnostic]:
    name = setting.name
    wanted = _wanted(setting.step, name)
    if name in settings.CACHE:
        if wanted is not None:
            yield from _cache(setting, setter, wanted)
    elif name in settings.NEEDLESS or _off(setting):
        if wanted is not None:
            yield _removed(setting, setter, wanted)
    elif name in settings.EQUALS:
        yield from _equal(setting, setter, wanted)


def _off(setting: _Setting) -> bool:
    row = settings.EQUALS.get(setting.name)
    return row is not None and row.kind == "flag" and setting.value is not None and setting.value in settings.OFF


def _equal(setting: _Setting, setter: Setter, wanted: str | None) -> Iterator[Diagnostic]:
    row = settings.EQUALS[setting.name]
    needless = setting.name == "PIP_BREAK_SYSTEM_PACKAGES"  # an install that goes without it has no need of it
    if needless or all(_knows(one, setting) for one in setting.users):
        if wanted is not None:
            yield _removed(setting, setter, wanted)
        return
    calls_ = [one.call for one in setting.users]
    if any(variable in variables.known(one) for one in calls_ for variable in row.variables):
        return  # uv is told something else
    if not row.variables:
        yield Diagnostic(setting.span, _message(setting), help=f"give the uv command {' '.join(row.options)}")
        return
    told = pipconf.said(calls_[0])
    fix = _renamed(setter, told) if wanted is not None and setting.step.instruction.keyword == "ENV" else None
    if fix is None:
        fix = carrying.beside(calls_[0], setter, told)
    if not fix:
        yield Diagnostic(setting.span, _message(setting), help=f"set {' and '.join(row.variables)} as uv writes them")
        return
    title = f"Set {' and '.join(row.variables)}"
    if row.kind == "number":
        yield Diagnostic(setting.span, _message(setting), _judged(title, fix, wanted or ""))
    else:
        yield Diagnostic(setting.span, _message(setting), Fix(title, tuple(fix), Safety.UNSAFE, _NEWS))


def _knows(install: Install, setting: _Setting) -> bool:
    """Whether a uv command is told the same, by uv's variables or its own options."""
    row = settings.EQUALS[setting.name]
    meaning = pip.SETTINGS.get(setting.name, "")
    if row.variables and all(pipconf.matched(install.call, one) for one in row.variables):
        return True
    if meaning == "pre":
        return bool(install.value("prerelease")) or install.has("pre")
    return bool(meaning) and (install.has(meaning) if install.given is not None else False)


def _renamed(setter: Setter, told: dict[str, str | None]) -> list[Edit] | None:
    """uv's variables in the place of pip's."""
    made = carrying.beside_values(setter, told)
    if not made:
        return None
    return [Edit(setter.pair.span, " ".join(f"{name}={value}" for name, value in made.items()))]


def _cache(setting: _Setting, setter: Setter, note: str) -> Iterator[Diagnostic]:
    """pip's cache: a mount serves uv's, or its variable says where it is."""
    waiting = {id(one) for one, _ in mounting.lacking(setting.step.stage.build, "uv")}
    if any(id(one) in waiting for one in setting.users):
        return  # once it has a mount, there is nothing to say
    other = settings.CACHE[setting.name]
    served = all(caches.serving(one.call, "uv") is not None or caches.off(one.call, "uv") for one in setting.users)
    if served or setting.step.instruction.keyword == "ARG" or setter.pair.legacy:
        yield _removed(setting, setter, note)
    elif not any(other in variables.known(one.call) for one in setting.users) and setter.pair.value is not None:
        value = "1" if other == "UV_NO_CACHE" else setter.pair.value.text
        edit = Edit(setter.pair.span, f"{other}={value}")
        yield Diagnostic(setting.span, _message(setting), _judged(f"Set {other}", [edit], note))


def _removed(setting: _Setting, setter: Setter, note: str) -> Diagnostic:
    made = edits.delete_pair(setting.step, setter.pair)
    if made is None:
        return Diagnostic(setting.span, _message(setting), help="it can't be removed where it stands")
    return Diagnostic(setting.span, _message(setting), _judged(f"Remove {setting.name}", made, note))


def _judged(title: str, made: list[Edit], note: str) -> Fix:
    return Fix(title, tuple(made), Safety.UNSAFE if note else Safety.SAFE, note)


# Who may still read it -------------------------------------------------------------------------------------------------


def _wanted(step: Step, name: str) -> str | None:
    """What may still read a setting that stands in an instruction, "" for nothing; None where pip does, or may be meant to."""
    build = step.stage.build
    stages = [one for one in build.stages if step.stage in one.chain]
    final = build.stages[-1]
    if final in stages and step.instruction.keyword != "ARG" and (images.program(build) is None or _for_others(build)):
        return None
    behind = [one for stage in stages for one in stage.steps if stage is not step.stage or one.index > step.index]
    texts = [_text(one) for one in behind]
    if any(_read_by(one, text, name) for one, text in zip(behind, texts, strict=True)):
        return None
    return _UNSEEN if any(_SCRIPTS.search(text) for text in texts) else ""


def _for_others(build: Build) -> bool:
    """Whether an image is there for others to be built from, by ONBUILD or source-to-image."""
    return any(step.onbuild or _BUILDERS.search(step.instruction.args.text) for step in build.steps)


def _text(step: Step) -> str:
    """The words of an instruction that may be run, or name a variable."""
    text = text_of(step.run) if step.run is not None else step.instruction.args.text
    return " ".join([text, *(flag.value or "" for flag in (step.run or step.instruction).flags)])


def _read_by(step: Step, text: str, name: str) -> bool:
    keyword = step.instruction.keyword
    if f"${name}" in text or f"${{{name}" in text or (name in text and keyword not in {"ENV", "ARG"}):
        return True
    runs = keyword in {"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "ONBUILD"}
    return runs and _PIPS.search(_UVS.sub("", text)) is not None


# pip config ------------------------------------------------------------------------------------------------------------


def _configured(call: Call, users: list[Install]) -> Iterator[Diagnostic]:
    """What a `pip config set` says to uv commands behind it: nothing."""
    if not users:
        return
    said = {name: one for name, one in (pipconf.settings(users[0].call) or {}).items() if one.step is call.step}
    name = pipconf.variable((call.args[-2] or "").partition(".")[2]) if len(call.args) > 2 else ""
    if call.args[-3:-2] != ["set"] or name not in said:
        return
    message = "`pip config` sets what uv does not read"
    setting = _Setting(name, said[name].value, call.step, call.span, users)
    wanted = _wanted_behind(call)
    known = name not in settings.EQUALS or all(_knows(one, setting) for one in users)
    if known and (name in settings.EQUALS or name in settings.NEEDLESS or name in settings.CACHE):
        made = removal.take_out([call]) if wanted is not None else None
        if made is not None:
            yield Diagnostic(call.span, message, _judged("Remove the setting", made, wanted or ""))
    elif not known and settings.EQUALS[name].variables:
        values = carrying.written(name, pipconf.said(users[0].call), said[name].value)
        if any(variable in variables.known(one.call) for one in users for variable in values):
            return
        if carrying.CREDENTIALS.search(said[name].value):
            yield Diagnostic(call.span, message, help="it holds credentials: hand them over in a secret mount")
            return
        edit = carrying.below(call.step.stage.build, call.step, values)
        yield Diagnostic(call.span, message, Fix(f"Set {' and '.join(values)}", (edit,), Safety.UNSAFE, _NEWS))


def _wanted_behind(call: Call) -> str | None:
    """As `_wanted`, for a `pip config`: others of its RUN don't count."""
    beside = calls.all_calls(call.step.stage.build)[call.step]
    if any(one.program == "pip" and not pipconf.configures(one) for one in beside):
        return None
    return _wanted(call.step, "pip.conf")
