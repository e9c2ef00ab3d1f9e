"""The command line."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from uvlint import config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from uvlint.book import Page
    from uvlint.diagnostics import FileEdit
    from uvlint.reports import Pieces
    from uvlint.reports.summary import Tally
    from uvlint.rules import Rule
    from uvlint.run import Job, Result

CLEAN, FOUND, WRONG = 0, 1, 2
HELP = {"help_option_names": ["-h", "--help"]}

ELSEWHERE: dict[str, str] = {"verify": "uvlint.verify.cli"}
"""The commands that are not in this module, and where each is: imported when it is called."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 clean, 1 findings, 2 wrong usage or settings."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # `uvlint [PATHS]` is `uvlint check [PATHS]`.
    if not given or given[0] not in (*group.commands, *ELSEWHERE, "-h", "--help", "-V", "--version"):
        given.insert(0, "check")
    _stand_in()
    try:
        group.main(given, "uvlint")
    except config.ConfigError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(WRONG)
    except BrokenPipeError:
        from uvlint.reports.out import leave_quietly  # noqa: PLC0415

        leave_quietly()
        sys.exit(FOUND)
    except OSError as error:  # a full disk behind the report, a working folder that is gone
        from uvlint.reports.out import leave_quietly  # noqa: PLC0415

        leave_quietly()
        click.echo(f"error: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}", err=True)
        sys.exit(WRONG)


def _stand_in() -> None:
    """Put something in the place of streams that the caller has closed (`>&-`): Python then has None for them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process


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
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="How many processes may work; default one a processor.")
@click.option("-e", "--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option("--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 even if everything found was fixed.")
def check(paths: tuple[str, ...], **options: Any) -> None:
    """Check Dockerfiles: the PATHS, and those that are found in folders; `-` reads standard input.

    Exits with 0 if nothing is left to report, 1 if something is, 2 if the command line or a configuration file is wrong.
    """
    from uvlint import rules  # noqa: PLC0415

    if options["config_file"] and options["isolated"]:
        raise click.UsageError("--config and --isolated exclude each other")
    if "-" in paths and len(paths) > 1:
        raise click.UsageError("- (standard input) can't be combined with other paths")
    known = rules.load()
    finder = _finder(options, known)
    request = Request(known, finder, finder(_here()), options)
    status = _standard_input(request) if paths == ("-",) else _files(request, paths or (".",))
    sys.exit(CLEAN if options["exit_zero"] else status)


class Request(NamedTuple):
    """What was asked for. `settings` are those of the working folder: they decide on all that is not per file."""

    known: Mapping[str, Rule]
    finder: config.Finder
    settings: config.Settings
    options: Mapping[str, Any]

    @property
    def only(self) -> bool:
        """Whether what is left after fixing is nobody's business."""
        return bool(self.options["diff"] or self.options["fix_only"])

    @property
    def job(self) -> Job:
        from uvlint.run import Job  # noqa: PLC0415

        fix = self.settings.fix or self.only
        return Job(fix=fix, unsafe=self.settings.unsafe_fixes, write=fix and not self.options["diff"])


def _here() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise config.ConfigError("the working folder is gone") from None


def _finder(options: Mapping[str, Any], known: Mapping[str, Rule]) -> config.Finder:
    lists = ("select", "ignore", "extend_select", "exclude", "extend_exclude")
    flags = ("force_exclude", "respect_gitignore", "fix", "unsafe_fixes", "show_fixes", "output_format")
    given = {name: options[name] for name in lists + flags}
    where = {name.replace("_", "-"): "--" + name.replace("_", "-") for name in lists if given[name] is not None}
    if "ignore" in where and "select" not in where:
        where["per-file-ignores"] = "--ignore"

    def finish(settings: config.Settings) -> config.Settings:
        config.verify(settings, known)
        settings = config.override(settings, given)
        config.verify(settings, known, where)
        return settings

    fixed = None
    if options["isolated"]:
        fixed = config.Settings(root=_here())
    elif options["config_file"]:
        fixed = config.load(options["config_file"])
        if fixed is None:
            raise config.ConfigError(f"{options['config_file']}: there is no [tool.uvlint] table in this file")
        fixed.root = _here()
    return config.Finder(finish, fixed)


