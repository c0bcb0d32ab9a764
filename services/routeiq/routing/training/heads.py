"""Fit the heads that the amount of data carries, and predict unseen prompts by cross-fitting."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from routeiq.routing.training.choosing import MEAN
from routeiq.routing.training.cost_head import CostHead
from routeiq.routing.training.design import Design, Matrix
from routeiq.routing.training.domain_head import DomainHead
from routeiq.routing.training.graph_writer import FloatArray
from routeiq.routing.training.knn_head import KnnHead
from routeiq.routing.training.mlp_head import MlpHead
from routeiq.routing.training.table import Flags, Table

KNN_FROM = 200  # training prompts
MLP_FROM = 1000
FOLDS = 4
Head = DomainHead | KnnHead | MlpHead


@dataclass(frozen=True)
class Fitted:
    """Heads by name, the cost head, and the models' mean quality, shape (m,); all fitted on the same rows."""

    heads: dict[str, Head]
    costs: CostHead
    mean: Matrix

    def predict_cost(self, inputs: FloatArray) -> Matrix:
        """Shape (n, m), USD: the mean of what the cost head and the neighbours, if any, say."""
        cost, knn = self.costs.predict(inputs), self.heads.get("knn")
        return (cost + knn.predict_cost(inputs)) / 2 if isinstance(knn, KnnHead) else cost

    def predict(self, inputs: FloatArray) -> dict[str, Matrix]:
        """Each head's (n, m) quality, clipped to [0, 1], and the mean's."""
        parts = {name: np.clip(head.predict(inputs), 0.0, 1.0) for name, head in self.heads.items()}
        return {**parts, MEAN: np.tile(self.mean, (len(inputs), 1))}


@dataclass(frozen=True)
class Unseen:
    """Predictions for every row of a table by heads that were not fitted on it."""

    parts: dict[str, Matrix]
    cost: Matrix


def head_names(table: Table, strategy: str) -> list[str]:
    """The heads to fit: what the strategy allows, as far as there are prompts and domains enough.

    Under 200 prompts domain means, from 200 on neighbours too, from 1,000 on the network too."""
    prompts = int(table.train.sum())
    allowed = {"auto": ("domain", "knn", "mlp"), "ensemble": ("domain", "knn", "mlp"), "static": ()}.get(
        strategy, (strategy,)
    )
    carried = {
        "domain": bool((table.domain[table.train] >= 0).any()),
        "knn": prompts >= KNN_FROM,
        "mlp": prompts >= MLP_FROM,
    }
    return [name for name in allowed if carried[name]]


def fit(inputs: FloatArray, table: Table, names: Sequence[str], seed: int) -> Fitted:
    """Fit on the training rows of `table`; its validation rows only tell the network when to stop."""
    train = np.flatnonzero(table.train)
    rows, part = inputs[train], table.take(train)
    fitters: dict[str, Callable[[], Head]] = {
        "domain": lambda: DomainHead.fit(rows, part),
        "knn": lambda: KnnHead.fit(rows, part),
        "mlp": lambda: MlpHead.fit(inputs, table, ~table.train, seed),
    }
    heads = {name: fitters[name]() for name in names}
    return Fitted(heads, CostHead.fit(rows, part), table.mean_quality)


def cross_fit(
    embeddings: FloatArray,
    features: FloatArray,
    table: Table,
    names: Sequence[str],
    seed: int,
    tick: Callable[[], None],
) -> Unseen:
    """Predict each training row by heads fitted on the other folds. Folds follow a hash of the prompt.

    Validation rows are left NaN: the caller has the final heads' predictions for them. So is a fold without which
    some model would have no label left to learn from."""
    fold = np.array([_fold(prompt) for prompt in table.prompts])
    shape = table.quality.shape
    unseen = Unseen({name: np.full(shape, np.nan) for name in (*names, MEAN)}, np.full(shape, np.nan))
    for number in range(FOLDS):
        out = table.train & (fold == number)
        _fold_predictions(unseen, embeddings, features, table, out, names, seed)
        tick()
    return unseen


def _fold_predictions(
    unseen: Unseen,
    embeddings: FloatArray,
    features: FloatArray,
    table: Table,
    out: Flags,
    names: Sequence[str],
    seed: int,
) -> None:
    kept = table.take(~out)
    if not out.any() or not kept.train.any() or np.isnan(kept.mean_quality).any():
        return
    design = Design.fit(embeddings[table.train & ~out], features[table.train & ~out])
    fitted = fit(design.apply(embeddings[~out], features[~out]), kept, names, seed)
    inputs = design.apply(embeddings[out], features[out])
    for name, part in fitted.predict(inputs).items():
        unseen.parts[name][out] = part
    unseen.cost[out] = fitted.predict_cost(inputs)


def _fold(prompt: str) -> int:
    """Equal prompts share a fold, so that none is predicted from itself."""
    return hashlib.sha256(f"fold\n{prompt}".encode()).digest()[0] % FOLDS
