"""What is known of published base images: whether they hold a Python, where, and who runs in them.

From the images' own Dockerfiles and documentation, 2026. An image that no row names is unknown, not plain.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from uvlint.lazy import regex


class Base(NamedTuple):
    """A base image: its `kind`, the Python it comes with, and what else an installer meets there.

    `kind`: python (laid out as the official image), uv (uv's own), system (a distribution, Python from its packages),
    conda, s2i (Red Hat's builder images, in an environment), configured (carries pip settings), bare (nothing to run), unknown.
    `python` is a version such as "3.12", "" for one of unknown version, None for none. `managed`: a distribution that marks
    its Python as externally managed. `environment`: a virtual environment that comes with the image and is active in it.
    """

    kind: str
    python: str | None = ""
    user: str | None = "root"
    family: str = ""
    managed: bool = False
    environment: str = ""


UNKNOWN = Base("unknown", user=None)

_ROWS: tuple[tuple[str, str], ...] = (
    (r"scratch", "bare"),
    (r"(?:.*/)?distroless/.*", "bare"),
    (r"(?:docker\.io/|mirror\.gcr\.io/|public\.ecr\.aws/docker/)?(?:library/)?python", "python"),
    (r"[\w.-]+\.[\w.-]+(?::\d+)?/(?:[\w./-]+/)?library/python", "python"),
    (r"(?:docker\.io/)?tiangolo/(?:uvicorn|meinheld|uwsgi)-.*", "python"),
    (r"(?:ghcr\.io/astral-sh|(?:docker\.io/)?astral)/uv", "uv"),
    (r"(?:docker\.io/|mirror\.gcr\.io/|public\.ecr\.aws/docker/)?(?:library/)?(?:debian|ubuntu|buildpack-deps)", "debian"),
    ((r"(?:docker\.io/|mirror\.gcr\.io/|public\.ecr\.aws/docker/)?(?:library/)?"
     r"(?:node|golang|rust|ruby|php|perl|gcc|openjdk|eclipse-temurin|maven|gradle|nginx|httpd|postgres|redis|mysql|mariadb)"),
     "debian"),
    (r"(?:docker\.io/|gcr\.io/)?(?:google/cloud-sdk|google\.com/cloudsdktool/(?:google-)?cloud-(?:sdk|cli))", "debian"),
    (r"mcr\.microsoft\.com/(?:vscode/)?devcontainers/python", "python"),
    (r"mcr\.microsoft\.com/(?:vscode/)?devcontainers/(?:base|cpp|javascript-node|typescript-node)", "debian"),
    (r"(?:nvcr\.io/|docker\.io/)?nvidia/cuda", "debian"),
    (r"(?:docker\.io/|mirror\.gcr\.io/|public\.ecr\.aws/docker/)?(?:library/)?alpine", "alpine"),
    ((r"(?:docker\.io/|quay\.io/|mirror\.gcr\.io/)?(?:library/|centos/)?"
     r"(?:fedora|centos|rockylinux|almalinux|amazonlinux|oraclelinux)"), "fedora"),
    (r"(?:registry\.access\.redhat\.com/)?ubi\d+/(?:ubi|ubi-minimal)", "fedora"),
    (r"(?:docker\.io/)?(?:continuumio|condaforge|mambaorg|jupyter|rapidsai)/.*", "conda"),
    (r"quay\.io/(?:jupyter|condaforge)/.*", "conda"),
    (r"(?:docker\.io/)?pytorch/pytorch", "conda"),
    (r"nvcr\.io/nvidia/(?!base/).*", "configured"),
    (r"(?:[a-z]+\.)?gcr\.io/google[_-]appengine/python", "appengine"),
    (r"(?:registry\.(?:access\.)?redhat\.(?:com|io)/)?ubi\d+/python-\d+", "s2i"),
    (r"(?:quay\.io/)?(?:sclorg|centos7|fedora)/python-\d+.*", "s2i"),
)  # fmt: skip
_WINDOWS = regex(r".*(?:windowsservercore|nanoserver)|mcr\.microsoft\.com/(?:windows|powershell)\b")
_COMPILED = tuple((regex(pattern + r"\Z"), kind) for pattern, kind in _ROWS)
_REFERENCE = regex(r"(?P<name>[^@]*?)(?::(?P<tag>[^:/@]+))?(?:@(?P<digest>\S+))?\Z")
_CODENAMES = {
    "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14",
    "trusty": "14.04", "xenial": "16.04", "bionic": "18.04", "focal": "20.04", "jammy": "22.04", "noble": "24.04",
}  # fmt: skip
_SYSTEM_PYTHON = {
    "8": "3.4", "9": "3.5", "10": "3.7", "11": "3.9", "12": "3.11", "13": "3.13",
    "14.04": "3.4", "16.04": "3.5", "18.04": "3.6", "20.04": "3.8", "22.04": "3.10", "24.04": "3.12",
}  # fmt: skip


def reference(image: str) -> tuple[str, str, str]:
    """An image reference as (name, tag, digest), the last two empty where it has none."""
    match = _REFERENCE.match(image)
    if match is None:  # a newline in it
        return image, "", ""
    return match["name"], match["tag"] or "", match["digest"] or ""


def on_windows(image: str | None, platform: str | None) -> bool:
    """Whether a stage is built on Windows, where RUN has another shell."""
    return (platform or "").startswith("windows") or (image is not None and _WINDOWS.match(image) is not None)


def base(image: str | None) -> Base:
    """What is known of an image; `UNKNOWN` where nothing is, or where its name isn't known either (None)."""
    if image is None or on_windows(image, None):
        return UNKNOWN
    name, tag, _ = reference(image)
    for pattern, kind in _COMPILED:
        if pattern.match(name):
            return _described(kind, tag)
    return UNKNOWN


def official(image: str | None) -> bool:
    """Whether an image is one of the official Python images, whatever registry it comes from."""
    name = reference(image or "")[0]
    return base(image).kind == "python" and name.rpartition("/")[2] == "python" and "devcontainers" not in name


def _described(kind: str, tag: str) -> Base:
    match kind:
        case "python":
            return Base(
                "python",
                _version(tag, r"(?:.*?-)?([23](?:\.\d+)?)(?![^.-])"),
                family="alpine" if "alpine" in tag else "debian",
            )
        case "uv":
            version = _version(tag, r".*?python(\d+\.\d+)") if "python" in tag else None
            return Base("uv", version, family="alpine" if "alpine" in tag else "debian")
        case "debian" if "alpine" in tag:
            return Base("system", None, family="alpine")
        case "debian":
            release = _release(tag)
            return Base("system", None, family="debian", managed=release in {"12", "13", "14", "24.04", "sid"})
        case "alpine" | "fedora":
            return Base("system", None, family=kind)
        case "conda":
            return Base("conda", user=None, family="conda")
        case "s2i":
            return Base("s2i", user="1001", family="fedora", environment="/opt/app-root")
        case "configured":
            return Base("configured", user=None)
        case "appengine":
            return UNKNOWN._replace(python="3.7")  # its newest; 2.7 unless another is asked for
        case _:
            return Base(kind, None)


def _version(tag: str, pattern: str) -> str:
    match = re.match(pattern, tag)
    return match[1] if match else ""


def _release(tag: str) -> str:
    for name, number in _CODENAMES.items():
        if name in tag:
            return number
    match = re.search(r"(?:ubuntu|debian)(\d+(?:\.\d+)?)", tag) or re.match(r"(\d+(?:\.\d+)?)", tag)
    return match[1] if match else ""


def system_python(image: str | None) -> str:
    """The version of the Python that a Debian or Ubuntu release packages, "" where that isn't known."""
    return _SYSTEM_PYTHON.get(_release(reference(image or "")[1]), "")
