"""A document in an object store: conditional requests, bounded in time and size, and errors in words of our own.

What a server says in its errors is left out: it may repeat what was sent. Credentials come from the environment (or
the machine's identity), as obstore finds them. Redirects are followed as the HTTP client of obstore does, which gives
credentials to no other host.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from obstore import get_async
from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    NotModifiedError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from routeiq.config.gather import Wanted
from routeiq.config_sync.sources.place import Content, SourceFailed, too_large

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import BackoffConfig, ClientConfig, GCSStore, RetryConfig, S3Store

TRIES = 3
CONNECT_S = 5.0
SILENCE_S = 10.0
"""Until an answer begins, and between two pieces of it."""
CHECKSUM = "sha256"
"""Of the metadata that an owner may give an object: `x-amz-meta-sha256`, `x-goog-meta-sha256`."""
_STATUS = re.compile(r"status code: (\d{3})")
_NO_CREDENTIALS = ("169.254.169.254", "metadata.google.internal", "redential")


def client(endpoint: str, wait_s: float) -> ClientConfig:
    """For requests to a store. Plain HTTP is for endpoints that were given so."""
    return {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=min(CONNECT_S, wait_s / TRIES)),
        "read_timeout": timedelta(seconds=min(SILENCE_S, wait_s / TRIES)),
        "timeout": timedelta(seconds=wait_s),
        "user_agent": "routeiq-config-sync",
    }


def retries(wait_s: float) -> RetryConfig:
    """After 5xx and broken connections; who fetches limits the whole besides."""
    backoff: BackoffConfig = {
        "init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=2), "base": 2
    }  # fmt: skip
    return {"max_retries": TRIES - 1, "retry_timeout": timedelta(seconds=wait_s), "backoff": backoff}


class ObjectPlace:
    """A bucket. `main` is the key of the document, and files that go with it are beside it by their keys."""

    def __init__(self, kind: str, scheme: str, store: S3Store | GCSStore, bucket: str, key: str) -> None:
        self.kind, self.main = kind, key
        self.name = f"{scheme}://{bucket}/{key}"
        self._prefix = f"{scheme}://{bucket}/"
        self._store = store

    async def begin(self) -> None:
        return

    def refusal(self, wanted: Wanted) -> str | None:
        if wanted.name.startswith("/"):
            return "is an absolute path, which means nothing in a bucket"
        return "is outside of the bucket" if wanted.name.split("/")[0] == ".." else None

    async def read(self, name: str, known: Content | None, limit: int) -> Content | None:
        shown = self._prefix + name
        asked = known.etag if known and known.etag else None
        try:
            answer = await get_async(self._store, name, options={"if_none_match": asked} if asked else None)
            if answer.meta["size"] > limit:
                raise too_large(shown, limit)
            data = bytes(await answer.bytes_async())
        except FileNotFoundError:
            return None
        except NotModifiedError as unchanged:
            if known is None:
                raise _failure(shown, unchanged) from None
            return known
        except (BaseError, ValueError, OSError) as error:
            raise _failure(shown, error) from None
        return await asyncio.to_thread(_content, shown, answer, data, self.kind == "gcs")

    async def steady(self) -> bool:
        """A store cannot tell: its objects change one by one."""
        return True

    async def changed(self) -> None:
        """A store tells nobody."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        return


def _content(shown: str, answer: GetResult, data: bytes, by_generation: bool) -> Content:
    digest = hashlib.sha256(data).hexdigest()
    said = str(answer.attributes.get(CHECKSUM, "")).strip().lower()
    if said and said != digest:
        raise SourceFailed(f"{shown}: its content is not that of the checksum in its metadata")
    etag = answer.meta["e_tag"] or ""
    version = (answer.meta["version"] if by_generation else etag) or etag or digest
    return Content(data, etag, version)


def _failure(shown: str, error: Exception) -> SourceFailed:
    return SourceFailed(f"{shown}: {_reason(error)}")


def _reason(error: Exception) -> str:
    text = str(error)
    status = _STATUS.search(text)
    if isinstance(error, PermissionDeniedError):
        return "access is denied"
    if isinstance(error, UnauthenticatedError):
        return "the credentials are not accepted"
    if isinstance(error, InvalidPathError):
        return "is not the key of an object"
    if any(word in text for word in _NO_CREDENTIALS):
        return "no credentials were found for it"
    return f"the server answered {status[1]}" if status else "the server cannot be reached, or its answer is broken"
