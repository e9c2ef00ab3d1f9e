from importlib.metadata import version

import click
import regex


@click.command()
@click.version_option(version("wordtally"))
@click.argument("words", nargs=-1)
def main(words: tuple[str, ...]) -> None:
    """Counts words, in any script."""
    click.echo(f"{len(regex.findall(r'\p{L}+', ' '.join(words)))} words")
