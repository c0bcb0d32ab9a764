"""A learnable toy world for training tests, and the real encoder. The twin encoder needs no file: it hashes words."""

import functools
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from routeiq.routing.embedders import ENCODER_FILE, TOKENIZER_FILE, OnnxEncoder, default_encoder_dir
from routeiq.routing.training.encoder_export import export

DATA = Path(__file__).parents[1] / "data" / "routing"
TOPICS = {
    "code": "function python loop compile variable class debug array",
    "maths": "integral sum prime triangle equation derivative matrix root",
    "trivia": "capital river king year city author war film",
}
MODELS = ("coder", "cheap", "thinker")
QUALITY = {"code": (0.9, 0.4, 0.5), "maths": (0.3, 0.3, 0.9), "trivia": (0.6, 0.7, 0.7)}
COST = (0.002, 0.0001, 0.01)


class WordEncoder:
    """The sum of a fixed random vector per word, as a unit vector."""

    sha256 = hashlib.sha256(b"words").hexdigest()
    tokenizer_sha256 = sha256
    dim, max_tokens = 24, 256

    def tokenize(self, text: str) -> list[int]:
        return [int.from_bytes(hashlib.sha256(word.encode()).digest()[:3]) for word in text.lower().split()][:256]

    def encode(self, batch: Sequence[Sequence[int]]) -> np.ndarray:
        vectors = np.array([np.sum([_word(token) for token in ids], axis=0) for ids in batch])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@functools.cache
def _word(token: int) -> np.ndarray:
    return np.random.default_rng(token).standard_normal(WordEncoder.dim)


def wide_rows(count: int, seed: int = 0) -> list[dict[str, object]]:
    """Prompts of three topics; every third from the first train, val and test in the shares 6:2:2."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        topic = tuple(TOPICS)[number % 3]
        words = random.choice(TOPICS[topic].split(), 6)
        row: dict[str, object] = {
            "id": str(number),
            "prompt": f"{' '.join(words)} {number}",
            "domain": topic,
            "split": ("train", "train", "train", "val", "test")[number // 3 % 5],
        }
        for model, quality, cost in zip(MODELS, QUALITY[topic], COST, strict=True):
            row[f"score:{model}"] = float(random.random() < quality)
            row[f"cost:{model}"] = cost * float(random.uniform(0.5, 1.5))
        rows.append(row)
    return rows


def long_rows(wide: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The same labels, one a row."""
    return [
        {
            "prompt": row["prompt"],
            "model": model,
            "score": row[f"score:{model}"],
            "cost": row[f"cost:{model}"],
            "domain": row["domain"],
            "split": row["split"],
        }
        for row in wide
        for model in MODELS
    ]


def write_jsonl(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@functools.cache
def real_encoder() -> OnnxEncoder:
    """all-MiniLM-L6-v2, made first if it is not there."""
    folder = default_encoder_dir()
    export(folder)
    return OnnxEncoder.load(folder / ENCODER_FILE, folder / TOKENIZER_FILE, threads=2)
