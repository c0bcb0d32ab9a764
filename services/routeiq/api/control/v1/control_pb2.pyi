from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ResolveRequest(_message.Message):
    __slots__ = ("key_hash", "customer")
    KEY_HASH_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    key_hash: str
    customer: Customer
    def __init__(self, key_hash: _Optional[str] = ..., customer: _Optional[_Union[Customer, _Mapping]] = ...) -> None: ...

class Customer(_message.Message):
    __slots__ = ("user_id", "service")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    service: str
    def __init__(self, user_id: _Optional[str] = ..., service: _Optional[str] = ...) -> None: ...

class ResolveResponse(_message.Message):
    __slots__ = ("key", "user", "team", "member", "override")
    KEY_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    TEAM_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    key: Key
    user: User
    team: Team
    member: Member
    override: Override
    def __init__(self, key: _Optional[_Union[Key, _Mapping]] = ..., user: _Optional[_Union[User, _Mapping]] = ..., team: _Optional[_Union[Team, _Mapping]] = ..., member: _Optional[_Union[Member, _Mapping]] = ..., override: _Optional[_Union[Override, _Mapping]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("rpm", "tpm", "max_parallel", "rpm_by_model", "tpm_by_model")
    class RpmByModelEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class TpmByModelEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    RPM_FIELD_NUMBER: _ClassVar[int]
    TPM_FIELD_NUMBER: _ClassVar[int]
    MAX_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    RPM_BY_MODEL_FIELD_NUMBER: _ClassVar[int]
    TPM_BY_MODEL_FIELD_NUMBER: _ClassVar[int]
    rpm: int
    tpm: int
    max_parallel: int
    rpm_by_model: _containers.ScalarMap[str, int]
    tpm_by_model: _containers.ScalarMap[str, int]
    def __init__(self, rpm: _Optional[int] = ..., tpm: _Optional[int] = ..., max_parallel: _Optional[int] = ..., rpm_by_model: _Optional[_Mapping[str, int]] = ..., tpm_by_model: _Optional[_Mapping[str, int]] = ...) -> None: ...

class Budget(_message.Message):
    __slots__ = ("id", "max_nano_usd", "soft_nano_usd", "duration", "reset_at", "period", "spent_nano_usd")
    ID_FIELD_NUMBER: _ClassVar[int]
    MAX_NANO_USD_FIELD_NUMBER: _ClassVar[int]
    SOFT_NANO_USD_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    RESET_AT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    SPENT_NANO_USD_FIELD_NUMBER: _ClassVar[int]
    id: str
    max_nano_usd: int
    soft_nano_usd: int
    duration: str
    reset_at: int
    period: int
    spent_nano_usd: int
    def __init__(self, id: _Optional[str] = ..., max_nano_usd: _Optional[int] = ..., soft_nano_usd: _Optional[int] = ..., duration: _Optional[str] = ..., reset_at: _Optional[int] = ..., period: _Optional[int] = ..., spent_nano_usd: _Optional[int] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("hash", "name", "alias", "user_id", "team_id", "blocked", "expires_at", "models", "aliases", "allowed_routes", "permissions", "limits", "budget", "spend_nano_usd", "budgets_by_model", "tags", "account_id")
    class AliasesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class BudgetsByModelEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Budget
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Budget, _Mapping]] = ...) -> None: ...
    HASH_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_ROUTES_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    SPEND_NANO_USD_FIELD_NUMBER: _ClassVar[int]
    BUDGETS_BY_MODEL_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    hash: str
    name: str
    alias: str
    user_id: str
    team_id: str
    blocked: bool
    expires_at: int
    models: _containers.RepeatedScalarFieldContainer[str]
    aliases: _containers.ScalarMap[str, str]
    allowed_routes: _containers.RepeatedScalarFieldContainer[str]
    permissions: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    budget: Budget
    spend_nano_usd: int
    budgets_by_model: _containers.MessageMap[str, Budget]
    tags: _containers.RepeatedScalarFieldContainer[str]
    account_id: str
    def __init__(self, hash: _Optional[str] = ..., name: _Optional[str] = ..., alias: _Optional[str] = ..., user_id: _Optional[str] = ..., team_id: _Optional[str] = ..., blocked: _Optional[bool] = ..., expires_at: _Optional[int] = ..., models: _Optional[_Iterable[str]] = ..., aliases: _Optional[_Mapping[str, str]] = ..., allowed_routes: _Optional[_Iterable[str]] = ..., permissions: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ..., spend_nano_usd: _Optional[int] = ..., budgets_by_model: _Optional[_Mapping[str, Budget]] = ..., tags: _Optional[_Iterable[str]] = ..., account_id: _Optional[str] = ...) -> None: ...

class User(_message.Message):
    __slots__ = ("id", "role", "models", "limits", "budget", "spend_nano_usd")
    ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    SPEND_NANO_USD_FIELD_NUMBER: _ClassVar[int]
    id: str
    role: str
    models: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    budget: Budget
    spend_nano_usd: int
    def __init__(self, id: _Optional[str] = ..., role: _Optional[str] = ..., models: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ..., spend_nano_usd: _Optional[int] = ...) -> None: ...

