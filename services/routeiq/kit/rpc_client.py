"""Call gRPC on asyncio, the same way for every service: a channel whose calls carry an assertion.

Runs on any loop (uvloop too). Messages are at most 16 MiB. A caller imports nothing of what a server needs."""

from __future__ import annotations

import grpc

from routeiq.kit.principal import Principal
from routeiq.kit.signing import AssertionSigner

AUTHORIZATION = "authorization"
REQUEST_ID = "x-request-id"
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

BOTH_ENDS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
)
_CLIENT = [
    *BOTH_ENDS,
    ("grpc.enable_retries", 0),  # the typed clients retry, within the caller's deadline
    ("grpc.enable_http_proxy", 0),  # calls between services never go through a proxy
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
]

LOST = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})
"""What a call ends with whose server goes: unheard, or in the moment in which that says goodbye. Whoever cancels a call
of its own hears of it as `asyncio.CancelledError`."""

Metadata = tuple[tuple[str, str], ...]


def open_channel(address: str, *more: tuple[str, str | int]) -> grpc.aio.Channel:
    """A channel inside the cluster or the machine, without TLS. Open it in the running loop; its user closes it.

    Args: more: further options, or others, by gRPC's names."""
    return grpc.aio.insecure_channel(address, options=[*(dict(_CLIENT) | dict(more)).items()])


def call_metadata(
    signer: AssertionSigner, audience: str, *, subject: str | Principal = "", request_id: str = ""
) -> Metadata:
    """What each call carries: the assertion for `audience` and, if given, the request id."""
    authorization = (AUTHORIZATION, f"Bearer {signer.sign(audience, subject)}")
    return (authorization, (REQUEST_ID, request_id)) if request_id else (authorization,)
