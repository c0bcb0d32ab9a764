"""Choose the shares of the heads and of the plain mean, and calibrate, on predictions for prompts that the heads did
not see: the validation rows, and the training rows by cross-fitting.

Do no harm: mixes with the mean are among the choices up to the mean alone, and a mix is not taken whose gap is
negative, or whose accuracy at lambda 0 is half a point below the best single model."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from routeiq.routing.artifact.manifest import Calibration
from routeiq.routing.training.measures import Field, Matrix, picks

MEAN = "mean"
LEAST_ROWS = 50  # with fewer complete rows nothing can be chosen, and the preset mix stands
_PRESET = {"domain": 0.5, "knn": 0.25, "mlp": 0.25}
_PRESET_MEAN = 0.2
_MEAN_SHARES = (0.0, 0.15, 0.3, 0.5, 0.75)
_HARM = 0.005
_TOP = 12  # one in so many of the mixes, the best ones, are averaged
_EDGE = 1e-4
_NAMED_LAMBDAS = np.array([0.0, 0.03, 0.1])  # quality, balanced, cost
_PLATT_PRIOR = 20.0  # strength, in prompts, of the belief that predictions are right as they are


def blend(parts: Mapping[str, Matrix], weights: Mapping[str, float]) -> Matrix:
    """The weighted sum of (n, m) predictions."""
    return np.asarray(sum(parts[name] * weight for name, weight in weights.items() if weight), np.float64)


def choose(parts: Mapping[str, Matrix], quality: Matrix, cost: Matrix, predicted_cost: Matrix) -> dict[str, float]:
    """The shares, summing to 1 over heads and `mean`: the average of the mixes with the highest gaps among those that
    do no harm; the mean alone where every mix does.

    Args: parts: head or `mean` -> (n, m) predictions for unseen prompts.  quality: (n, m), NaN where unlabelled; only
    rows with every label and a prediction count.  cost, predicted_cost: (n, m), USD."""
    heads = sorted(set(parts) - {MEAN})
    preset = _preset(heads)
    whole = np.isfinite(quality + parts[MEAN]).all(axis=1)
    if not heads or whole.sum() < LEAST_ROWS:
        return preset
    kept = {name: part[whole] for name, part in parts.items()}
    field = Field(quality[whole], cost[whole])
    options = list(_mixes(heads))
    curves = [field.measure(picks(blend(kept, option), predicted_cost[whole])) for option in options]
    safe = [place for place, one in enumerate(curves) if one.gap >= 0 and one.accuracy >= one.best_single - _HARM]
    best = sorted(safe, key=lambda place: -curves[place].gap)[: max(1, len(options) // _TOP)]
    return _average([options[place] for place in best]) if best else {MEAN: 1.0}


def _average(mixes: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of several mixes: the very best one owes part of its lead to chance."""
    names = sorted({name for mix in mixes for name in mix})
    return {name: sum(mix.get(name, 0.0) for mix in mixes) / len(mixes) for name in names}


def _plain(heads: Sequence[str]) -> dict[str, float]:
    """The preset shares of the heads that there are, without the mean."""
    total = sum(_PRESET[name] for name in heads)
    return {name: _PRESET[name] / total for name in heads}


def _preset(heads: Sequence[str]) -> dict[str, float]:
    """What stands unchosen: the preset shares, somewhat shrunk; the mean alone where there is no head."""
    if not heads:
        return {MEAN: 1.0}
    return {**{name: share * (1 - _PRESET_MEAN) for name, share in _plain(heads).items()}, MEAN: _PRESET_MEAN}


def _mixes(heads: Sequence[str]) -> Iterator[dict[str, float]]:
    """Every mix in sixths of the heads, under every share of the mean; the mean alone comes last."""
    for mean in _MEAN_SHARES:
        for counts in _compositions(6, len(heads)):
            mix = {name: (1 - mean) * count / 6 for name, count in zip(heads, counts, strict=True) if count}
            yield {**mix, MEAN: mean} if mean else mix
    yield {MEAN: 1.0}


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write `total` as an ordered sum of `parts` counts."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        yield from ((first, *rest) for rest in _compositions(total - first, parts - 1))


def calibrate_picks(predicted: Matrix, predicted_cost: Matrix, quality: Matrix) -> Calibration:
    """Fit sigmoid(slope * logit + offset) to what the picked models really reached, at the lambdas that have names.

    Picked models are the ones whose prediction is most likely too high, so these are what must be calibrated."""
    seen = np.isfinite(predicted[:, 0])
    if not seen.any():
        return Calibration()
    chosen = picks(predicted[seen], predicted_cost[seen], _NAMED_LAMBDAS)
    rows = np.arange(int(seen.sum()))
    score, truth = predicted[seen][rows, chosen].ravel(), quality[seen][rows, chosen].ravel()
    known = np.isfinite(truth)
    if not known.any():
        return Calibration()
    logit = _logit(score[known])
    slope, offset = _platt(logit, truth[known], len(chosen))
    confidence = 1 / (1 + np.exp(-(slope * logit + offset)))
    return Calibration(slope=slope, offset=offset, error=round(abs(float(confidence.mean() - truth[known].mean())), 4))


def _logit(share: Matrix) -> Matrix:
    kept = np.clip(share, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(kept / (1 - kept)), np.float64)


def _platt(logit: Matrix, truth: Matrix, repeats: int) -> tuple[float, float]:
    """Newton's method for slope and offset; each prompt comes `repeats` times, so the prior is scaled alike."""
    prior = _PLATT_PRIOR * repeats * 0.25
    design = np.column_stack([logit, np.ones_like(logit)])
    found, start = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    for _ in range(25):
        share = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (share - truth) + prior * (found - start)
        bend = (design * (share * (1 - share))[:, None]).T @ design + prior * np.eye(2)
        found = found - np.linalg.solve(bend, slope)
    return max(float(found[0]), 0.05), float(found[1])