def _files(request: Request, paths: Sequence[str]) -> int:
    from uvlint import files, run  # noqa: PLC0415

    found = list(files.find(paths, request.finder))
    if not found and not request.options["quiet"]:
        click.echo("warning: no Dockerfiles found under the given path(s)", err=True)
    return _report(request, run.every(found, request.job, request.options["jobs"]), sys.stdout)


def _standard_input(request: Request) -> int:
    from uvlint import run  # noqa: PLC0415
    from uvlint.reports import out  # noqa: PLC0415
    from uvlint.source import Source  # noqa: PLC0415

    path = request.options["stdin_filename"] or run.STDIN
    place = os.path.abspath(path)
    settings = request.finder(os.path.dirname(place))
    source = Source.decode(sys.stdin.buffer.read(), path)
    job = request.job
    job.beside = False
    if settings.force_exclude and settings.excluded.covers(place):
        if job.write:
            out.data(sys.stdout, source.encode())
        return CLEAN
    result = run.text(source, settings, job)
    if not job.write:
        return _report(request, iter([result]), sys.stdout)
    out.data(sys.stdout, result.source.encode())
    return _report(request, iter([result]), sys.stderr)


def _report(request: Request, results: Iterator[Result], stream: IO[str]) -> int:
    """Write what was asked for; the exit status."""
    from uvlint.reports import out, summary  # noqa: PLC0415

    options, settings = request.options, request.settings
    tally = summary.Tally()
    with _opened(options["output_file"], stream) as target:
        out.prepare(target)
        out.prepare(sys.stderr)
        write = out.writer(target, colour=out.coloured(target, options["color"]))
        if options["diff"]:
            _diff(request, tally.count(results), target)
        elif options["fix_only"]:
            _failures(tally.count(results))
        elif options["statistics"]:
            _failures(tally.count(results))
            write(summary.statistics(tally))
        else:
            from uvlint.reports import get  # noqa: PLC0415

            write(get(settings.output_format)(tally.count(results), unsafe=settings.unsafe_fixes))
        _summary(request, tally, write)
        target.flush()
    if options["diff"]:
        return FOUND if tally.changed or tally.errors else CLEAN
    left = tally.errors if options["fix_only"] else tally.left + tally.errors
    return FOUND if left or (tally.fixed and options["exit_non_zero_on_fix"]) else CLEAN


def _opened(path: str | None, stream: IO[str]) -> AbstractContextManager[IO[str]]:
    if path is None:
        return nullcontext(stream)
    try:
        return open(path, "w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise config.ConfigError(f"{path}: can't write the report: {error.strerror}") from None


def _diff(request: Request, results: Iterator[Result], target: IO[str]) -> None:
    from uvlint.reports import out, printable  # noqa: PLC0415
    from uvlint.reports.diff import diff, diff_of  # noqa: PLC0415

    colour = out.coloured(target, request.options["color"])
    write = out.writer(target, colour=colour)
    shown: set[FileEdit] = set()
    for result in results:
        _failures([result])
        found = [diff(result.before, result.source)] if result.before is not None else []
        found += [diff_of(one) for one in result.files if one not in shown]
        shown.update(result.files)
        for pieces in found:
            if colour:
                write((printable(text.removesuffix("\n")) + "\n", style) for text, style in pieces)
            else:
                out.data(target, "".join(text for text, _ in pieces).encode("utf-8", "surrogateescape"))


def _failures(results: Iterable[Result]) -> None:
    from uvlint.reports.concise import failure  # noqa: PLC0415

    for result in results:
        for error in result.errors:
            sys.stderr.write("".join(text for text, _ in failure(result.path, error)))


def _summary(request: Request, tally: Tally, write: Callable[[Pieces], None]) -> None:
    from uvlint.reports import out, summary  # noqa: PLC0415

    options, settings = request.options, request.settings
    if options["quiet"]:
        return
    codes = {name: rule.code for name, rule in request.known.items()}
    if request.only:
        write = out.writer(sys.stderr, colour=out.coloured(sys.stderr, options["color"]))
    elif settings.output_format == "json" and not options["statistics"]:
        return
    if settings.show_fixes:
        write(summary.fixes(tally, codes, would=options["diff"]))
    if options["diff"]:
        write(summary.would_fix(tally, unsafe=settings.unsafe_fixes))
    elif options["fix_only"]:
        write(iter(()) if settings.show_fixes else summary.only_fixed(tally))
    else:
        write(summary.checked(tally, fix=request.job.fix, unsafe=settings.unsafe_fixes))


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
