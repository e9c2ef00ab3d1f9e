"""Keeps what it is sent, and tells what it is."""

import os
from pathlib import Path

import magic
from flask import Flask, request

UPLOADS = Path(__file__).parent / "uploads"

app = Flask(__name__)


@app.get("/")
def listing() -> list[str]:
    return sorted(one.name for one in UPLOADS.iterdir())


@app.post("/<name>")
def keep(name: str) -> dict[str, object]:
    place = UPLOADS / os.path.basename(name)
    place.write_bytes(request.get_data())
    return {"kept": place.name, "type": magic.from_file(str(place), mime=True), "by": os.getuid()}
