"""Whether git is there where an install needs it: pip and uv both run the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import context, reads
from uvlint.lazy import regex
from uvlint.model import happened, text_of
from uvlint.tools import bases

if TYPE_CHECKING:
    from uvlint.model import Stage, Step
    from uvlint.plan import Install

_GIT = regex(r"\bgit\b")
_WITHOUT = regex(
    r"(?:docker\.io/|mirror\.gcr\.io/|public\.ecr\.aws/docker/)?(?:library/)?(?:(?P<python>python)|debian|ubuntu|alpine)\Z"
)
_BRINGS = regex(r"\.(?:sh|py)\b|\bbuild-essential\b|\binstall[-_]|\bxargs\b|\$[({\w]")


def missing(install: Install) -> str:
    """Why an install can't work: it needs git, of which its image is known to have none; else ""."""
    if not reads.of(install).scan.git or not _without(install.call.step.stage):
        return ""
    step = install.call.step
    if _brings(step) or happened(step, "git", _brings):
        return ""
    return "it installs from git, which this image does not have: with pip it fails as well"


def _without(stage: Stage) -> bool:
    """Whether the base image is one that is known to come without git."""
    name, tag, _ = bases.reference(stage.chain[0].image or "")
    match = _WITHOUT.match(name)
    return match is not None and (not match["python"] or "slim" in tag or "alpine" in tag)


def _brings(step: Step) -> bool:
    """Whether a step may bring git: it names it, or can't be seen through."""
    instruction = step.instruction
    if instruction.keyword in {"COPY", "ADD"}:
        return context.copied(step) is None and _GIT.search(instruction.args.text) is not None
    if step.run is None:
        return False
    text = text_of(step.run)
    bare = text.replace("git+", "").replace("@git", "").replace(".git", "")
    return (
        step.script is None or _GIT.search(bare.replace("github", "")) is not None or _BRINGS.search(text) is not None
    )
