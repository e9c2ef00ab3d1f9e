"""The command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from uvlint import checking, config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uvlint.book import Page

HELP = {"help_option_names": ["-h", "--help"]}

ELSEWHERE: dict[str, str] = {"migrate": "uvlint.migrate.cli", "verify": "uvlint.verify.cli"}
"""The commands that are not in this module, and where each is: imported when it is called."""


def main(arguments: Sequence[str] | None = None, key: bytes | None = None) -> None:
    """Run the command and exit: 0 clean, 1 findings, 2 wrong usage or settings. `key` is the run's in `uvlint.cache`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # `uvlint [PATHS]` is `uvlint check [PATHS]`.
    if not given or given[0] not in (*group.commands, *ELSEWHERE, "-h", "--help", "-V", "--version"):
        given.insert(0, "check")
    checking.guarded(lambda: group.main(given, "uvlint", obj=key))


def _version(context: click.Context, _: click.Parameter, given: bool) -> None:  # noqa: FBT001
    if given:
        from importlib import metadata  # noqa: PLC0415

        try:
            version = metadata.version("uvlint")
        except metadata.PackageNotFoundError:
            version = "unknown (not installed)"
        click.echo(f"uvlint {version}")
        context.exit()


class Commands(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # click would exit with 1, which says that something was found
            click.echo("\nAborted!", err=True)
            ctx.exit(checking.INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in ELSEWHERE:
            from importlib import import_module  # noqa: PLC0415

            command: click.Command = getattr(import_module(ELSEWHERE[cmd_name]), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings=HELP)
@click.option(
    "-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)
def group() -> None:
    """Find what makes Python images slow to build and heavy to ship, and fix the Dockerfile.

    `uvlint [PATHS]` is short for `uvlint check [PATHS]`.
    """


# check ----------------------------------------------------------------------------------------------------------------


def _split(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    return tuple(part for value in values for word in value.split(",") if (part := word.strip())) if values else None


def _list(name: str, what: str, metavar: str = "RULES") -> Callable[[Any], Any]:
    return click.option(name, multiple=True, metavar=metavar, callback=_split, help=what)


@group.command(context_settings=HELP)
@click.argument("paths", nargs=-1, type=click.Path(readable=False))  # files.find() tells what can't be read
@click.option("--fix/--no-fix", default=None, help="Mend what can be mended safely.")
@click.option("--unsafe-fixes/--no-unsafe-fixes", default=None, help="Count and apply unsafe fixes, too.")
@click.option("--diff", is_flag=True, help="Show what --fix would change and write nothing.")
@click.option("--fix-only", is_flag=True, help="Fix, and don't report what is left.")
@click.option("--show-fixes/--no-show-fixes", default=None, help="List the fixes that were applied.")
@_list("--select", "Rules to check: names, codes, beginnings of codes, or ALL; comma-separated.")
@_list("--ignore", "Rules not to check.")
@_list("--extend-select", "Rules to check besides those selected.")
@_list("--exclude", "Files and folders to leave out, as in .gitignore, instead of the usual ones.", "PATTERNS")
@_list("--extend-exclude", "Files and folders to leave out, too.", "PATTERNS")
@click.option("--force-exclude/--no-force-exclude", default=None, help="Leave them out even where they are named.")
@click.option("--respect-gitignore/--no-respect-gitignore", default=None, help="Leave out what git ignores.")
@click.option(
    "--output-format", type=click.Choice(config.FORMATS), envvar="UVLINT_OUTPUT_FORMAT", help="How to report."
)
@click.option("-o", "--output-file", type=click.Path(dir_okay=False), help="Write the report to a file.")
@click.option("--statistics", is_flag=True, help="Count the findings by rule instead of showing them.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colour.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@click.option("--stdin-filename", metavar="PATH", help="The name of the file that is read from standard input (-).")
@click.option("--config", "config_file", metavar="FILE", help="Use this configuration for all files.")
@click.option("--isolated", is_flag=True, help="Use no configuration file.")
@click.option("-n", "--no-cache", is_flag=True, envvar="UVLINT_NO_CACHE", help="Neither use nor keep earlier results.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="How many processes may work; default one a processor.")
@click.option("-e", "--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option("--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 even if everything found was fixed.")
def check(paths: tuple[str, ...], **options: Any) -> None:
    """Check Dockerfiles: the PATHS, and those that are found in folders; `-` reads standard input.

    Exits with 0 if nothing is left to report, 1 if something is, 2 if the command line or a configuration file is wrong.
    """
    if options["config_file"] and options["isolated"]:
        raise click.UsageError("--config and --isolated exclude each other")
    if "-" in paths and len(paths) > 1:
        raise click.UsageError("- (standard input) can't be combined with other paths")
    sys.exit(checking.check(paths, options, click.get_current_context().obj))


# rule -----------------------------------------------------------------------------------------------------------------


@group.command(context_settings=HELP)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "every", is_flag=True, help="Explain all rules.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colour.")
def rule(names: tuple[str, ...], every: bool, output_format: str, color: str) -> None:  # noqa: FBT001
    """Explain rules, by name or code."""
    from uvlint import book  # noqa: PLC0415
    from uvlint.reports import out  # noqa: PLC0415

    if every == bool(names):
        raise click.UsageError("give the name of a rule, or --all")
    pages = [_page(name) for name in (book.names() if every else names)]
    if every:
        pages.sort(key=lambda page: page.code)
    out.prepare(sys.stdout)
    if output_format == "json":
        from json import dumps  # noqa: PLC0415

        items = [
            {
                "name": page.name,
                "code": page.code,
                "summary": page.summary,
                "fix": book.availability(page),
                "explanation": page.text,
            }
            for page in pages
        ]
        click.echo(dumps(items if every else items[0] if len(items) == 1 else items, indent=2))
    elif out.coloured(sys.stdout, color):
        from rich.markdown import Markdown  # noqa: PLC0415

        console = out.console(sys.stdout)
        for page in pages:
            console.print(Markdown(_explained(page)))
    else:
        click.echo("\n\n".join(_explained(page).rstrip("\n") for page in pages))


def _page(word: str) -> Page:
    from uvlint import book  # noqa: PLC0415

    name = book.find(word)
    if name is None:
        raise click.UsageError(
            f"there is no rule `{word}`{config.suggestion(word, book.names())}; `uvlint rule --all` shows all"
        )
    return book.read(name)


def _explained(page: Page) -> str:
    """The page's text, its fixes named under the title."""
    from uvlint import book  # noqa: PLC0415

    title, _, rest = page.text.partition("\n")
    kind = book.availability(page)
    return f"{title}\n\n{'No fix is available.' if kind == 'none' else f'Fix: {kind}.'}\n{rest}"
