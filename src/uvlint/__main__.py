import os
import sys

_INTERRUPTED = 130


def main() -> None:
    """The command `uvlint`."""
    from uvlint import cache  # noqa: PLC0415 - processes of the pool import this module, too

    arguments = sys.argv[1:]
    key = cache.key_of(arguments)
    known = cache.look_up(key) if key else None
    try:
        if known is None:
            _run(arguments, key)
        else:
            _show(*known)
    except KeyboardInterrupt:  # what handles it may not be imported yet
        _leave(_INTERRUPTED)


def _run(arguments: list[str], key: bytes | None) -> None:
    import gc  # noqa: PLC0415

    gc.disable()  # there is next to no garbage until all is imported: uvlint.run turns it on
    from uvlint import checking  # noqa: PLC0415

    try:
        given = checking.plain(arguments)
        if given is None:
            from uvlint.cli import main as run  # noqa: PLC0415

            run(arguments, key)
        else:
            checking.guarded(lambda: checking.check(*given, key))
    except SystemExit as end:
        if isinstance(end.code, int):
            _leave(end.code)
        raise


def _show(output: bytes, status: int) -> None:
    try:
        sys.stdout.buffer.write(output)
    except OSError as error:
        from uvlint.checking import stop  # noqa: PLC0415

        stop(error)
    _leave(status)


def _leave(status: int) -> None:
    """End the process as it is: nothing is left to do, and to tidy up takes Python longer than to check a file.

    With UVLINT_DEBUG it ends as others do, for profilers and the like.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        from uvlint.checking import stop  # noqa: PLC0415

        stop(error)
    if os.environ.get("UVLINT_DEBUG"):
        sys.exit(status)
    os._exit(status)


if __name__ == "__main__":
    main()
