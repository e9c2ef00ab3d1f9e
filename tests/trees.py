"""Images' files for tests, made without an engine."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping

from uvlint.verify import tree
from uvlint.verify.outcome import Config, Environment, Image
from uvlint.verify.tree import Tree

SITE = "/usr/local/lib/python3.12/site-packages"
VENV = "/app/.venv/lib/python3.12/site-packages"


def archive(
    files: Mapping[str, str | bytes],
    links: Mapping[str, str] | None = None,
    members: Mapping[str, Mapping[str, object]] | None = None,
) -> Tree:
    """A tree of files by path; `links` are hard links, `members` more fields of the file of that name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size = len(data)
            for name, value in (members or {}).get(os.path.basename(path), {}).items():
                setattr(member, name, value)
            file.addfile(member, io.BytesIO(data) if member.isreg() else None)
        for path, target in (links or {}).items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.type, member.linkname = tarfile.LNKTYPE, target.lstrip("/")
            file.addfile(member)
    buffer.seek(0)
    return tree.read(buffer)


def dist(folder: str, name: str, version: str = "1.0") -> dict[str, str | bytes]:
    info = f"{folder}/{name}-{version}.dist-info"
    return {f"{info}/METADATA": f"Name: {name}\nVersion: {version}\n", f"{info}/RECORD": f"{name}.py,,\n"}


def found(files: Tree) -> dict[str, tuple[str, dict[str, str]]]:
    return {one.prefix: (one.kind, one.packages) for one in files.environments}


def image(config: Config, *environments: Environment) -> Image:
    return Image(0, config, (), environments)
