"""How uv comes into a stage, and the settings under which it behaves as pip did."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from uvlint import calls, context, edits, environments, plan, reorder
from uvlint.diagnostics import Edit
from uvlint.lazy import regex
from uvlint.model import normal
from uvlint.source import Span
from uvlint.tools import bases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uvlint.calls import Call
    from uvlint.config import Settings
    from uvlint.model import Stage, Step
    from uvlint.syntax import Instruction, Pair

_PLATFORMS = frozenset({"linux/amd64", "linux/arm64", "linux/arm64/v8"})
_SETTLED = frozenset({"COPY", "ADD", "WORKDIR"})
_RELEASE = regex(r"uv={2,3}(\d+\.\d+\.\d+)\Z")
_OLDEST = (0, 12, 1)
"""The first release that has every option a translation may write."""
FOLDERS = frozenset({"/bin", "/usr/bin", "/usr/local/bin"})
"""Where uv is found whatever a file adds to PATH."""


def copy(settings: Settings, version: str = "") -> str:
    """The instruction that copies uv from its image."""
    return f"COPY --from={settings.uv_image}:{version or settings.uv_version} /uv /uvx /bin/"


def unavailable(stage: Stage) -> str:
    """Why uv's image can't serve a stage, "" where it can."""
    platform = stage.chain[0].platform
    if platform and platform not in _PLATFORMS and "$" not in platform:
        return f"uv's image has no build for {platform}"
    return ""


def wanted(call: Call, *, mounted: bool, compiled: bool = True) -> dict[str, str]:
    """The variables a stage needs so that uv leaves what pip left, less those it has."""
    found: dict[str, str] = {}
    if compiled:
        found["UV_COMPILE_BYTECODE"] = "1"
    if mounted:
        found["UV_LINK_MODE"] = "copy"
    if call.step.stage.base.kind != "uv" or call.step.stage.base.python is not None:
        found["UV_PYTHON_DOWNLOADS"] = "0"
    found |= _certificates(call)
    env = call.step.state.env
    aliases = {"UV_PYTHON_DOWNLOADS": ("UV_NO_MANAGED_PYTHON", "UV_PYTHON_PREFERENCE", "UV_MANAGED_PYTHON")}
    return {
        name: value
        for name, value in found.items()
        if name not in env and not any(alias in env for alias in aliases.get(name, ()))
    }


def _certificates(call: Call) -> dict[str, str]:
    """The system's certificates, where the file changes them: uv trusts its own list unless told."""
    env = call.variables
    if "SSL_CERT_FILE" in env or "UV_SYSTEM_CERTS" in env or "UV_NATIVE_TLS" in env:
        return {}
    if any(calls.before(call, "update-ca-certificates", "update-ca-trust")):
        return {"UV_SYSTEM_CERTS": "1"}
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        value = env.get(name)
        if value:
            return {"UV_SYSTEM_CERTS": "1"} if value.endswith("/ca-certificates.crt") else {"SSL_CERT_FILE": value}
    return {}


def arriving(step: Step) -> Step | None:
    """The first instruction behind a step, in its stage, that copies uv."""
    return next((one for one in step.stage.steps[step.index :] if environments.copies_uv(one)), None)


def moves_up(copy: Step, first: Step) -> bool:
    """Whether an instruction that copies uv, and nothing else, can stand above an earlier step of its stage."""
    instruction = copy.instruction
    *sources, target = (word.text for word in instruction.words())
    origin = instruction.flag("from")
    release = re.match(r"\d[\d.]*", bases.reference((origin.value if origin is not None else "") or "")[1])
    return (
        copy.stage is first.stage
        and "$" not in copy.stage.build.dockerfile.source[instruction.span]
        and all(one.rpartition("/")[2] in {"uv", "uvx"} for one in sources)
        and {flag.name for flag in instruction.flags} <= {"from", "link", "chmod"}
        and not FOLDERS.isdisjoint({normal(target), posixpath.dirname(target)})
        and (release is None or (*map(int, release[0].strip(".").split(".")), 99, 99) >= _OLDEST)
    )


def edits_for(
    call: Call, first: Step, *, mounted: bool, compiled: bool = True, later: Step | None = None
) -> list[Edit]:
    """What puts uv and its settings where a command needs them, as far as they are missing.

    `first` is the step that uv has to come before, of this stage or of one that it continues; `later` the instruction
    that copies it too late, and is to stand there.
    """
    values = wanted(call, mounted=mounted, compiled=compiled)
    if environments.has_uv(call):
        return set_env(call, values) if values else []
    build = call.step.stage.build
    gone, text = (None, copy(build.settings, _named(call.step.stage))) if later is None else reorder.lifted(later)
    lines = [text]
    taken = [gone, *_repeated(later, values)] if gone is not None and later is not None else []
    pairs = _settings(first.stage.steps[: first.index]) if values else None
    if pairs is not None:
        return [_more(first.stage, pairs, values), edits.insert_below(build, place_before(first), lines), *taken]
    if values:
        lines.append(env_line(values))
    return [edits.insert_below(build, place_before(first), lines), *taken]


