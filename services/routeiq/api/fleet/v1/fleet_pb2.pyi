from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Release(_message.Message):
    __slots__ = ("number", "document", "artifact", "config_version", "source", "etag", "created_ms", "created_by", "needs_restart")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    CONFIG_VERSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATED_MS_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    NEEDS_RESTART_FIELD_NUMBER: _ClassVar[int]
    number: int
    document: str
    artifact: str
    config_version: str
    source: str
    etag: str
    created_ms: int
    created_by: str
    needs_restart: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, number: _Optional[int] = ..., document: _Optional[str] = ..., artifact: _Optional[str] = ..., config_version: _Optional[str] = ..., source: _Optional[str] = ..., etag: _Optional[str] = ..., created_ms: _Optional[int] = ..., created_by: _Optional[str] = ..., needs_restart: _Optional[_Iterable[str]] = ...) -> None: ...

class Wanted(_message.Message):
    __slots__ = ("release", "replicas", "wish")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    WISH_FIELD_NUMBER: _ClassVar[int]
    release: Release
    replicas: _containers.RepeatedScalarFieldContainer[str]
    wish: int
    def __init__(self, release: _Optional[_Union[Release, _Mapping]] = ..., replicas: _Optional[_Iterable[str]] = ..., wish: _Optional[int] = ...) -> None: ...

class Replica(_message.Message):
    __slots__ = ("service", "replica", "applied", "wish", "error", "requests", "failures", "config_version", "artifact", "at_ms", "version")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    WISH_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    CONFIG_VERSION_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    AT_MS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    service: str
    replica: str
    applied: int
    wish: int
    error: str
    requests: int
    failures: int
    config_version: str
    artifact: str
    at_ms: int
    version: str
    def __init__(self, service: _Optional[str] = ..., replica: _Optional[str] = ..., applied: _Optional[int] = ..., wish: _Optional[int] = ..., error: _Optional[str] = ..., requests: _Optional[int] = ..., failures: _Optional[int] = ..., config_version: _Optional[str] = ..., artifact: _Optional[str] = ..., at_ms: _Optional[int] = ..., version: _Optional[str] = ...) -> None: ...

class ValidateDocumentRequest(_message.Message):
    __slots__ = ("document",)
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    document: str
    def __init__(self, document: _Optional[str] = ...) -> None: ...

class ValidateDocumentResponse(_message.Message):
    __slots__ = ("valid", "errors", "warnings", "config_version", "replica")
    VALID_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_VERSION_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    valid: bool
    errors: _containers.RepeatedScalarFieldContainer[str]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    config_version: str
    replica: str
    def __init__(self, valid: _Optional[bool] = ..., errors: _Optional[_Iterable[str]] = ..., warnings: _Optional[_Iterable[str]] = ..., config_version: _Optional[str] = ..., replica: _Optional[str] = ...) -> None: ...
