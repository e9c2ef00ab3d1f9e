from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, credentials, edits
from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety
from uvlint.lazy import regex
from uvlint.model import text_of
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.credentials import Credential
    from uvlint.model import Build, Stage, Step
    from uvlint.shell import Word
    from uvlint.source import Span
    from uvlint.syntax import Pair

_INSTALLERS = (
    "pip",
    "uv",
    "uvx",
    "poetry",
    "pipenv",
    "pipx",
    "pdm",
    "pip-compile",
    "pip-sync",
    "conda",
    "git",
    "easy_install",
)
_UVS = frozenset({"uv", "uvx"})
_OTHERS = frozenset(_INSTALLERS) - _UVS
_OF_INSTALLERS = regex(
    r"(?:UV_INDEX_\w+|POETRY_HTTP_BASIC_\w+|TWINE|UV_PUBLISH|PIP_\w+)_PASSWORD\Z|POETRY_PYPI_TOKEN_\w+\Z|UV_PUBLISH_TOKEN\Z"
)
_READ = regex(r"(?:PIP|UV|POETRY|PIPENV|TWINE)_\w+\Z")
_HINT = regex(r"://[^\s/]*@|PASS|TOKEN|SECRET|KEY|PAT\b", re.IGNORECASE)
"""What an ENV or ARG has that may hold a secret."""
_SETTING = regex(r"\"?\$\{?(?P<name>\w+)\}?\"?\Z")
_KEPT = (
    "the command writes it into a file of the image: hand a variable over in a secret mount to the steps that need it"
)
_STAYS = "which stays in the image's history"
_NAMES = {True: "INDEX_PASSWORD", False: "INDEX_TOKEN"}


class _Place(NamedTuple):
    """The stage and the steps behind an instruction that see what it sets."""

    stages: list[Stage]
    steps: list[Step]


@rule("UVL501")
def secret_in_index(build: Build) -> Iterator[Diagnostic]:
    """A credential in the URL of an index, an ARG or an ENV, which stays in the image."""
    for step in build.steps:
        if step.instruction.keyword in {"ENV", "ARG"} and _HINT.search(step.instruction.args.text):
            for pair in step.instruction.pairs():
                yield from _pair(step, pair)
        elif step.run is not None and any(credentials.in_urls(text_of(step.run))):
            for call in calls.all_calls(build)[step] or calls.calls(step):
                yield from _words(call)


# ENV and ARG -----------------------------------------------------------------------------------------------------------


def _pair(step: Step, pair: Pair) -> Iterator[Diagnostic]:
    text = pair.value.text if pair.value is not None else ""
    if not text.strip("\"'"):
        return
    found = next(credentials.in_urls(text), None)
    reference = _SETTING.match(text)
    if found is not None:
        message = f"`{pair.key}` holds a {'password' if found.password else 'token'}, {_STAYS}"
    elif "$" not in text and _OF_INSTALLERS.match(pair.key):
        message = f"`{pair.key}` holds a secret, {_STAYS}"
    elif reference is not None and _secret_argument(step, pair, reference["name"]):
        yield Diagnostic(
            pair.span,
            f"`{pair.key}` keeps the secret of a build argument in the image",
            help=f"give it to the steps that need it: `RUN --mount=type=secret,id={pair.key},env={pair.key}`",
        )
        return
    else:
        return
    made = _mounted_for(step, pair) if _READ.match(pair.key) else None
    if made is None:
        use = f"hand it over in a secret mount: `RUN --mount=type=secret,id={pair.key},env={pair.key}`"
        yield Diagnostic(pair.span, message, help=use)
        return
    yield Diagnostic(pair.span, message, _fix(pair.key, made)._replace(drops=tuple(text.strip("\"'").split())))


def _secret_argument(step: Step, pair: Pair, name: str) -> bool:
    """Whether an ENV takes over a build argument that bears a secret's name."""
    secret = credentials.SECRET_NAME.search(name) is not None or credentials.SECRET_NAME.search(pair.key) is not None
    return step.instruction.keyword == "ENV" and secret and name in step.state.args and name not in step.state.env


def _fix(name: str, made: list[Edit]) -> Fix:
    note = (
        f"the build has to be given `--secret id={name},env={name}`, and needs Dockerfile syntax 1.10; "
        "what was published before has to be withdrawn"
    )
    return Fix("Mount it as a secret", tuple(made), Safety.UNSAFE, note)


def _mounted_for(step: Step, pair: Pair) -> list[Edit] | None:
    """Takes a pair away, and mounts a secret of its name into each step that may read it."""
    place = _behind(step)
    removed = edits.delete_pair(step, pair)
    known = calls.all_calls(step.stage.build)
    programs = _UVS if pair.key.startswith("UV_") else _OTHERS
    readers = [one for one in place.steps if any(each.program in programs for each in known[one])]
    if removed is None or not _only_runs(place, pair.key) or any(one.onbuild for one in readers):
        return None
    readers += [one for one in place.steps if one not in readers and _refers(_text(one), pair.key)]
    if not readers and not _known_to_uv(step, pair):
        return None
    return [*removed, *(edits.add_flag(one, _mount(pair.key)) for one in readers)]


