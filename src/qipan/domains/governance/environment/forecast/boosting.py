"""The tree library behind a few functions; fetched at its first use (see the package's front)."""

from collections.abc import Mapping

import lightgbm as lgb
import numpy as np

from .dataset import Array
from .features import Matrix

Booster = lgb.Booster


def grow(x: Matrix, target: Array, weight: Array, parameters: Mapping[str, object], trees: int) -> Booster:
    """Grow trees on weighted rows."""
    return lgb.train(dict(parameters), lgb.Dataset(x, target, weight=weight), trees)


def load(text: str) -> Booster:
    """Trees from their text."""
    return lgb.Booster(model_str=text)


def answer(booster: Booster, x: Matrix) -> Array:
    """What the trees say about rows."""
    return np.asarray(booster.predict(x, num_threads=1), dtype=np.float64)
