"""Whom a request is for, and which service asks: as the LLM Gateway API says it. Elsewhere OpenAI's `user`, Anthropic's
and LiteLLM's `metadata.user_id`, LiteLLM's headers, else the user of the key; and `X-Service-Name`, else the key's
alias."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from routeiq.gateway.callers.overrides import Customer
from routeiq.gateway.pipeline.context import Context

HEADERS = (b"x-litellm-customer-id", b"x-litellm-end-user-id")
SERVICE_HEADER = b"x-service-name"
LONGEST = 256
"""What is longer names nobody."""


class _Metadata(msgspec.Struct):
    user_id: str | None = None


_metadata = msgspec.json.Decoder(_Metadata)
_string = msgspec.json.Decoder(str)


def customer_of(context: Context) -> Customer | None:
    """None: nobody is named."""
    if context.purpose is not None:
        return Customer(context.purpose.user_id, context.purpose.service)
    principal = context.caller.principal
    named = _in_body(context.call.body) or _in_headers(context) or principal.user_id
    if not named or len(named) > LONGEST:
        return None
    service = context.header(SERVICE_HEADER) or principal.key_alias
    return Customer(named, service if len(service) <= LONGEST else "")


def _in_body(body: Mapping[str, msgspec.Raw]) -> str | None:
    """What does not have the usual form names nobody; whether it is an error is the provider's to say."""
    try:
        if "user" in body:
            return _string.decode(body["user"])
        if "metadata" in body:
            return _metadata.decode(body["metadata"]).user_id
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return None


def _in_headers(context: Context) -> str | None:
    return next((value for name in HEADERS if (value := context.header(name))), None)