def _repeated(copy: Step, values: Mapping[str, str]) -> list[Edit]:
    """What takes out the ENV behind an instruction that copies uv, where it says what is set above from now on."""
    step = next(iter(copy.stage.steps[copy.index + 1 :]), None)
    if step is None or step.instruction.keyword != "ENV" or step.instruction.comments:
        return []
    pairs = [(pair.key, pair.value.text if pair.value is not None else None) for pair in step.instruction.pairs()]
    said = bool(pairs) and all(values.get(key) == value for key, value in pairs)
    return [edits.replace_instruction(copy.stage.build, step.instruction, [])] if said else []


def _named(stage: Stage) -> str:
    """The release of uv that the file installs with pip, "" for none, or for one older than the fixes are made for."""
    known: dict[Stage, str] = stage.build.facts.setdefault("releases of uv", {})  # type: ignore[assignment]
    for one in stage.chain:
        if one not in known:
            known[one] = _release_named(one)
    return next(filter(None, map(known.__getitem__, stage.chain)), "")


def _release_named(stage: Stage) -> str:
    for install in plan.in_stage(stage):
        for requirement in install.requirements if install.tool == "pip" else ():
            match = _RELEASE.match(requirement.raw.strip("\"'"))
            if match is not None and tuple(map(int, match[1].split("."))) >= _OLDEST:
                return match[1]
    return ""


def env_line(values: Mapping[str, str]) -> str:
    return "ENV " + " ".join(f"{name}={value}" for name, value in values.items())


def set_env(call: Call, values: Mapping[str, str]) -> list[Edit]:
    """Sets variables for a command: in the ENV of uv's settings where there is one, else in one of its own."""
    stage = call.step.stage
    pairs = _settings(stage.steps[: call.step.index])
    if pairs is not None:
        return [_more(stage, pairs, values)]
    for step in stage.steps[: call.step.index]:
        if environments.copies_uv(step):
            return [edits.insert_below(stage.build, step.instruction, [env_line(values)])]
    return [edits.insert_below(stage.build, place_before(first_use(call)), [env_line(values)])]


def _settings(steps: Sequence[Step]) -> list[Pair] | None:
    """The pairs of the last ENV that sets a variable of uv's, None where there is none that can hold more."""
    for step in reversed(steps):
        instruction = step.instruction
        if instruction.keyword == "ENV" and "UV_" in instruction.args.text:
            pairs = instruction.pairs()
            if pairs and not pairs[0].legacy and any(pair.key.startswith("UV_") for pair in pairs):
                return pairs
    return None


def _more(stage: Stage, pairs: Sequence[Pair], values: Mapping[str, str]) -> Edit:
    """More pairs for an ENV: each on a line of its own where the last one has one."""
    dockerfile = stage.build.dockerfile
    source, last = dockerfile.source, pairs[-1].span
    margin = source.text[source.line_starts[source.line(last.start) - 1] : last.start]
    before = f" {dockerfile.escape}{source.newline}{margin}" if not margin.strip() else " "
    return Edit(Span(last.end, last.end), "".join(f"{before}{name}={value}" for name, value in values.items()))


def beside(step: Step, pair: Pair, values: Mapping[str, str]) -> Edit:
    """Sets variables directly behind another one of an ENV, on lines of their own where those behind it have some."""
    source = step.stage.build.dockerfile.source
    behind = [one for one in step.instruction.pairs() if one.span.start > pair.span.start][:1]
    turned = behind and source.line(behind[0].span.start) > source.line(pair.span.start)
    edit = _more(step.stage, behind if turned else [pair], values)
    return Edit(Span(pair.span.end, pair.span.end), edit.text)


def first_use(call: Call) -> Step:
    """The first step of the stage that installs with pip or uv, no later than the command's own."""
    known = calls.all_calls(call.step.stage.build)
    for step in call.step.stage.steps[: call.step.index]:
        if any(one.program in {"pip", "uv"} and not _gets_uv_alone(one) for one in known[step]):
            return step
    return call.step


def _gets_uv_alone(call: Call) -> bool:
    """Whether a command line installs uv and nothing beside it: what is left when uv comes from its image needs no uv."""
    names = [arg or "" for arg in call.args[1:] if not (arg or "").startswith("-")]
    return environments.gets_uv(call) and all(re.match(r"(?:install|uv)\b(?!-)", name) for name in names)


def place_before(step: Step) -> Instruction:
    """The instruction below which uv goes: before the step, and before what is copied from the context just above it."""
    steps = step.stage.steps
    index = step.index
    best = index
    while index > 0 and steps[index - 1].instruction.keyword in _SETTLED:
        index -= 1
        if context.copied(steps[index]) is not None:
            best = index
    return steps[best - 1].instruction if best else step.stage.start
