"""Tells irises apart."""

from pathlib import Path

import joblib
from fastapi import FastAPI

MODELS = {path.stem: joblib.load(path) for path in Path("models").glob("*.joblib")}

app = FastAPI()


@app.get("/models")
def models() -> list[str]:
    return sorted(MODELS)


@app.get("/predict/{name}")
def predict(name: str, sepal: str, petal: str) -> dict[str, str]:
    measures = [float(one) for pair in (sepal, petal) for one in pair.split("x")]
    return {"species": str(MODELS[name].predict([measures])[0])}
