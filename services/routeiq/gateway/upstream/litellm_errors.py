"""What litellm raises, as a provider's refusal or as the lack of an answer. Exceptions are read by their shape.

litellm makes a status out of everything, also of a refused connection (500) and of its own time-out (408). An answer
was there only if its headers are; without headers a 4xx is litellm's own refusal of the request.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from routeiq.gateway.upstream.refusals import credential_refused, openai_refusal
from routeiq.gateway.upstream.responses import JSON_HEADERS, WholeResponse
from routeiq.gateway.upstream.secrets import scrub
from routeiq.kit.error_bodies import openai_error

_CODES = {
    "ContextWindowExceededError": "context_length_exceeded",
    "ContentPolicyViolationError": "content_policy_violation",
}
_LONGEST_TEXT = 2000


class LiteLLMMissing(UpstreamFailed):
    """The deployment needs a library that this installation lacks."""

    status, code = 501, "provider_not_installed"


def refusal(error: Exception, deployment: Deployment) -> WholeResponse:
    """The upstream's answer behind `error`. Raises UpstreamFailed, UpstreamTimeout: there was none."""
    status = getattr(error, "status_code", None)
    headers = getattr(error, "litellm_response_headers", None)
    answered = isinstance(headers, Mapping) or (isinstance(status, int) and 400 <= status < 500 and status != 408)
    if not answered or not isinstance(status, int) or not 400 <= status < 600:
        raise no_answer(error, deployment)
    retry_after = headers.get("retry-after") if isinstance(headers, Mapping) else None
    passed = {"retry-after": str(retry_after)} if retry_after else {}
    return WholeResponse(status, _body(error, status, deployment), {**JSON_HEADERS, **passed})


def no_answer(error: Exception, deployment: Deployment) -> UpstreamFailed:
    """The failure to raise. Its text has nothing of litellm's, which names addresses."""
    if isinstance(error, TimeoutError) or any("Timeout" in type(link).__name__ for link in _chain(error)):
        return UpstreamTimeout(f"`{deployment.group}` did not answer in time.")
    return UpstreamFailed(f"`{deployment.group}` gave no usable answer ({type(error).__name__}).")


def _chain(error: BaseException) -> list[BaseException]:
    """`error` and what caused it, at most ten."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and len(links) < 10:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


def _body(error: Exception, status: int, deployment: Deployment) -> bytes:
    if status == 401:
        return credential_refused(deployment)
    code = _CODES.get(type(error).__name__)
    if code is not None:
        return scrub(openai_error(_text(error), "invalid_request_error", code), deployment)
    given = getattr(error, "body", None)
    if isinstance(given, Mapping) and isinstance(given.get("message"), str):
        return openai_refusal(status, msgspec.json.encode({"error": given}), deployment)
    text = _text(error)
    raw = text.encode() if text.startswith(("{", "<")) else msgspec.json.encode({"message": text})
    return openai_refusal(status, raw, deployment)


def _text(error: Exception) -> str:
    """The provider's words: litellm puts `litellm.XError: XError: SomeException - ` before them."""
    text = str(getattr(error, "message", "") or error)
    _, mark, words = text.partition("Exception - ")
    return (words if mark else text.removeprefix("litellm.").partition(": ")[2] or text)[:_LONGEST_TEXT]
