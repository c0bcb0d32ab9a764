"""The sentence encoder as one ONNX session: token ids in, unit vectors out. It owns tokenising, batching and
padding; it leaves caching, deadlines and threads to the engine. `encode` may run in many threads at once:
onnxruntime releases the GIL while it computes."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from routeiq.kit.errors import RouteIQError
from routeiq.routing.embedders.tokens import MAX_TOKENS, PromptTokenizer, head, window
from routeiq.routing.onnx_sessions import open_session

FloatArray = NDArray[np.float32]

MAX_BATCH = 8  # 1.4-1.5 times the throughput of one by one; more gains nothing
_MAX_BATCH_TOKENS = 1024  # bounds the activations' memory when eight long prompts meet


class EncoderInvalid(RouteIQError):
    """The encoder's files are missing, or are not a graph from token ids to sentence vectors."""

    status, type, code = 500, "internal_error", "encoder_invalid"


class OnnxEncoder:
    """A loaded encoder. Close it by dropping it."""

    def __init__(
        self, session: ort.InferenceSession, tokenizer: PromptTokenizer, sha256: str, tokenizer_sha256: str
    ) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self.max_tokens = MAX_TOKENS
        self.sha256 = sha256
        self.tokenizer_sha256 = tokenizer_sha256
        self.dim = int(session.get_outputs()[0].shape[1])

    @classmethod
    def load(cls, path: Path, tokenizer_path: Path, threads: int = 1) -> Self:
        """Open `encoder.onnx` and `tokenizer.json`; `threads` compute one call. Blocks for about half a second.

        Raises: EncoderInvalid: a file is missing or is not what its name says."""
        try:
            session = open_session(str(path), threads)
            tokenizer = PromptTokenizer(tokenizer_path)
        except Exception as error:  # onnxruntime and tokenizers raise no common type
            raise EncoderInvalid(f"cannot load the encoder from {path} and {tokenizer_path}: {error}") from error
        names = [one.name for one in session.get_inputs()]
        if names != ["input_ids", "attention_mask"]:
            raise EncoderInvalid(f"{path} takes {names}, not input_ids and attention_mask")
        return cls(session, tokenizer, file_sha256(path), file_sha256(tokenizer_path))

    def tokenize(self, text: str) -> list[int]:
        """The ids that stand for `text` in routing: at most 256, both ends of a longer text."""
        return window(self._tokenizer.content(text))

    def tokenize_head(self, text: str) -> list[int]:
        """The ids that sentence-transformers would embed: the first 256. For the embeddings endpoint."""
        return head(self._tokenizer.content(text))

    def encode(self, batch: Sequence[Sequence[int]]) -> FloatArray:
        """Embed token-id lists. Like lengths share a run of at most 8, so that little is spent on padding.

        Args: batch: lists from `tokenize`.  Returns: unit vectors, shape (len(batch), dim), float32, in the
        order of `batch`; (0, dim) for none. One vector may differ by 1e-6 from batch to batch."""
        vectors = np.empty((len(batch), self.dim), np.float32)
        for rows in _runs([len(ids) for ids in batch]):
            vectors[rows] = self._run([batch[row] for row in rows])
        return vectors

    def _run(self, batch: Sequence[Sequence[int]]) -> FloatArray:
        longest = max(len(ids) for ids in batch)
        ids = np.zeros((len(batch), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, one in enumerate(batch):
            ids[row, : len(one)] = one
            mask[row, : len(one)] = 1
        (vectors,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return np.asarray(vectors, np.float32)


def file_sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _runs(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers, shortest first, cut into runs of at most 8 prompts and 1,024 padded tokens."""
    run: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda one: (lengths[one], one)):
        if run and (len(run) == MAX_BATCH or (len(run) + 1) * lengths[row] > _MAX_BATCH_TOKENS):
            yield run
            run = []
        run.append(row)
    if run:
        yield run
