from __future__ import annotations


def main() -> None:
    """The command `uvlint`."""
    import os  # noqa: PLC0415  # processes of the pool import this module, too
    import sys  # noqa: PLC0415

    from uvlint import cache  # noqa: PLC0415

    arguments = sys.argv[1:]
    key = cache.key_of(arguments)
    known = cache.look_up(key) if key else None
    if known is None:
        from uvlint.cli import main as run  # noqa: PLC0415

        run(arguments, key)
    else:
        output, status = known
        try:
            sys.stdout.buffer.write(output)
            sys.stdout.flush()
        except OSError as error:
            from uvlint.cli import stop  # noqa: PLC0415

            stop(error)
        os._exit(status)  # nothing is left to do, and to tidy up takes Python a third of its time


if __name__ == "__main__":
    main()
