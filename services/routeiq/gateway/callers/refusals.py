"""Why a key is not let in. All of these are 401 but one; the texts are LiteLLM's, whose clients look for them.

On models' paths a key that nobody knows has the specification's words (contract 1.0), on LiteLLM's own management paths
LiteLLM's."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from routeiq.kit.errors import AuthenticationError, Unavailable

MOST_SHOWN = 12
"""Of shorter keys nothing is shown."""


class NoKey(AuthenticationError):
    """None was sent."""

    def __init__(self) -> None:
        super().__init__("No API key was sent. Send it as `Authorization: Bearer <key>`.")


class UnknownKey(AuthenticationError):
    """No such key, or it was deleted."""

    def __init__(self) -> None:
        super().__init__("Invalid API key")


class _NoKeyPassed(AuthenticationError):
    type, code = "auth_error", "401"

    def __init__(self) -> None:
        super().__init__("Authentication Error, No api key passed in.", param="None")


class _TokenNotFound(AuthenticationError):
    type, code = "token_not_found_in_db", "401"

    def __init__(self, key: bytes) -> None:
        """It tells who sent the key no more than the key does."""
        shown = key[-4:].decode("ascii", "replace") if len(key) > MOST_SHOWN else "..."
        super().__init__(
            f"Authentication Error, Invalid proxy server token passed. Received API Key = sk-...{shown}, Key Hash "
            f"(Token) ={hashlib.sha256(key).hexdigest()}. Unable to find token in cache or "
            "`LiteLLM_VerificationTokenTable`",
            param="None",
        )


def as_litellm(error: AuthenticationError, key: bytes | None) -> AuthenticationError:
    """The same in the words of LiteLLM's management paths. Args: key: as it was sent."""
    if isinstance(error, NoKey):
        return _NoKeyPassed()
    return _TokenNotFound(key) if isinstance(error, UnknownKey) and key is not None else error


class BlockedKey(AuthenticationError):
    type, code = "auth_error", "401"

    def __init__(self) -> None:
        super().__init__("Key is blocked. Update via `/key/unblock` if you're an admin.")


class BlockedTeam(AuthenticationError):
    type, code = "auth_error", "401"

    def __init__(self, team_id: str) -> None:
        super().__init__(f"Team={team_id} is blocked. Update via `/team/unblock` if you're an admin.")


class ExpiredKey(AuthenticationError):
    type, code = "expired_key", "401"

    def __init__(self, expired_at: float, now: float) -> None:
        super().__init__(
            f"Authentication Error - Expired Key. Key Expiry time {_time(expired_at)} and current time {_time(now)}"
        )


class KeyUnverified(Unavailable):
    """The key is not known here, and control cannot say. Never the master key's."""

    code = "key_unverified"

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__("This API key cannot be verified now. Try again shortly.", retry_after_s=retry_after_s)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="seconds")
