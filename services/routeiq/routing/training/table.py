"""The training table: one line a prompt, one column a model, missing labels and costs allowed.

It decides the split where the files do not, fills missing costs, and names the data by a hash, so that an artifact
can say what it was made from."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from routeiq.routing.prompt_text import routing_text
from routeiq.routing.training.errors import TrainingDataInvalid
from routeiq.routing.training.rows import Label

Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

VAL_SHARE = 0.15  # of the training rows, where the files name no validation rows
LEAST_COST_USD = 1e-9  # a free model still has a logarithm
_FLAT_OUTPUT_TOKENS = 256
_CHARS_A_TOKEN = 4
_NO_COST_USD = 1e-3


@dataclass(frozen=True)
class Table:
    """n prompts, m models, d domains.

    prompts: from `routing_text`.  quality, cost_usd: (n, m); quality is NaN where there is no label, cost is filled.
    domain: (n,), index into `domains`, -1 if unknown.  train: (n,), the rows to fit on; the others are validation.
    priced: whether any cost was given or could be derived from prices."""

    prompts: tuple[str, ...]
    models: tuple[str, ...]
    domains: tuple[str, ...]
    quality: Matrix
    cost_usd: Matrix
    domain: NDArray[np.int64]
    train: Flags
    data_sha256: str
    priced: bool

    def take(self, rows: NDArray[np.intp] | Flags) -> "Table":
        """The same table with only these prompts."""
        prompts = np.array(self.prompts, object)[rows]
        return replace(
            self,
            prompts=tuple(prompts),
            quality=self.quality[rows],
            cost_usd=self.cost_usd[rows],
            domain=self.domain[rows],
            train=self.train[rows],
        )

    @property
    def mean_quality(self) -> Matrix:
        """Shape (m,): each model's mean over the training rows that it answered; NaN where it answered none."""
        rows = self.quality[self.train]
        labels = np.isfinite(rows).sum(axis=0)
        return np.where(labels > 0, np.nansum(rows, axis=0) / np.maximum(labels, 1), np.nan)

    @property
    def mean_cost_usd(self) -> Matrix:
        """Shape (m,): each model's mean cost over the training rows."""
        return np.asarray(self.cost_usd[self.train].mean(axis=0), np.float64)


def build_table(labels: Sequence[Label], prices: Mapping[str, tuple[float, float]] | None = None) -> Table:
    """Gather labels by prompt. Several labels of one (prompt, model) are averaged; test labels must not be there.

    Args: prices: model -> (USD an input token, USD an output token), for models without costs.
    Raises: TrainingDataInvalid: a model has no label among the training rows, or there is no training row."""
    groups: dict[tuple[str, str, str], list[Label]] = defaultdict(list)
    for label in labels:
        groups[routing_text([label.prompt]), label.split or "", label.domain or ""].append(label)
    keys = sorted(groups)  # the order of the files' rows must not matter
    models = tuple(sorted({label.model for label in labels}))
    domains = tuple(sorted({domain for _, _, domain in keys if domain}))
    quality = _means([groups[key] for key in keys], models, lambda label: label.score)
    cost = _means([groups[key] for key in keys], models, lambda label: label.cost_usd)
    train = _split([key[0] for key in keys], [key[1] for key in keys])
    _check(models, quality, train)
    prompts = tuple(key[0] for key in keys)
    filled, priced = _fill_costs(prompts, models, cost, prices or {})
    index = {domain: place for place, domain in enumerate(domains)}
    domain = np.array([index.get(key[2], -1) for key in keys], np.int64)
    return Table(prompts, models, domains, quality, filled, domain, train, _digest(labels), priced)


def _means(groups: Sequence[Sequence[Label]], models: Sequence[str], value: Callable[[Label], float | None]) -> Matrix:
    """Shape (prompts, models): the mean of what is known, NaN where nothing is."""
    place = {model: column for column, model in enumerate(models)}
    total = np.zeros((len(groups), len(models)))
    count = np.zeros_like(total)
    for row, group in enumerate(groups):
        for label in group:
            number = value(label)
            if number is not None:
                total[row, place[label.model]] += number
                count[row, place[label.model]] += 1
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _split(prompts: Sequence[str], splits: Sequence[str]) -> Flags:
    """True for training rows. Rows without a split follow a hash of their prompt, unless others are `val`."""
    if "val" in splits:
        return np.array([split != "val" for split in splits])
    drawn = np.array([_hash_share(prompt) >= VAL_SHARE for prompt in prompts])
    return drawn if drawn.any() else ~drawn


def _hash_share(prompt: str) -> float:
    """A number in [0, 1) that depends on the prompt alone, so that equal prompts fall on the same side."""
    return int.from_bytes(hashlib.sha256(f"split\n{prompt}".encode()).digest()[:8], "big") / 2**64


def _check(models: Sequence[str], quality: Matrix, train: Flags) -> None:
    if not train.any():
        raise TrainingDataInvalid(["no rows to fit on: every row is `val` or `test`"])
    labelled = np.isfinite(quality[train]).sum(axis=0)
    bare = [model for model, count in zip(models, labelled, strict=True) if not count]
    if bare:
        raise TrainingDataInvalid([f"model {model}: no label among the training rows" for model in bare])


def _fill_costs(
    prompts: Sequence[str], models: Sequence[str], cost: Matrix, prices: Mapping[str, tuple[float, float]]
) -> tuple[Matrix, bool]:
    """Every cost: as given, else the model's mean, else from its price, else what the others cost on average."""
    filled = cost.copy()
    tokens = np.array([len(prompt) / _CHARS_A_TOKEN for prompt in prompts])
    for column, model in enumerate(models):
        known = np.isfinite(cost[:, column])
        if known.any():
            filled[~known, column] = cost[known, column].mean()
        elif model in prices:
            paid_in, paid_out = prices[model]
            filled[:, column] = tokens * paid_in + _FLAT_OUTPUT_TOKENS * paid_out
    priced = bool(np.isfinite(filled).any())
    rest = float(np.nanmean(filled)) if priced else _NO_COST_USD
    return np.maximum(np.where(np.isfinite(filled), filled, rest), LEAST_COST_USD), priced


def _digest(labels: Sequence[Label]) -> str:
    """sha256 over the sorted labels: the same rows in any order, file or form give the same hash."""
    lines = sorted(repr((one.prompt, one.model, one.score, one.cost_usd, one.domain, one.split)) for one in labels)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()
