from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UsageBatch(_message.Message):
    __slots__ = ("records", "oldest")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    OLDEST_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[UsageRecord]
    oldest: int
    def __init__(self, records: _Optional[_Iterable[_Union[UsageRecord, _Mapping]]] = ..., oldest: _Optional[int] = ...) -> None: ...

class UsageRecord(_message.Message):
    __slots__ = ("id", "request_id", "journal", "sequence", "started_at", "ended_at", "parties", "served", "decision", "tokens", "status", "error", "stream", "cached", "attempts", "bytes", "cost_nano_usd", "state_version", "first_data_us")
    ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    PARTIES_FIELD_NUMBER: _ClassVar[int]
    SERVED_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    CACHED_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    COST_NANO_USD_FIELD_NUMBER: _ClassVar[int]
    STATE_VERSION_FIELD_NUMBER: _ClassVar[int]
    FIRST_DATA_US_FIELD_NUMBER: _ClassVar[int]
    id: str
    request_id: str
    journal: str
    sequence: int
    started_at: int
    ended_at: int
    parties: Parties
    served: Served
    decision: Decision
    tokens: Tokens
    status: int
    error: str
    stream: bool
    cached: bool
    attempts: int
    bytes: int
    cost_nano_usd: int
    state_version: str
    first_data_us: int
    def __init__(self, id: _Optional[str] = ..., request_id: _Optional[str] = ..., journal: _Optional[str] = ..., sequence: _Optional[int] = ..., started_at: _Optional[int] = ..., ended_at: _Optional[int] = ..., parties: _Optional[_Union[Parties, _Mapping]] = ..., served: _Optional[_Union[Served, _Mapping]] = ..., decision: _Optional[_Union[Decision, _Mapping]] = ..., tokens: _Optional[_Union[Tokens, _Mapping]] = ..., status: _Optional[int] = ..., error: _Optional[str] = ..., stream: _Optional[bool] = ..., cached: _Optional[bool] = ..., attempts: _Optional[int] = ..., bytes: _Optional[int] = ..., cost_nano_usd: _Optional[int] = ..., state_version: _Optional[str] = ..., first_data_us: _Optional[int] = ...) -> None: ...

class Parties(_message.Message):
    __slots__ = ("key_hash", "user_id", "team_id", "tags", "customer_id", "service", "task_type", "key_account")
    KEY_HASH_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    TASK_TYPE_FIELD_NUMBER: _ClassVar[int]
    KEY_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    key_hash: str
    user_id: str
    team_id: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    customer_id: str
    service: str
    task_type: str
    key_account: str
    def __init__(self, key_hash: _Optional[str] = ..., user_id: _Optional[str] = ..., team_id: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., customer_id: _Optional[str] = ..., service: _Optional[str] = ..., task_type: _Optional[str] = ..., key_account: _Optional[str] = ...) -> None: ...

class Served(_message.Message):
    __slots__ = ("endpoint", "requested_model", "model", "deployment_id", "provider", "provider_model")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_MODEL_FIELD_NUMBER: _ClassVar[int]
    endpoint: str
    requested_model: str
    model: str
    deployment_id: str
    provider: str
    provider_model: str
    def __init__(self, endpoint: _Optional[str] = ..., requested_model: _Optional[str] = ..., model: _Optional[str] = ..., deployment_id: _Optional[str] = ..., provider: _Optional[str] = ..., provider_model: _Optional[str] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("id", "strategy", "reason", "confidence", "artifact_id", "fallback", "cached")
    ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    CACHED_FIELD_NUMBER: _ClassVar[int]
    id: str
    strategy: str
    reason: str
    confidence: float
    artifact_id: str
    fallback: str
    cached: bool
    def __init__(self, id: _Optional[str] = ..., strategy: _Optional[str] = ..., reason: _Optional[str] = ..., confidence: _Optional[float] = ..., artifact_id: _Optional[str] = ..., fallback: _Optional[str] = ..., cached: _Optional[bool] = ...) -> None: ...

class Tokens(_message.Message):
    __slots__ = ("input", "output", "cache_read", "cache_write", "audio_input", "reasoning", "audio_output", "metered")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    CACHE_READ_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_FIELD_NUMBER: _ClassVar[int]
    AUDIO_INPUT_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    AUDIO_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    METERED_FIELD_NUMBER: _ClassVar[int]
    input: int
    output: int
    cache_read: int
    cache_write: int
    audio_input: int
    reasoning: int
    audio_output: int
    metered: bool
    def __init__(self, input: _Optional[int] = ..., output: _Optional[int] = ..., cache_read: _Optional[int] = ..., cache_write: _Optional[int] = ..., audio_input: _Optional[int] = ..., reasoning: _Optional[int] = ..., audio_output: _Optional[int] = ..., metered: _Optional[bool] = ...) -> None: ...

class Begun(_message.Message):
    __slots__ = ("record", "terms", "input_tokens")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    record: UsageRecord
    terms: bytes
    input_tokens: int
    def __init__(self, record: _Optional[_Union[UsageRecord, _Mapping]] = ..., terms: _Optional[bytes] = ..., input_tokens: _Optional[int] = ...) -> None: ...
