from __future__ import annotations


def main() -> None:
    """The command `uvlint`."""
    from uvlint.cli import main as run  # noqa: PLC0415  # processes of the pool import this module, too

    run()


if __name__ == "__main__":
    main()
