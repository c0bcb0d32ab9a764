"""Which conversation a request belongs to. In this order: `x-routeiq-conversation`, a session id of the client
(`x-litellm-session-id`, `litellm_session_id`, `metadata.session_id`), else the caller's key and first user message.

OpenAI's `prompt_cache_key` is none of them: it names a prefix that many conversations share. Every id is mixed with
the caller's key and the requested model, under a secret of this process, so that no two callers ever share one and
what is kept says nothing."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping

import msgspec

from routeiq.gateway.pipeline.prompt import PromptView

HEADER = b"x-routeiq-conversation"
SESSION_HEADER = b"x-litellm-session-id"
NOT_FOLLOWED = "none"
"""The header's value for a request that neither follows nor leaves a trace."""

Header = Callable[[bytes], str | None]


class Conversation(msgspec.Struct, frozen=True):
    """`followed`: False for a first turn that only its text identifies. It is remembered, so that a second turn finds
    its model, but equal single prompts do not stick to each other."""

    id: bytes
    followed: bool
    history_bytes: int


class _Metadata(msgspec.Struct):
    session_id: str | None = None


_metadata = msgspec.json.Decoder(_Metadata)
_string = msgspec.json.Decoder(str)


class ConversationIds:
    """`secret` is given by tests."""

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(32)

    def of(
        self, caller: str, model: str, header: Header, body: Mapping[str, msgspec.Raw], view: PromptView
    ) -> Conversation | None:
        """None: the request says so, or has no user message.

        Args: caller: the id of its key.  header: the value of a header by its name in lower case."""
        given = header(HEADER)
        if given is not None and given.strip().lower() == NOT_FOLLOWED:
            return None
        named = given or header(SESSION_HEADER) or _session(body)
        if named:
            return Conversation(
                self._id(caller, model, b"named", named.encode("utf-8", "surrogatepass")), True, view.history_bytes
            )
        if not view.opening:
            return None
        return Conversation(self._id(caller, model, b"text", view.opening), view.turns > 1, view.history_bytes)

    def _id(self, caller: str, model: str, kind: bytes, value: bytes) -> bytes:
        """The lengths of all parts but the last keep `a`, `bc` and `ab`, `c` apart."""
        who, asked = caller.encode(), model.encode()
        said = b"%d,%d,%b,%b%b%b" % (len(who), len(asked), kind, who, asked, value)
        return hashlib.blake2b(said, key=self._secret, digest_size=16).digest()


def _session(body: Mapping[str, msgspec.Raw]) -> str | None:
    """What does not have the usual form is no session; whether it is an error is the provider's to say."""
    try:
        if "litellm_session_id" in body:
            return _string.decode(body["litellm_session_id"])
        if "metadata" in body:
            return _metadata.decode(body["metadata"]).session_id
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return None
