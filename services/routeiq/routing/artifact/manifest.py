"""What `manifest.json` of an artifact says. Its `artifact_id` is the hash of everything else in it, the files' hashes
included, so that no field can be changed under the same id; unknown fields are refused, for nothing would cover them.
`canonical` is what the Ed25519 signature in `manifest.sig` covers."""

import hashlib
import json
import math
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION = 1
MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "manifest.sig"
GOLDEN_FILE = "golden.json"


def _printable(name: str) -> str:
    """What ends on terminals, in headers and in metrics has no control characters."""
    if not name.isprintable() or not name.strip():
        raise ValueError("must be printable text")
    return name


def is_name(text: str) -> bool:
    """Whether a manifest takes it as a `Name`."""
    return len(text) <= NAME_LENGTH and text.isprintable() and bool(text.strip())


def _inside(path: str) -> str:
    """A plain file name below the artifact: anything that could leave the directory is refused."""
    parts = PurePosixPath(path).parts
    if not parts or path != "/".join(parts) or ".." in parts or "\\" in path or path[0] == "/":
        raise ValueError("must be a relative path inside the artifact")
    return _printable(path)


NAME_LENGTH = 256
_MOST = 10_000
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH), AfterValidator(_printable)]
Version = Annotated[
    str,
    Field(max_length=64, pattern=r"^[0-9]{1,5}(\.[0-9]{1,5}){0,2}(([-+.]?[A-Za-z]|[-+])[0-9A-Za-z.+-]*)?$"),
]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Cost = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="forbid")


class EncoderRef(_Part):
    """The encoder that the heads were trained on; it is referred to by hash, not carried."""

    id: Name
    sha256: Sha256
    dim: Annotated[int, Field(gt=0, lt=2**31)]
    max_tokens: Annotated[int, Field(gt=0, lt=2**31)]
    pooling: Literal["mean"] = "mean"
    tokenizer_sha256: Sha256
    quantisation: Literal["none", "int8"] = "none"


class Candidate(_Part):
    """A model that the artifact knows. mean_cost: USD a request; prices: USD a token, where known."""

    name: Name
    mean_quality: Share
    mean_cost: Cost
    in_price: float | None = None
    out_price: float | None = None


class Training(_Part):
    """Where the artifact comes from. rows: labels (prompt, model) that were fitted; prompts: distinct prompts."""

    data_sha256: Sha256
    rows: Count
    prompts: Count
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)]
    code_version: Version


class Interval(_Part):
    """A bootstrap interval of 90 % around the validation gap."""

    low: float
    high: float


class Metrics(_Part):
    """Measured on the validation rows. `test` stays empty: training never reads the test rows."""

    val: dict[Name, float] = {}
    test: dict[Name, float] | None = None
    baseline_zero: float | None = None
    ci: Interval | None = None


class Calibration(_Part):
    """confidence = sigmoid(slope * logit(quality) + offset); error = |mean confidence - mean quality| measured."""

    slope: Annotated[float, Field(ge=0.0)] = 1.0
    offset: float = 0.0
    error: float | None = None


class Fallback(_Part):
    """The model to answer with when a prediction is unsure or absent."""

    model: Name


class FileEntry(_Part):
    """One file of the artifact."""

    path: Annotated[str, Field(max_length=NAME_LENGTH), AfterValidator(_inside)]
    sha256: Sha256
    bytes: Count


class Content(_Part):
    """Everything that manifest.json says but its id.

    weights: the share of each head (`knn`, `mlp`, `domain`) and of the models' mean quality (`mean`) in the predicted
    quality; they sum to 1. features: names of the prompt features that the graphs expect, in order."""

    schema_version: Literal[1] = 1
    strategy: Literal["knn", "mlp", "domain", "ensemble", "static"]
    encoder: EncoderRef
    opset: Annotated[int, Field(ge=0, lt=2**31)]
    features: Annotated[tuple[Name, ...], Field(max_length=_MOST)]
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1, max_length=_MOST)]
    domains: Annotated[tuple[Name, ...], Field(max_length=_MOST)] = ()
    weights: dict[Literal["knn", "mlp", "domain", "mean"], Share]
    training: Training
    metrics: Metrics = Metrics()
    calibration: Calibration = Calibration()
    fallback: Fallback
    files: Annotated[tuple[FileEntry, ...], Field(max_length=_MOST)]
    min_service_version: Version = "0.1.0"

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        names = [one.name for one in self.candidates]
        paths = [one.path for one in self.files]
        checks = [
            (len(set(names)) == len(names), "candidates must have distinct names"),
            (len(set(paths)) == len(paths), "files must have distinct paths"),
            (self.fallback.model in names, f"fallback.model {self.fallback.model!r} is not a candidate"),
            (math.isclose(sum(self.weights.values()), 1.0, abs_tol=1e-6), "weights must sum to 1"),
        ]
        problems = [message for good, message in checks if not good]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def canonical(self) -> bytes:
        """JSON with sorted keys, no spaces, UTF-8: the same for the same content, however it was written."""
        return json.dumps(
            self.model_dump(mode="json"),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        ).encode()


class Manifest(Content):
    """The whole of manifest.json. Its `canonical` bytes are the ones that are signed."""

    artifact_id: Sha256

    @model_validator(mode="after")
    def _is_named_by_its_content(self) -> Self:
        if self.artifact_id != content_id(self):
            raise ValueError("artifact_id is not the hash of the manifest's content")
        return self


def content_id(content: Content) -> str:
    """sha256 over the canonical form of all that a manifest says, the files' hashes included, but its id."""
    said = {name: value for name, value in content if name != "artifact_id"}
    return hashlib.sha256(Content.model_construct(**said).canonical()).hexdigest()


def seal(content: Content) -> Manifest:
    """The manifest of this content: with its id."""
    return Manifest(**dict(content), artifact_id=content_id(content))
