"""Counts words, in C."""

import counting
from flask import Flask, request

app = Flask(__name__)


@app.get("/words")
def words() -> dict[str, int]:
    return {"words": counting.words(request.args["text"])}
