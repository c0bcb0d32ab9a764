"""What artifacts and training need of an encoder, whoever implements it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


class SentenceEncoder(Protocol):
    """Token ids in, unit vectors out. Safe in many threads. The hashes name the files that it was loaded from."""

    sha256: str
    tokenizer_sha256: str
    dim: int
    max_tokens: int

    def tokenize(self, text: str) -> list[int]: ...

    def encode(self, batch: Sequence[Sequence[int]]) -> FloatArray: ...
