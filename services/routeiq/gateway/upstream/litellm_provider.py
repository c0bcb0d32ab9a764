"""Every provider that we do not call ourselves, through litellm's SDK: the only door to that library.

It is imported at the first call, once, in a thread (seconds of CPU, 160 MB), told to fetch nothing, log nothing and
retry nothing. Only OpenAI's own request fields become its arguments: it takes addresses, credentials and callbacks the
same way. What it raises becomes the upstream's refusal, with status, code and `retry-after`, or the lack of an answer.

Known limits of litellm 1.106.2: some providers ignore `max_retries=0` and retry twice inside `timeout_s`; some drop
`stream_options`, and the usage chunk then holds litellm's estimate.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import msgspec
import structlog

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.openai_answer import wants_usage
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.http import MAX_CONNECTIONS, Authorize
from routeiq.gateway.upstream.litellm_errors import LiteLLMMissing, no_answer, refusal
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse
from routeiq.gateway.upstream.request_body import DEFAULTS, Sent
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.gateway.upstream.responses import StreamedResponse, WholeResponse
from routeiq.kit.errors import InvalidRequest, RouteIQError
from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.sse import DONE, encode_event

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

log = structlog.get_logger()

_CHAT = DEFAULTS | {
    "audio", "functions", "function_call", "logprobs", "messages", "modalities", "prediction", "safety_identifier",
    "stream_options", "tool_choice", "tools", "top_logprobs", "verbosity", "web_search_options",
}  # fmt: skip
_TEXT = DEFAULTS | {"best_of", "echo", "logprobs", "prompt", "stream_options", "suffix"}
_EMBEDDINGS = frozenset(["dimensions", "encoding_format", "input", "user"])
_LEFT_OUT = frozenset(["metadata", "model", "prompt_cache_key", "prompt_cache_retention", "store", "stream"])
"""Hints that litellm would take for its own, and what it is told in another way."""
_CALLS = {
    Endpoint.CHAT: ("acompletion", _CHAT),
    Endpoint.COMPLETIONS: ("atext_completion", _TEXT),
    Endpoint.EMBEDDINGS: ("aembedding", _EMBEDDINGS),
}
"""The SDK's function and the request fields that it may have."""
_OURS = DEFAULTS | {
    "api_base", "api_key", "cooldown_time", "drop_params", "input_cost_per_token", "litellm_credential_name",
    "max_budget", "max_parallel_requests", "max_retries", "mock_response", "model", "model_info", "num_retries",
    "order", "output_cost_per_token", "rpm", "stream_timeout", "tags", "timeout", "tpm", "use_in_pass_through",
    "weight",
}  # fmt: skip
"""Parts of `litellm_params` that are not arguments of a call; the rest (`aws_region_name`, `vertex_project`) is."""


class LiteLLM:
    """`load` gives the configured module; tests give a stand-in. `authorize` sees the address before the SDK does."""

    def __init__(self, load: Callable[[], Any] | None = None, authorize: Authorize | None = None) -> None:
        self._authorize = authorize
        self._load = load or _load
        self._sdk: Any = None
        self._loading = asyncio.Lock()

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        """Raises: InvalidRequest: a field is not OpenAI's; LiteLLMMissing; UpstreamFailed."""
        arguments = _arguments(request, deployment)
        await self._check(deployment)
        sdk = await self._loaded()
        call = getattr(sdk, _CALLS[request.endpoint][0])
        try:
            async with asyncio.timeout(request.timeout_s):
                answer = await call(**arguments)
        except Exception as error:  # noqa: BLE001  # the SDK of a hundred providers raises anything
            _note(error, deployment)
            return refusal(error, deployment)
        if answer is None:
            raise UpstreamFailed(f"`{deployment.group}` gave no answer.")  # litellm's way to say a dropped 422
        if request.stream:
            return StreamedResponse(_frames(answer, request, deployment))
        return WholeResponse(200, answer.model_dump_json().encode())

    async def _check(self, deployment: Deployment) -> None:
        """The SDK connects by itself: its address is checked here, but cannot be pinned."""
        if self._authorize is None or deployment.api_base is None:
            return
        try:
            await self._authorize(deployment.api_base, deployment.origin)
        except RouteIQError as refused:
            raise UpstreamFailed(f"The address of `{deployment.group}` is not allowed ({refused.code}).") from None

    async def close(self) -> None:
        """Closes the SDK's HTTP clients, if it was ever loaded: the one that we gave it and those that it cached."""
        sdk, self._sdk = self._sdk, None
        if sdk is None:
            return
        session, sdk.aclient_session = sdk.aclient_session, None
        await session.aclose()
        await sdk.close_litellm_async_clients()

    async def _loaded(self) -> Any:
        async with self._loading:
            if self._sdk is None:
                self._sdk = await anyio.to_thread.run_sync(self._load)
        return self._sdk


