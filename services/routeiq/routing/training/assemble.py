"""The files and the manifest of an artifact, from a fitted router."""

from collections.abc import Mapping
from importlib.metadata import version

from routeiq.routing.artifact.manifest import (
    GOLDEN_FILE,
    Candidate,
    Content,
    EncoderRef,
    Fallback,
    Manifest,
    Training,
    seal,
)
from routeiq.routing.embedders import SentenceEncoder
from routeiq.routing.prompt_text import FEATURE_NAMES
from routeiq.routing.training.card import PLOT_FILE, card
from routeiq.routing.training.golden import golden_file
from routeiq.routing.training.graph_writer import OPSET
from routeiq.routing.training.packing import file_entries
from routeiq.routing.training.plot import cost_quality_png
from routeiq.routing.training.recipe import Router
from routeiq.routing.training.table import Table

ENCODER_ID = "all-MiniLM-L6-v2"
Prices = Mapping[str, tuple[float, float]]


def artifact_files(
    table: Table, router: Router, encoder: SentenceEncoder, prices: Prices, notes: str
) -> dict[str, bytes]:
    """The hashed files: a graph per head, the cost graph, the golden rows, the card."""
    files = {f"{name}.onnx": head.graph(router.design) for name, head in router.fitted.heads.items()}
    files["cost.onnx"] = router.fitted.costs.graph(router.design)
    files[GOLDEN_FILE] = golden_file(encoder, router.design, router.fitted, router.weights, router.calibration)
    text = card(table, router, _candidates(table, prices), encoder_ref(encoder), notes)
    files["card.md"] = text.encode()
    return files


def artifact_pictures(table: Table, router: Router) -> dict[str, bytes]:
    """What is drawn for the reader and not hashed: another matplotlib draws other bytes."""
    title = "Cost and quality on the validation prompts"
    return {PLOT_FILE: cost_quality_png(table.models, router.singles, router.curve, title)}


def build_manifest(
    table: Table, router: Router, encoder: SentenceEncoder, files: Mapping[str, bytes], prices: Prices, seed: int
) -> Manifest:
    """The manifest that names the files. The fallback is the model with the best mean quality."""
    entries = file_entries(files)
    candidates = _candidates(table, prices)
    content = Content.model_validate(
        {
            "strategy": router.strategy,
            "encoder": encoder_ref(encoder),
            "opset": OPSET,
            "features": FEATURE_NAMES,
            "candidates": candidates,
            "domains": table.domains,
            "weights": router.weights,
            "training": _training(table, seed),
            "metrics": router.metrics,
            "calibration": router.calibration,
            "fallback": Fallback(model=max(candidates, key=lambda one: one.mean_quality).name),
            "files": entries,
        }
    )
    return seal(content)


def encoder_ref(encoder: SentenceEncoder) -> EncoderRef:
    """The reference to an encoder by hash."""
    return EncoderRef(
        id=ENCODER_ID,
        sha256=encoder.sha256,
        dim=encoder.dim,
        max_tokens=encoder.max_tokens,
        tokenizer_sha256=encoder.tokenizer_sha256,
    )


def _training(table: Table, seed: int) -> Training:
    labels = int((table.quality[table.train] == table.quality[table.train]).sum())
    return Training(
        data_sha256=table.data_sha256,
        rows=labels,
        prompts=int(table.train.sum()),
        seed=seed,
        code_version=version("routeiq"),
    )


def _candidates(table: Table, prices: Prices) -> tuple[Candidate, ...]:
    known = zip(table.models, table.mean_quality, table.mean_cost_usd, strict=True)
    return tuple(
        Candidate(
            name=name,
            mean_quality=round(float(quality), 6),
            mean_cost=float(f"{cost:.6g}"),
            in_price=prices[name][0] if name in prices else None,
            out_price=prices[name][1] if name in prices else None,
        )
        for name, quality, cost in known
    )
