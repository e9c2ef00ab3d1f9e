"""`uvlint migrate`."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from uvlint import checking, cli

if TYPE_CHECKING:
    from uvlint.migrate.moving import Moved


@click.command(context_settings=cli.HELP)
@click.argument("path", default=".", type=click.Path(file_okay=False))
@click.option("--diff", is_flag=True, help="Show what would change and write nothing.")
@click.option("--project-only", is_flag=True, help="Leave the Dockerfiles as they are.")
@click.option(
    "--python", metavar="VERSION", default="", help="The oldest Python that the project is for, such as 3.12."
)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colour.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def migrate(path: str, **options: Any) -> None:
    """Move a project from requirements, setup.py, Poetry or Pipenv to pyproject.toml and uv.lock.

    Its Dockerfiles move along, to `uv sync`. Versions stay as they are locked today. All files are changed, or none.

    Exits with 0 when the project was moved (with --diff: 1 when it would be), 2 when it can't be, with the reason.
    """
    from uvlint.migrate import moving, project, tools, transaction  # noqa: PLC0415

    python, diff = options["python"], options["diff"]
    if python and (not re.fullmatch(r"3\.\d+", python) or project.number(python) < (3, 8)):
        raise click.BadParameter("give a version of 3.8 or later, such as 3.12", param_hint="--python")
    if not os.path.isdir(path):
        raise click.BadParameter(f"{path} is not a folder", param_hint="PATH")
    try:
        moved = moving.work_out(os.path.abspath(path), python=python, only=options["project_only"])
        if diff:
            _show(moved, options["color"])
        else:
            transaction.commit(moved.changes)
    except (project.Declined, tools.Missing, transaction.Refused) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(checking.WRONG)
    except KeyboardInterrupt:
        click.echo("interrupted; all files are as they were", err=True)
        sys.exit(checking.INTERRUPTED)
    if not options["quiet"]:
        _tell(moved, would=diff)
    sys.exit(checking.FOUND if diff else checking.CLEAN)


def _show(moved: Moved, color: str) -> None:
    """Print the changes, secrets masked; the lock file is left out, which nobody reads."""
    from uvlint import credentials  # noqa: PLC0415
    from uvlint.reports import out, printable  # noqa: PLC0415
    from uvlint.reports.diff import changed  # noqa: PLC0415

    out.prepare(sys.stdout)
    colour = out.coloured(sys.stdout, color)
    write = out.writer(sys.stdout, colour=colour)
    for change in moved.changes:
        if os.path.basename(change.path) == "uv.lock" or change.before == change.after:
            continue
        before = None if change.before is None else change.before.decode("utf-8", "surrogateescape")
        after = None if change.after is None else change.after.decode("utf-8", "surrogateescape")
        pieces = [(credentials.masked(text), style) for text, style in changed(change.path, before, after)]
        if colour:
            write((printable(text.removesuffix("\n")) + "\n", style) for text, style in pieces)
        else:
            out.data(sys.stdout, "".join(text for text, _ in pieces).encode("utf-8", "surrogateescape"))


def _tell(moved: Moved, *, would: bool) -> None:
    """Say in a few lines what becomes of the project."""
    click.echo("Would move the project:" if would else "Moved the project:", err=True)
    width = max(len(path) for path, _ in moved.told)
    for path, what in moved.told:
        click.echo(f"  {path:{width}}  {what}", err=True)
    for note in moved.notes:
        click.echo(f"note: {note}", err=True)
