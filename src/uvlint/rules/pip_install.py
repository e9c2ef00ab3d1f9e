from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import conda, obstacles, plan, rewriting, scripts
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.plan import installs, upgrades_pip
from uvlint.rules import rule
from uvlint.translation import Refusal, translate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.scripts import Ran


@rule("UVL101")
def pip_install(build: Build) -> Iterator[Diagnostic]:
    """`pip install` where `uv pip install` does the same."""
    for install in installs(build):
        if install.tool != "pip" or install.empty or upgrades_pip(install):
            continue  # uv itself is pip-install-uv's, pip itself pip-self-upgrade's
        if conda.within(install.call):
            continue  # conda-pip's
        made = translate(install)
        if isinstance(made, Refusal):
            yield Diagnostic(install.call.span, "`pip install` stays with pip", help=made.reason)
        else:
            yield Diagnostic(install.call.span, "`pip install` where `uv pip install` does the same", made)
    for ran in scripts.ran(build):
        yield from _in_script(ran)


def _in_script(ran: Ran) -> Iterator[Diagnostic]:
    """What a script of the build context, which a RUN executes, installs with pip."""
    found = [one for call in ran.calls if (one := plan.of(call)) is not None and one.tool == "pip" and not one.empty]
    left = [one for one in found if not upgrades_pip(one) and not conda.within(one.call)]
    if not left:
        return
    refused = [obstacles.refusal(one) for one in left]
    lines = [ran.line(one.call) for one, why in zip(left, refused, strict=True) if not why or all(refused)]
    written = " and ".join(filter(None, [", ".join(map(str, lines[:-1])), str(lines[-1])]))
    where = f"`pip install` in `{ran.path}` (line{'s' if len(lines) > 1 else ''} {written})"
    if all(refused):
        yield Diagnostic(ran.word.span, f"{where} stays with pip", help=refused[0])
        return
    made = rewriting.fix(ran, [one for one, why in zip(left, refused, strict=True) if not why])
    fix, why = (made, "") if isinstance(made, Fix) else (None, made)
    yield Diagnostic(ran.word.span, f"{where} where `uv pip install` does the same", fix, why)