class Team(_message.Message):
    __slots__ = ("id", "alias", "blocked", "models", "aliases", "limits", "budget", "spend_nano_usd")
    class AliasesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    SPEND_NANO_USD_FIELD_NUMBER: _ClassVar[int]
    id: str
    alias: str
    blocked: bool
    models: _containers.RepeatedScalarFieldContainer[str]
    aliases: _containers.ScalarMap[str, str]
    limits: Limits
    budget: Budget
    spend_nano_usd: int
    def __init__(self, id: _Optional[str] = ..., alias: _Optional[str] = ..., blocked: _Optional[bool] = ..., models: _Optional[_Iterable[str]] = ..., aliases: _Optional[_Mapping[str, str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ..., spend_nano_usd: _Optional[int] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("role", "models", "limits", "budget", "spend_nano_usd")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    SPEND_NANO_USD_FIELD_NUMBER: _ClassVar[int]
    role: str
    models: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    budget: Budget
    spend_nano_usd: int
    def __init__(self, role: _Optional[str] = ..., models: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ..., spend_nano_usd: _Optional[int] = ...) -> None: ...

class Override(_message.Message):
    __slots__ = ("id", "user_id", "service", "provider", "model")
    ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    id: str
    user_id: str
    service: str
    provider: str
    model: str
    def __init__(self, id: _Optional[str] = ..., user_id: _Optional[str] = ..., service: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ...) -> None: ...

class GetOverlayRequest(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class GetOverlayResponse(_message.Message):
    __slots__ = ("overlay",)
    OVERLAY_FIELD_NUMBER: _ClassVar[int]
    overlay: Overlay
    def __init__(self, overlay: _Optional[_Union[Overlay, _Mapping]] = ...) -> None: ...

class Overlay(_message.Message):
    __slots__ = ("version", "models", "providers", "has_overrides")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    HAS_OVERRIDES_FIELD_NUMBER: _ClassVar[int]
    version: int
    models: _containers.RepeatedCompositeFieldContainer[Model]
    providers: _containers.RepeatedCompositeFieldContainer[Provider]
    has_overrides: bool
    def __init__(self, version: _Optional[int] = ..., models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., providers: _Optional[_Iterable[_Union[Provider, _Mapping]]] = ..., has_overrides: _Optional[bool] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("id", "model_name", "litellm_params", "model_info", "blocked")
    ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    LITELLM_PARAMS_FIELD_NUMBER: _ClassVar[int]
    MODEL_INFO_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    id: str
    model_name: str
    litellm_params: str
    model_info: str
    blocked: bool
    def __init__(self, id: _Optional[str] = ..., model_name: _Optional[str] = ..., litellm_params: _Optional[str] = ..., model_info: _Optional[str] = ..., blocked: _Optional[bool] = ...) -> None: ...

class Provider(_message.Message):
    __slots__ = ("id", "name", "display_name", "base_url", "api_key", "models", "enabled", "rate_limit_rpm", "rate_limit_tpm", "priority")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_RPM_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_TPM_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    display_name: str
    base_url: str
    api_key: str
    models: _containers.RepeatedScalarFieldContainer[str]
    enabled: bool
    rate_limit_rpm: int
    rate_limit_tpm: int
    priority: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., display_name: _Optional[str] = ..., base_url: _Optional[str] = ..., api_key: _Optional[str] = ..., models: _Optional[_Iterable[str]] = ..., enabled: _Optional[bool] = ..., rate_limit_rpm: _Optional[int] = ..., rate_limit_tpm: _Optional[int] = ..., priority: _Optional[int] = ...) -> None: ...

class Changed(_message.Message):
    __slots__ = ("keys", "users", "teams", "budgets", "customers", "overlay_version")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    TEAMS_FIELD_NUMBER: _ClassVar[int]
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    CUSTOMERS_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_VERSION_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[str]
    users: _containers.RepeatedScalarFieldContainer[str]
    teams: _containers.RepeatedScalarFieldContainer[str]
    budgets: _containers.RepeatedScalarFieldContainer[str]
    customers: _containers.RepeatedCompositeFieldContainer[Customer]
    overlay_version: int
    def __init__(self, keys: _Optional[_Iterable[str]] = ..., users: _Optional[_Iterable[str]] = ..., teams: _Optional[_Iterable[str]] = ..., budgets: _Optional[_Iterable[str]] = ..., customers: _Optional[_Iterable[_Union[Customer, _Mapping]]] = ..., overlay_version: _Optional[int] = ...) -> None: ...

class ReadLedgerRequest(_message.Message):
    __slots__ = ("journals", "accounts")
    JOURNALS_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    journals: _containers.RepeatedScalarFieldContainer[str]
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    def __init__(self, journals: _Optional[_Iterable[str]] = ..., accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ...) -> None: ...

class Account(_message.Message):
    __slots__ = ("kind", "id", "model")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    kind: str
    id: str
    model: str
    def __init__(self, kind: _Optional[str] = ..., id: _Optional[str] = ..., model: _Optional[str] = ...) -> None: ...

class ReadLedgerResponse(_message.Message):
    __slots__ = ("watermarks", "spending")
    WATERMARKS_FIELD_NUMBER: _ClassVar[int]
    SPENDING_FIELD_NUMBER: _ClassVar[int]
    watermarks: _containers.RepeatedCompositeFieldContainer[Watermark]
    spending: _containers.RepeatedCompositeFieldContainer[Spending]
    def __init__(self, watermarks: _Optional[_Iterable[_Union[Watermark, _Mapping]]] = ..., spending: _Optional[_Iterable[_Union[Spending, _Mapping]]] = ...) -> None: ...

class Watermark(_message.Message):
    __slots__ = ("journal", "sequence")
    JOURNAL_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    journal: str
    sequence: int
    def __init__(self, journal: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class Spending(_message.Message):
    __slots__ = ("account", "budget")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    account: Account
    budget: Budget
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ...) -> None: ...
