from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Fallback(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FALLBACK_UNSPECIFIED: _ClassVar[Fallback]
    FALLBACK_DEADLINE: _ClassVar[Fallback]
    FALLBACK_OVERLOADED: _ClassVar[Fallback]
    FALLBACK_NO_PROMPT: _ClassVar[Fallback]
    FALLBACK_NO_ARTIFACT: _ClassVar[Fallback]
    FALLBACK_UNKNOWN_MODELS: _ClassVar[Fallback]
FALLBACK_UNSPECIFIED: Fallback
FALLBACK_DEADLINE: Fallback
FALLBACK_OVERLOADED: Fallback
FALLBACK_NO_PROMPT: Fallback
FALLBACK_NO_ARTIFACT: Fallback
FALLBACK_UNKNOWN_MODELS: Fallback

class Prompt(_message.Message):
    __slots__ = ("text", "system_sha256", "has_tools", "has_images", "max_output_tokens")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_SHA256_FIELD_NUMBER: _ClassVar[int]
    HAS_TOOLS_FIELD_NUMBER: _ClassVar[int]
    HAS_IMAGES_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    text: _containers.RepeatedScalarFieldContainer[str]
    system_sha256: bytes
    has_tools: bool
    has_images: bool
    max_output_tokens: int
    def __init__(self, text: _Optional[_Iterable[str]] = ..., system_sha256: _Optional[bytes] = ..., has_tools: _Optional[bool] = ..., has_images: _Optional[bool] = ..., max_output_tokens: _Optional[int] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("name", "like", "quality_offset", "input_price", "output_price")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LIKE_FIELD_NUMBER: _ClassVar[int]
    QUALITY_OFFSET_FIELD_NUMBER: _ClassVar[int]
    INPUT_PRICE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_PRICE_FIELD_NUMBER: _ClassVar[int]
    name: str
    like: str
    quality_offset: float
    input_price: float
    output_price: float
    def __init__(self, name: _Optional[str] = ..., like: _Optional[str] = ..., quality_offset: _Optional[float] = ..., input_price: _Optional[float] = ..., output_price: _Optional[float] = ...) -> None: ...

class CandidateSet(_message.Message):
    __slots__ = ("candidates",)
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    def __init__(self, candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ...) -> None: ...

class Objective(_message.Message):
    __slots__ = ("cost_weight",)
    COST_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    cost_weight: float
    def __init__(self, cost_weight: _Optional[float] = ...) -> None: ...

class RouteRequest(_message.Message):
    __slots__ = ("prompt", "candidates", "objective")
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    prompt: Prompt
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    objective: Objective
    def __init__(self, prompt: _Optional[_Union[Prompt, _Mapping]] = ..., candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ..., objective: _Optional[_Union[Objective, _Mapping]] = ...) -> None: ...

class ModelScore(_message.Message):
    __slots__ = ("model", "quality", "cost_usd", "utility", "prior")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    COST_USD_FIELD_NUMBER: _ClassVar[int]
    UTILITY_FIELD_NUMBER: _ClassVar[int]
    PRIOR_FIELD_NUMBER: _ClassVar[int]
    model: str
    quality: float
    cost_usd: float
    utility: float
    prior: bool
    def __init__(self, model: _Optional[str] = ..., quality: _Optional[float] = ..., cost_usd: _Optional[float] = ..., utility: _Optional[float] = ..., prior: _Optional[bool] = ...) -> None: ...

class Timings(_message.Message):
    __slots__ = ("queue_ms", "encode_ms", "score_ms", "total_ms")
    QUEUE_MS_FIELD_NUMBER: _ClassVar[int]
    ENCODE_MS_FIELD_NUMBER: _ClassVar[int]
    SCORE_MS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MS_FIELD_NUMBER: _ClassVar[int]
    queue_ms: float
    encode_ms: float
    score_ms: float
    total_ms: float
    def __init__(self, queue_ms: _Optional[float] = ..., encode_ms: _Optional[float] = ..., score_ms: _Optional[float] = ..., total_ms: _Optional[float] = ...) -> None: ...

class RouteResponse(_message.Message):
    __slots__ = ("selected_model", "strategy", "reasons", "confidence", "scores", "artifact_id", "fallback", "timings", "prompt_tokens", "embedding_cached", "domain", "novelty")
    SELECTED_MODEL_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_CACHED_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    NOVELTY_FIELD_NUMBER: _ClassVar[int]
    selected_model: str
    strategy: str
    reasons: _containers.RepeatedScalarFieldContainer[str]
    confidence: float
    scores: _containers.RepeatedCompositeFieldContainer[ModelScore]
    artifact_id: str
    fallback: Fallback
    timings: Timings
    prompt_tokens: int
    embedding_cached: bool
    domain: str
    novelty: float
    def __init__(self, selected_model: _Optional[str] = ..., strategy: _Optional[str] = ..., reasons: _Optional[_Iterable[str]] = ..., confidence: _Optional[float] = ..., scores: _Optional[_Iterable[_Union[ModelScore, _Mapping]]] = ..., artifact_id: _Optional[str] = ..., fallback: _Optional[_Union[Fallback, str]] = ..., timings: _Optional[_Union[Timings, _Mapping]] = ..., prompt_tokens: _Optional[int] = ..., embedding_cached: _Optional[bool] = ..., domain: _Optional[str] = ..., novelty: _Optional[float] = ...) -> None: ...

class RouteManyRequest(_message.Message):
    __slots__ = ("candidate_sets", "entries")
    CANDIDATE_SETS_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    candidate_sets: _containers.RepeatedCompositeFieldContainer[CandidateSet]
    entries: _containers.RepeatedCompositeFieldContainer[RouteEntry]
    def __init__(self, candidate_sets: _Optional[_Iterable[_Union[CandidateSet, _Mapping]]] = ..., entries: _Optional[_Iterable[_Union[RouteEntry, _Mapping]]] = ...) -> None: ...

class RouteEntry(_message.Message):
    __slots__ = ("prompt", "candidate_set", "objective")
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_SET_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    prompt: Prompt
    candidate_set: int
    objective: Objective
    def __init__(self, prompt: _Optional[_Union[Prompt, _Mapping]] = ..., candidate_set: _Optional[int] = ..., objective: _Optional[_Union[Objective, _Mapping]] = ...) -> None: ...

class RouteManyResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[RouteResult]
    def __init__(self, results: _Optional[_Iterable[_Union[RouteResult, _Mapping]]] = ...) -> None: ...

class RouteResult(_message.Message):
    __slots__ = ("response", "error")
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    response: RouteResponse
    error: str
    def __init__(self, response: _Optional[_Union[RouteResponse, _Mapping]] = ..., error: _Optional[str] = ...) -> None: ...

class EmbedRequest(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, text: _Optional[_Iterable[str]] = ...) -> None: ...

class EmbedResponse(_message.Message):
    __slots__ = ("embeddings", "encoder")
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    embeddings: _containers.RepeatedCompositeFieldContainer[Embedding]
    encoder: str
    def __init__(self, embeddings: _Optional[_Iterable[_Union[Embedding, _Mapping]]] = ..., encoder: _Optional[str] = ...) -> None: ...

class Embedding(_message.Message):
    __slots__ = ("values", "tokens")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    tokens: int
    def __init__(self, values: _Optional[_Iterable[float]] = ..., tokens: _Optional[int] = ...) -> None: ...

class GetInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetInfoResponse(_message.Message):
    __slots__ = ("artifact_id", "strategy", "candidates", "encoder", "dimensions", "loaded_at", "queue_length", "decisions", "version", "manifest_json")
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    LOADED_AT_FIELD_NUMBER: _ClassVar[int]
    QUEUE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_JSON_FIELD_NUMBER: _ClassVar[int]
    artifact_id: str
    strategy: str
    candidates: _containers.RepeatedScalarFieldContainer[str]
    encoder: str
    dimensions: int
    loaded_at: str
    queue_length: int
    decisions: int
    version: str
    manifest_json: str
    def __init__(self, artifact_id: _Optional[str] = ..., strategy: _Optional[str] = ..., candidates: _Optional[_Iterable[str]] = ..., encoder: _Optional[str] = ..., dimensions: _Optional[int] = ..., loaded_at: _Optional[str] = ..., queue_length: _Optional[int] = ..., decisions: _Optional[int] = ..., version: _Optional[str] = ..., manifest_json: _Optional[str] = ...) -> None: ...

class ValidateArtifactRequest(_message.Message):
    __slots__ = ("directory", "artifact_id")
    DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    directory: str
    artifact_id: str
    def __init__(self, directory: _Optional[str] = ..., artifact_id: _Optional[str] = ...) -> None: ...

class ValidateArtifactResponse(_message.Message):
    __slots__ = ("valid", "errors", "artifact_id")
    VALID_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    valid: bool
    errors: _containers.RepeatedScalarFieldContainer[str]
    artifact_id: str
    def __init__(self, valid: _Optional[bool] = ..., errors: _Optional[_Iterable[str]] = ..., artifact_id: _Optional[str] = ...) -> None: ...
