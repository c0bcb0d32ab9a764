"""What the server itself says to a peer whose request no application gets to see."""

from __future__ import annotations

from typing import Final

from routeiq.kit.error_bodies import openai_error
from routeiq.kit.http_head import STATUS_LINES

INVALID: Final = "Invalid HTTP request received."
REFUSALS: Final = {
    400: INVALID,
    501: "No transfer coding but chunked is taken.",
    505: "No protocol but HTTP/1.1 and HTTP/1.0 is spoken here.",
}
_ANSWER: Final = b"%b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"


def refusal_answer(status: int, message: str) -> bytes:
    """The connection's last one."""
    body = openai_error(message, "invalid_request_error", "invalid_http")
    return _ANSWER % (STATUS_LINES[status], len(body), body)
