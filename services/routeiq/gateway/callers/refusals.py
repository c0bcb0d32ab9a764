"""Why a key is not let in. All of these are 401 but the last; the texts are LiteLLM's, whose clients look for them."""

from __future__ import annotations

from datetime import UTC, datetime

from routeiq.kit.errors import AuthenticationError, Unavailable


class UnknownKey(AuthenticationError):
    """No such key, or it was deleted. The text is the specification's (contract 1.0)."""

    def __init__(self) -> None:
        super().__init__("Invalid API key")


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
