from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, downloads, pipconf, plan, reads, variables
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build
    from uvlint.source import Span

_OPTIONS = frozenset({"--trusted-host", "--allow-insecure-host"})
_VARIABLES = ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST")
_OWN = frozenset({"localhost", "127.0.0.1", "::1", "host.docker.internal"})
_HELP = "let the image trust the certificate: `update-ca-certificates`, with UV_SYSTEM_CERTS=1 for uv, or SSL_CERT_FILE, PIP_CERT"


@rule("UVL502")
def trusted_host(build: Build) -> Iterator[Diagnostic]:
    """Certificates are not checked for an index, so that anyone on the way can hand out packages."""
    for name in _VARIABLES:
        for setter in variables.pairs(build, name):
            if setter.pair.key == name and setter.pair.value is not None:
                yield from _said(setter.pair.span, setter.pair.value.text.strip("\"'"))
    for call in calls.find(build, "pip", "uv", "uvx", "pipenv", "poetry"):
        yield from _options(call)
        if pipconf.configures(call) and len(call.args) > 2 and (call.args[-2] or "").endswith(".trusted-host"):
            yield from _said(call.span, call.args[-1] or "")
    for install in plan.installs(build):
        if install.tool in {"pip", "uv"} and install.given is not None:
            yield from _said(downloads.span(install), " ".join(dict.fromkeys(reads.of(install).scan.trusted)))


def _options(call: Call) -> Iterator[Diagnostic]:
    words = call.words
    if "-host" not in call.command.cooked.text:
        return
    for index in range(call.rest, len(words)):
        name, equals, value = words[index].text.partition("=")
        if name not in _OPTIONS:
            continue
        last = index if equals else index + 1
        if last < len(words):
            span = call.command.cooked.span(words[index].start, words[last].end)
            yield from _said(span, (value if equals else words[last].text).strip("\"'"))


def _said(span: Span, hosts: str) -> Iterator[Diagnostic]:
    named = [one for one in hosts.split() if one.rpartition(":")[0] not in _OWN and one not in _OWN]
    if not named:
        return
    if "*" in named:
        yield Diagnostic(span, "certificates are checked for no index at all", help=_HELP)
    else:
        listed = ", ".join(f"`{one}`" for one in named)
        yield Diagnostic(span, f"certificates are not checked for {listed}", help=_HELP)
