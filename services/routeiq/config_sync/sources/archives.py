"""Archives of artifacts in object stores, for documents that name them by URL."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from routeiq.clients.artifact_limits import MAX_TAR_BYTES
from routeiq.config.artifact_names import parts_of_url
from routeiq.config_sync.sources.gcs import gcs_place
from routeiq.config_sync.sources.objects import ObjectPlace
from routeiq.config_sync.sources.place import SourceFailed
from routeiq.config_sync.sources.s3 import s3_place

TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Of other servers than Amazon's and Google's; empty: theirs."""

    s3: str = ""
    gcs: str = ""


async def fetch_archive(
    url: str, endpoints: Endpoints, *, limit: int = MAX_TAR_BYTES, timeout_s: float = TIMEOUT_S
) -> bytes:
    """What stands at `s3://bucket/key` or `gs://bucket/key`. A checksum in its metadata is compared.

    Raises: SourceFailed: it is not there, larger than `limit`, cannot be read, or not within `timeout_s`."""
    place = _place(url, endpoints, timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            content = await place.read(place.main, None, limit)
    except TimeoutError:
        raise SourceFailed(f"{url}: did not come within {timeout_s:g} s") from None
    if content is None:
        raise SourceFailed(f"{url}: is not there")
    return content.data


def _place(url: str, endpoints: Endpoints, wait_s: float) -> ObjectPlace:
    named = parts_of_url(url)
    if named is None:
        raise SourceFailed("an archive is named s3://bucket/key or gs://bucket/key")
    scheme, bucket, key = named
    if scheme == "s3":
        return s3_place(bucket, key, endpoint=endpoints.s3, wait_s=wait_s)
    return gcs_place(bucket, key, endpoint=endpoints.gcs, wait_s=wait_s)
