"""A package index of this machine's own, with as many empty packages as the tests need, so that they need no other."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PACKAGES = {
    "six": ("1.15.0", "1.16.0", "1.17.0"),
    "flask": ("2.0.0", "3.0.0"),
    "pytest": ("8.0.0",),
    "gunicorn": ("22.0.0", "23.0.0"),
}
NEEDS = {"flask": ("six",)}


def wheel(name: str, version: str, needs: Sequence[str] = ()) -> bytes:
    """A wheel without code."""
    data = io.BytesIO()
    info = f"{name}-{version}.dist-info"
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {one}" for one in needs),
    ]
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(zipfile.ZipInfo(f"{info}/METADATA"), "\n".join(lines) + "\n")
        file.writestr(
            zipfile.ZipInfo(f"{info}/WHEEL"),
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        file.writestr(zipfile.ZipInfo(f"{info}/RECORD"), f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return data.getvalue()


@contextmanager
def serve(packages: Mapping[str, Sequence[str]], credentials: str = "") -> Iterator[str]:
    """The address (`http://127.0.0.1:…/simple`) of an index that has packages in versions; `credentials` as `user:password`."""
    files = {
        f"{name}-{version}-py3-none-any.whl": wheel(name, version, NEEDS.get(name, ()))
        for name, versions in packages.items()
        for version in versions
    }
    wanted = "Basic " + base64.b64encode(credentials.encode()).decode() if credentials else None

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            if wanted is not None and self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            name = self.path.strip("/").rpartition("/")[2]
            body = files.get(name)
            kind = "application/octet-stream"
            if body is None and name in packages:
                links = (
                    f'<a href="/files/{one}#sha256={hashlib.sha256(files[one]).hexdigest()}">{one}</a>'
                    for one in files
                    if one.startswith(f"{name}-")
                )
                body, kind = "<br>".join(links).encode(), "text/html"
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
