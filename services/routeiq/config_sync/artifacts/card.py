"""What is shown of an artifact: the part of its manifest that a person chooses by, and who says to have signed it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from routeiq.clients.artifact_parts import Parts, PartsInvalid
from routeiq.kit.signatures import SignatureInvalid, claimed_key_id

Number = int | float | None


class _Said(BaseModel):
    """Fields of a manifest; there may be more."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Named(_Said):
    name: str = ""


class _Training(_Said):
    prompts: int = 0
    rows: int = 0
    seed: int = 0
    code_version: str = ""


class _Measures(_Said):
    val: Mapping[str, Number] = Field(default_factory=dict)


class _Encoder(_Said):
    id: str = ""


class _Manifest(_Said):
    strategy: str = ""
    candidates: tuple[_Named, ...] = ()
    encoder: _Encoder = _Encoder()
    training: _Training = _Training()
    metrics: _Measures = _Measures()
    min_service_version: str = ""


class Card(BaseModel):
    """One pushed artifact. signed_by: the key that its signature names; routing verifies it, nobody here."""

    model_config = ConfigDict(frozen=True)

    artifact_id: str
    strategy: str
    candidates: tuple[str, ...]
    encoder: str
    prompts: int
    labels: int
    seed: int
    trained_by: str
    metrics: Mapping[str, Number]
    min_service_version: str
    bytes: int
    files: int
    signed_by: str | None
    pushed_at: datetime
    pushed_by: str


def card_of(parts: Parts, pushed_at: datetime, pushed_by: str) -> Card:
    """Raises: PartsInvalid: a field of its manifest is of another kind."""
    try:
        said = _Manifest.model_validate(dict(parts.said))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise PartsInvalid(problems) from None
    return Card(
        artifact_id=parts.artifact_id,
        strategy=said.strategy,
        candidates=tuple(one.name for one in said.candidates),
        encoder=said.encoder.id,
        prompts=said.training.prompts,
        labels=said.training.rows,
        seed=said.training.seed,
        trained_by=said.training.code_version,
        metrics=said.metrics.val,
        min_service_version=said.min_service_version,
        bytes=parts.size,
        files=len(parts.files),
        signed_by=signer(parts),
        pushed_at=pushed_at,
        pushed_by=pushed_by,
    )


def signer(parts: Parts) -> str | None:
    """The key that its signature names. Raises: PartsInvalid: what it has is no signature."""
    if parts.signature is None:
        return None
    try:
        return claimed_key_id(parts.signature)
    except SignatureInvalid as error:
        raise PartsInvalid([f"manifest.sig: {error.message}"]) from None