def _known_to_uv(step: Step, pair: Pair) -> bool:
    """Whether a variable of uv's says the same as one of pip's: then nothing needs that any more."""
    text = pair.value.text if pair.value is not None else ""
    return pair.key.startswith("PIP_") and any(
        each.key.startswith("UV_") and each.value is not None and each.value.text == text
        for one in step.stage.steps
        if one.instruction.keyword == step.instruction.keyword
        for each in one.instruction.pairs()
    )


def _mount(name: str) -> str:
    return f"--mount=type=secret,id={name},env={name}"


def _behind(step: Step) -> _Place:
    build = step.stage.build
    inherits = step.instruction.keyword == "ENV"
    stages = [one for one in build.stages if one is step.stage or (inherits and step.stage in one.chain)]
    return _Place(
        stages, [one for stage in stages for one in stage.steps if stage is not step.stage or one.index > step.index]
    )


def _text(step: Step) -> str:
    return text_of(step.run) if step.run is not None else step.instruction.args.text


def _refers(text: str, name: str) -> bool:
    return f"${name}" in text or f"${{{name}" in text


def _only_runs(place: _Place, name: str) -> bool:
    """Whether no instruction but RUNs names a variable."""
    return not any(one.run is None and name in one.instruction.args.text for one in place.steps) and not any(
        one.onbuild and name in _text(one) for one in place.steps
    )


# Command lines ---------------------------------------------------------------------------------------------------------


def _words(call: Call) -> Iterator[Diagnostic]:
    if call.program not in _INSTALLERS or call.spawn is not None:
        return
    for word in call.words[call.rest :]:
        for found in credentials.in_urls(word.text):
            if found.variable:
                yield from _variable(call, word, found)
            else:
                yield _written(call, word, found)


def _span(word: Word, found: Credential) -> Span:
    return word.outer.span(word.start + found.start, word.start + found.end)


def _variable(call: Call, word: Word, found: Credential) -> Iterator[Diagnostic]:
    """A build argument, or a variable of the image, in a URL."""
    step, name = call.step, found.variable
    if name in call.env or (name not in step.state.args and name not in step.state.env):
        return
    origin = "a variable of the image" if name in step.state.env else "a build argument"
    message = f"`{name}`, {origin}, gives the URL a secret, {_STAYS}"
    made = _argument_mounted(step, name) if name not in step.state.env and not _kept(call) else None
    if made is None:
        yield Diagnostic(_span(word, found), message, help=_KEPT if _kept(call) else _use(name))
    else:
        yield Diagnostic(_span(word, found), message, _fix(name, made))


def _argument_mounted(step: Step, name: str) -> list[Edit] | None:
    """Takes an ARG away, and mounts a secret of its name into each step that names it."""
    setters = [
        (one, pair)
        for one in step.stage.steps[: step.index]
        if one.instruction.keyword == "ARG"
        for pair in one.instruction.pairs()
        if pair.key == name
    ]
    if len(setters) != 1:
        return None
    place = _behind(setters[0][0])
    readers = [one for one in place.steps if one.run is not None and _refers(_text(one), name)]
    removed = edits.delete_pair(*setters[0])
    if removed is None or not _only_runs(place, name) or any(one.onbuild for one in readers):
        return None
    return [*removed, *(edits.add_flag(one, _mount(name)) for one in readers)]


def _kept(call: Call) -> bool:
    """Whether a command writes the URL into a file of the image: its own configuration, or a clone's."""
    return call.program == "git" or call.verb == "config"


def _use(name: str) -> str:
    return f"hand it over in a secret mount: `RUN {_mount(name)}`"


def _written(call: Call, word: Word, found: Credential) -> Diagnostic:
    """A secret that is written out in a command line."""
    message = f"a {'password' if found.password else 'token'} in a URL, {_STAYS}"
    span, name = _span(word, found), _NAMES[found.password]
    made = _replaced(call, word, found, name) if not _kept(call) else None
    if made is None:
        return Diagnostic(span, message, help=_KEPT if _kept(call) else _use(name))
    return Diagnostic(span, message, _fix(name, made))


def _replaced(call: Call, word: Word, found: Credential, name: str) -> list[Edit] | None:
    """Writes a variable for a secret, and mounts it; None where the shell would not put its value there."""
    step, cooked = call.step, word.outer
    start, end = word.start + found.start, word.start + found.end
    whole = step.run
    if (
        whole is None
        or whole.json is not None
        or step.onbuild
        or any(one.kind == "shell" for one in call.command.scopes)
    ):
        return None
    quotes = {part.quote for part in word.parts or () if part.start < end and part.end > start}
    if not quotes <= {"", '"'} or not cooked.exact(start, end):
        return None
    texts = [_text(one) for one in step.stage.build.steps]
    others = {text[one.start : one.end] for text in texts for one in credentials.in_urls(text) if not one.variable}
    if len(others) > 1 or any(_refers(text, name) or text.count(next(iter(others))) > 1 for text in texts):
        return None  # one name for each of several secrets: that is a choice
    return [edits.add_flag(step, _mount(name)), Edit(cooked.span(start, end), f"${{{name}}}")]
