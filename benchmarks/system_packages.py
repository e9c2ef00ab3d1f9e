"""Asks Debian's archive what the libraries of each `-dev` package are called, for `src/uvlint/data/system_packages.tsv`.

    python benchmarks/system_packages.py            # rewrites the run-time packages of Debian's rows in place
    python benchmarks/system_packages.py --missing  # the names of Debian's rows that no release has

Names and roles of the table are kept by hand; the releases' packages come from apt: the lists of every release are fetched
with the mirror that this machine's apt uses, into a folder of its own. Needs apt, Debian's keyring and a network.

The libraries of a `-dev` package are those of its dependencies that the same source package builds and that hold no headers:
Debian's policy has every package with a library's headers depend on the library itself, in the same version (8.4, "Development
files"). One that has none stands for the `-dev` packages that it depends on, one that has some only for its source's.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "src" / "uvlint" / "data" / "system_packages.tsv"
RELEASES = ("bullseye", "bookworm", "trixie", "forky")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
HEADERS = re.compile(r"(?:-dev|-dev-compat|-multidev|-headers|-dev-bin|-source|-doc)(?:-all)?\Z|-dev-")
NOT_LIBRARIES = re.compile(
    r"-(?:bin|arch-config|utils|tools|common|data|doc|progs)\Z|\Apython3?-|-bin-|\Agcc|\Ag\+\+|\Apkg-config|\Apkgconf"
)
BUNDLED = frozenset({"libc6", "libgcc-s1", "libstdc++6", "libcrypt1", "libc6-dev", "libc-dev"})
"""In every image of Debian, and what only needs those."""
COMPILERS = re.compile(r"lib(?:stdc\+\+|gcc|objc|gfortran)-\d+-dev")
LIBRARIES = re.compile(r"lib.*\d|lib.*\+\+|gir1\.2-")
PYTHON = re.compile(r"(?:lib)?python")
"""Extensions are not linked with Debian's libpython."""


class Package(NamedTuple):
    """A package of a release: its source, what it depends on (the first of each choice), and the names it also answers to."""

    source: str
    depends: tuple[str, ...]
    provides: tuple[str, ...]


Archive = dict[str, Package]


def fetched(release: str, folder: Path) -> Archive:
    """The packages of a release, as apt lists them (amd64)."""
    for name in ("etc/apt/apt.conf.d", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg"):
        (folder / name).mkdir(parents=True)
    (folder / "var/lib/dpkg/status").touch()
    known = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    mirror = subprocess.run(known, capture_output=True, text=True, check=True).stdout.split()[0]
    sources = folder / "etc/apt/sources.list"
    sources.write_text(
        f"deb [arch=amd64 signed-by={KEYRING}] {mirror} {release} main contrib non-free\n", encoding="utf-8"
    )
    options = [
        f"Dir::Etc={folder}/etc/apt",
        f"Dir::State={folder}/var/lib/apt",
        f"Dir::State::status={folder}/var/lib/dpkg/status",
        f"Dir::Cache={folder}/var/cache/apt",
        "APT::Architecture=amd64",
    ]
    given = [word for option in options for word in ("-o", option)]
    subprocess.run(["apt-get", *given, "-qq", "update"], check=True)
    text = subprocess.run(["apt-cache", *given, "dumpavail"], capture_output=True, text=True, check=True).stdout
    return read(text)


def read(text: str) -> Archive:
    found: Archive = {}
    for paragraph in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if "Package" not in fields:
            continue
        name = fields["Package"]
        found[name] = Package(
            fields.get("Source", name).split(" ")[0],
            tuple(_names(f"{fields.get('Pre-Depends', '')},{fields.get('Depends', '')}")),
            tuple(_names(fields.get("Provides", ""))),
        )
    return found


def _names(field: str) -> list[str]:
    return [match[0] for one in field.split(",") if (match := re.match(r"[\w.+-]+", one.split("|")[0].strip()))]


def libraries(archive: Archive, name: str, seen: frozenset[str] = frozenset()) -> tuple[str, ...] | None:
    """The packages of the libraries whose headers a package brings; None where the release has no such package."""
    package = archive.get(name)
    if package is None:
        providers = [one for one, found in archive.items() if name in found.provides]
        return libraries(archive, providers[0], seen | {name}) if len(providers) == 1 and name not in seen else None
    own = [
        one
        for one in package.depends
        if one in archive
        and archive[one].source == package.source
        and one not in BUNDLED
        and not HEADERS.search(one)
        and not NOT_LIBRARIES.search(one)
        and LIBRARIES.search(one)
    ]
    found = list(own)
    for one in package.depends:
        if own and (one not in archive or archive[one].source != package.source):
            continue
        if (
            HEADERS.search(one)
            and one not in seen | {name} | BUNDLED
            and not COMPILERS.match(one)
            and not PYTHON.match(one)
        ):
            found += libraries(archive, one, seen | {name}) or ()
    return tuple(dict.fromkeys(found))


def fewest(archive: Archive, names: tuple[str, ...]) -> tuple[str, ...]:
    """The packages without the variants that another of them brings along: `libopenblas0` brings `libopenblas0-pthread`."""
    return tuple(
        name for name in names if not any(name.startswith(f"{one}-") and name in archive[one].depends for one in names)
    )


def cell(archives: dict[str, Archive], name: str) -> str:
    """A row's last column: the libraries of each release, once where all releases agree.

    A release with none, where others have some, is left out: its package may break the rule that they depend on them.
    """
    known = {release: found for release, one in archives.items() if (found := libraries(one, name)) is not None}
    written = {release: ",".join(fewest(archives[release], found)) or "-" for release, found in known.items()}
    if len(written) == len(archives) and len(set(written.values())) == 1:
        return next(iter(written.values()))
    return " ".join(f"{release}:{names}" for release, names in written.items() if names != "-")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--missing", action="store_true", help="only name the rows that no release has")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archives = {release: fetched(release, Path(folder) / release) for release in RELEASES}
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    if asked.missing:
        provided = {name for one in archives.values() for found in one.values() for name in found.provides}
        for line in lines:
            family, name = [*line.split("\t"), ""][:2]
            if family == "debian" and name not in provided and not any(name in one for one in archives.values()):
                sys.stdout.write(f"{name}\n")
        return
    for index, line in enumerate(lines):
        family, name, role, _, programs = [*line.split("\t"), "", "", "", ""][:5]
        if (
            family == "debian"
            and role == "build"
            and HEADERS.search(name)
            and not PYTHON.match(name)
            and name not in BUNDLED
        ):
            lines[index] = "\t".join((family, name, role, cell(archives, name), programs))
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
