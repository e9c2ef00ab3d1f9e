"""Fits the models that the service answers with: python train.py FOLDER."""

import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

MODELS = {"linear": LogisticRegression(max_iter=500), "neighbors": KNeighborsClassifier(3)}

folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
iris = load_iris()
for name, model in MODELS.items():
    joblib.dump(model.fit(iris.data, iris.target_names[iris.target]), folder / f"{name}.joblib")