def _arguments(request: UpstreamRequest, deployment: Deployment) -> dict[str, Any]:
    """Keyword arguments of the call. The deployment's address and credential come last, so nothing replaces them."""
    allowed = _CALLS[request.endpoint][1]
    body = Sent(deployment, deployment.model, {}).body(request)
    unknown = sorted(request.body.keys() - allowed - _LEFT_OUT)
    if unknown:
        raise InvalidRequest(f"`{unknown[0]}` is not supported by this model's provider.", param=unknown[0])
    given = {name: _value(name, body[name]) for name in allowed & body.keys()}
    own = {name: value for name, value in deployment.params.items() if name not in _OURS}
    if request.stream:
        given["stream"] = True
    return {
        **given,
        **own,
        "model": f"{deployment.provider}/{deployment.model}",
        "api_base": deployment.api_base,
        "api_key": deployment.api_key,
        "timeout": request.timeout_s,
        "num_retries": 0,
        "max_retries": 0,
        "drop_params": deployment.params.get("drop_params") is True,
    }


def _value(name: str, value: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(value)
    except UNREADABLE as error:
        raise InvalidRequest(f"`{name}` cannot be read: {error}", param=name) from None


async def _frames(answer: Any, request: UpstreamRequest, deployment: Deployment) -> AsyncGenerator[bytes, None]:
    """OpenAI's frames from the SDK's chunks. Usage, which litellm puts beside choices, goes into a chunk of its own."""
    usage: dict[str, object] | None = None
    head: dict[str, object] = {}
    try:
        chunks = aiter(answer)
        while (chunk := await _next(chunks, request.timeout_s)) is not None:
            data = chunk.model_dump(exclude_none=True)
            usage = data.pop("usage", None) or usage
            head = {name: value for name, value in data.items() if name != "choices"}
            if any(_says_something(choice) for choice in data.get("choices", ())):
                yield encode_event(msgspec.json.encode(_with_finish_reason(data)))
    except Exception as error:  # noqa: BLE001  # as above; GeneratorExit and CancelledError are no Exception
        _note(error, deployment)
        raise no_answer(error, deployment) from None
    finally:
        await _close(answer)
    if usage is not None and wants_usage(request.body):
        yield encode_event(msgspec.json.encode({**head, "choices": [], "usage": usage}))
    yield DONE


def _says_something(choice: Mapping[str, object]) -> bool:
    return bool(choice.get("delta") or choice.get("text") or choice.get("finish_reason"))


async def _next(chunks: Any, timeout_s: float) -> Any:
    try:
        async with asyncio.timeout(timeout_s):
            return await anext(chunks)
    except StopAsyncIteration:
        return None


def _with_finish_reason(data: dict[str, Any]) -> dict[str, Any]:
    """OpenAI's chunks always have the field; only the last one has a value."""
    return {**data, "choices": [{"finish_reason": None, **choice} for choice in data["choices"]]}


async def _close(answer: Any) -> None:
    """Close the upstream's connection: litellm's wrapper may lack the method, and so may what it wraps."""
    for part in (answer, getattr(answer, "completion_stream", None)):
        close = getattr(part, "aclose", None) or getattr(part, "close", None)
        if close is None:
            continue
        try:
            pending = close()
            if asyncio.iscoroutine(pending):
                await pending
        except Exception as error:  # noqa: BLE001  # nothing is lost by a close that fails
            log.info("litellm.close_failed", error=type(error).__name__)


def _note(error: Exception, deployment: Deployment) -> None:
    """The class says what went wrong; the text may hold keys and addresses."""
    log.info("litellm.failed", deployment=deployment.id, model=deployment.group, error=type(error).__name__)


def _load() -> Any:
    """Import and configure. Raises LiteLLMMissing."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"
    try:
        import httpx  # noqa: PLC0415  # comes with litellm
        import litellm  # noqa: PLC0415  # seconds of CPU and 160 MB: only for those who need it
    except ImportError:
        raise LiteLLMMissing(
            "This provider needs litellm, which is not installed (pip install 'routeiq[litellm]')."
        ) from None
    for name, value in _QUIET.items():
        setattr(litellm, name, value)
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "httpx"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if litellm.aclient_session is None:
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
        litellm.aclient_session = httpx.AsyncClient(
            cookies=_no_cookies(), follow_redirects=False, trust_env=False, limits=limits
        )
    return litellm


_QUIET: Mapping[str, object] = {
    "callbacks": [], "success_callback": [], "failure_callback": [], "_async_success_callback": [],
    "_async_failure_callback": [], "disable_streaming_logging": True, "drop_params": False, "num_retries": 0,
    "suppress_debug_info": True, "telemetry": False, "turn_off_message_logging": True,
}  # fmt: skip


def _no_cookies() -> CookieJar:
    """The SDK's client is shared by all callers: a cookie of one answer must not go out with another's request."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy  # noqa: PLC0415  # for who has litellm

    return CookieJar(policy=DefaultCookiePolicy(allowed_domains=()))
