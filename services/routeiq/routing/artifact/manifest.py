"""What `manifest.json` of an artifact says. Unknown fields are ignored, so that a newer artifact of the same schema
still loads; `canonical` is what the Ed25519 signature in `manifest.sig` covers."""

import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION = 1
MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "manifest.sig"
GOLDEN_FILE = "golden.json"


def _inside(path: str) -> str:
    """A plain file name below the artifact: anything that could leave the directory is refused."""
    parts = PurePosixPath(path).parts
    if not parts or path != "/".join(parts) or ".." in parts or "\\" in path or "\0" in path or path[0] == "/":
        raise ValueError("must be a relative path inside the artifact")
    return path


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]
Cost = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class EncoderRef(_Part):
    """The encoder that the heads were trained on; it is referred to by hash, not carried."""

    id: str
    sha256: Sha256
    dim: Annotated[int, Field(gt=0)]
    max_tokens: Annotated[int, Field(gt=0)]
    pooling: Literal["mean"] = "mean"
    tokenizer_sha256: Sha256
    quantisation: Literal["none", "int8"] = "none"


class Candidate(_Part):
    """A model that the artifact knows. mean_cost: USD a request; prices: USD a token, where known."""

    name: Annotated[str, Field(min_length=1)]
    mean_quality: Share
    mean_cost: Cost
    in_price: float | None = None
    out_price: float | None = None


class Training(_Part):
    """Where the artifact comes from. rows: labels (prompt, model) that were fitted; prompts: distinct prompts."""

    data_sha256: Sha256
    rows: Count
    prompts: Count
    seed: int
    code_version: str


class Interval(_Part):
    """A bootstrap interval of 90 % around the validation gap."""

    low: float
    high: float


class Metrics(_Part):
    """Measured on the validation rows. `test` stays empty: training never reads the test rows."""

    val: dict[str, float] = {}
    test: dict[str, float] | None = None
    baseline_zero: float | None = None
    ci: Interval | None = None


class Calibration(_Part):
    """confidence = sigmoid(slope * logit(quality) + offset); error = |mean confidence - mean quality| measured."""

    slope: Annotated[float, Field(ge=0.0)] = 1.0
    offset: float = 0.0
    error: float | None = None


class Fallback(_Part):
    """The model to answer with when a prediction is unsure or absent."""

    model: str


class FileEntry(_Part):
    """One file of the artifact."""

    path: Annotated[str, AfterValidator(_inside)]
    sha256: Sha256
    bytes: Count


class Manifest(_Part):
    """The whole of manifest.json.

    weights: the share of each head (`knn`, `mlp`, `domain`) and of the models' mean quality (`mean`) in the predicted
    quality; they sum to 1. features: names of the prompt features that the graphs expect, in order."""

    schema_version: Literal[1] = 1
    artifact_id: Sha256
    strategy: Literal["knn", "mlp", "domain", "ensemble", "static"]
    encoder: EncoderRef
    opset: int
    features: tuple[str, ...]
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1)]
    domains: tuple[str, ...] = ()
    weights: dict[Literal["knn", "mlp", "domain", "mean"], Share]
    training: Training
    metrics: Metrics = Metrics()
    calibration: Calibration = Calibration()
    fallback: Fallback
    files: tuple[FileEntry, ...]
    min_service_version: str = "0.1.0"

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        names = [one.name for one in self.candidates]
        paths = [one.path for one in self.files]
        checks = [
            (len(set(names)) == len(names), "candidates must have distinct names"),
            (len(set(paths)) == len(paths), "files must have distinct paths"),
            (self.fallback.model in names, f"fallback.model {self.fallback.model!r} is not a candidate"),
            (math.isclose(sum(self.weights.values()), 1.0, abs_tol=1e-6), "weights must sum to 1"),
            (self.artifact_id == content_id(self.files), "artifact_id is not the hash of the files' hashes"),
        ]
        problems = [message for good, message in checks if not good]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def canonical(self) -> bytes:
        """The bytes that are signed: JSON with sorted keys, no spaces, UTF-8."""
        return json.dumps(
            self.model_dump(mode="json"),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        ).encode()


def content_id(files: Iterable[FileEntry]) -> str:
    """sha256 over the sorted sha256 digests of the files: the artifact's id."""
    return hashlib.sha256("\n".join(sorted(one.sha256 for one in files)).encode()).hexdigest()
