from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls
from uvlint.diagnostics import Diagnostic
from uvlint.lazy import regex
from uvlint.model import text_of
from uvlint.rules import rule
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build

_URL = regex(r"(?:https?://)?(?P<host>[\w-]+(?:\.[\w-]+)+)(?P<path>/[^\s\"']*)?")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
_KNOWN = (
    (regex(r"sh\.rustup\.rs"), "the image `rust` has it, and distributions have a package: rustup, or cargo"),
    (regex(r"(?:deb|rpm)\.nodesource\.com|get\.volta\.sh|nvm-sh/nvm"), "the image `node` has it: `COPY --from=node:…`"),
    (regex(r"get\.docker\.com"), "the image `docker:cli` has the client: `COPY --from=docker:cli /usr/local/bin/docker …`"),
    (regex(r"python-poetry"), "it is a package: `uv tool install poetry`"),
    (regex(r"pdm-project\.org|pdm\.fming"), "it is a package: `uv tool install pdm`"),
    (regex(r"get-pip\.py|bootstrap\.pypa\.io"), "the image `python` has pip, distributions have python3-pip, and uv needs none"),
    (regex(r"rye\.astral\.sh|rye-up\.com"), "uv has taken its place: `COPY --from=ghcr.io/astral-sh/uv:…`"),
    (regex(r"pixi\.sh"), "the image `ghcr.io/prefix-dev/pixi` has it"),
    (regex(r"micro\.mamba\.pm"), "the image `mambaorg/micromamba` has it"),
    (regex(r"ollama\.(?:com|ai)"), "the image `ollama/ollama` has it"),
    (regex(r"deno\.land"), "the image `denoland/deno` has it: `COPY --from=denoland/deno:bin-… /deno …`"),
    (regex(r"bun\.sh"), "the image `oven/bun` has it"),
    (regex(r"sdk\.cloud\.google\.com"), "the image `google/cloud-sdk` has it"),
    (regex(r"get\.pulumi\.com"), "the image `pulumi/pulumi` has it"),
    (regex(r"get-helm-\d|helm/helm"), "the image `alpine/helm` has it"),
    (regex(r"get\.sdkman\.io"), "the images `eclipse-temurin`, `maven` and `gradle` have what it installs"),
)  # fmt: skip
"""Scripts by their address, and what has the program without running one."""


@rule("UVL504")
def piped_installer(build: Build) -> Iterator[Diagnostic]:
    """A script from the network is run unseen, where an image or a package has the program."""
    for step in build.steps:
        text = text_of(step.run) if step.run is not None else ""
        if ("curl" in text or "wget" in text) and any(pattern.search(text) for pattern, _ in _KNOWN):
            known = calls.all_calls(build)[step] or calls.calls(step)
            for call in known:
                if call.program in {"curl", "wget"}:
                    yield from _piped(call, known)


def _piped(call: Call, known: list[Call]) -> Iterator[Diagnostic]:
    last = _run_by(call, known)
    if last is None:
        return
    for word in call.words[call.rest :]:
        found = next((what for pattern, what in _KNOWN if pattern.search(word.text)), "")
        url = _URL.search(word.text)
        if found and url is not None:
            span = Span(min(call.span.start, last.span.start), max(call.span.end, last.span.end))
            yield Diagnostic(span, f"a script is run as `{url['host']}` hands it out that day", help=found)
            return


def _run_by(call: Call, known: list[Call]) -> Call | None:
    """The shell (or Python) that runs what a command fetches; None for none."""
    if any(scope.kind in {"substitution", "process"} for scope in call.command.scopes):
        outer = [one for one in known if one.program in _SHELLS and one.span.covers(call.span) and one is not call]
        return outer[-1] if outer else None
    here = call
    for one in known[call.position + 1 :]:
        if here.command.after is None or here.command.after.text not in {"|", "|&"}:
            return None
        if one.command.before is None or one.command.before.text not in {"|", "|&"}:
            return None
        if one.program in _SHELLS or one.program == "python":
            return one
        here = one
    return None
