"""From embedded rows to a fitted, mixed, calibrated and measured router: the order of the steps, in one place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from routeiq.routing.artifact.loaded import calibrate
from routeiq.routing.artifact.manifest import Calibration, Interval, Metrics
from routeiq.routing.training.choosing import LEAST_ROWS, MEAN, blend, calibrate_picks, choose
from routeiq.routing.training.design import Design, Matrix
from routeiq.routing.training.graph_writer import FloatArray
from routeiq.routing.training.heads import FOLDS, Fitted, Unseen, cross_fit, fit, head_names
from routeiq.routing.training.measures import Field, apgr, gap_interval, picks
from routeiq.routing.training.table import Flags, Table

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Router:
    """Everything that an artifact is written from.

    curve: (lambdas, 2), cost and quality of the choices on the validation rows; singles: (m, 2), of each model."""

    design: Design
    fitted: Fitted
    weights: dict[str, float]
    calibration: Calibration
    metrics: Metrics
    curve: Matrix
    singles: Matrix

    @property
    def strategy(self) -> str:
        """The only head, `ensemble` of several, or `static` where the mean alone is left."""
        heads = sorted(set(self.weights) - {MEAN})
        return "static" if not heads else heads[0] if len(heads) == 1 else "ensemble"


def build_router(
    table: Table,
    embeddings: FloatArray,
    features: FloatArray,
    *,
    strategy: str,
    seed: int,
    progress: Progress,
) -> Router:
    """Fit, choose, calibrate, measure. Linear algebra runs on one thread, so that sums have one order."""
    with threadpool_limits(limits=1):
        return _build(table, embeddings, features, head_names(table, strategy), seed, progress)


def _build(
    table: Table,
    embeddings: FloatArray,
    features: FloatArray,
    names: Sequence[str],
    seed: int,
    progress: Progress,
) -> Router:
    design = Design.fit(embeddings[table.train], features[table.train])
    inputs = design.apply(embeddings, features)
    fitted = fit(inputs, table, names, seed)
    done = iter(range(1, FOLDS + 1))
    progress("fitting", 1 / (FOLDS + 2))
    unseen = cross_fit(
        embeddings, features, table, names, seed, lambda: progress("fitting", (next(done) + 1) / (FOLDS + 2))
    )
    _add_validation(unseen, fitted, inputs, ~table.train)
    weights = choose(unseen.parts, table.quality, table.cost_usd, unseen.cost)
    mixed = blend(unseen.parts, weights)
    calibration = calibrate_picks(mixed, unseen.cost, table.quality)
    progress("fitting", 1.0)
    metrics, curve, singles = _measure(table, mixed, unseen.cost, calibration, seed)
    return Router(design, fitted, weights, calibration, metrics, curve, singles)


def _add_validation(unseen: Unseen, fitted: Fitted, inputs: FloatArray, val: Flags) -> None:
    """Validation rows are unseen by the final heads, so those predict them."""
    if not val.any():
        return
    for name, part in fitted.predict(inputs[val]).items():
        unseen.parts[name][val] = part
    unseen.cost[val] = fitted.predict_cost(inputs[val])


def _measure(
    table: Table, mixed: Matrix, cost: Matrix, calibration: Calibration, seed: int
) -> tuple[Metrics, Matrix, Matrix]:
    """Measures, curve and single models on the fully labelled validation rows; nothing where they are too few.

    It measures what is served: the engine chooses by calibrated quality."""
    rows = ~table.train & np.isfinite(table.quality).all(axis=1)
    means = np.column_stack([table.mean_cost_usd, table.mean_quality])
    if rows.sum() < LEAST_ROWS:
        return Metrics(), means, means
    served = calibrate(mixed[rows].astype(np.float32), calibration).astype(np.float64)
    truth, paid = table.quality[rows], table.cost_usd[rows]
    field, chosen = Field(truth, paid), picks(served, cost[rows])
    found = field.measure(chosen)
    confidence = served[np.arange(len(truth)), chosen[0]]
    val = {
        "gap": found.gap,
        "accuracy": found.accuracy,
        "best_single": found.best_single,
        "gain": found.gain,
        "save": found.save,
        "confidence_error": abs(float(confidence.mean()) - found.accuracy),
    }
    if len(table.models) == 2:
        strong = int(field.singles[:, 1].argmax())
        val["apgr"] = apgr(truth[:, strong], truth[:, 1 - strong], served[:, strong] - served[:, 1 - strong])
    low, high = gap_interval(truth, paid, chosen, seed)
    rounded = {name: round(value, 5) for name, value in val.items()}
    metrics = Metrics(
        val=rounded, baseline_zero=round(field.zero, 5), ci=Interval(low=round(low, 5), high=round(high, 5))
    )
    return metrics, found.points, field.singles
