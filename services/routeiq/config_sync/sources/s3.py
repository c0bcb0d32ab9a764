"""S3 and what speaks like it: a custom endpoint is addressed by path, unless AWS_VIRTUAL_HOSTED_STYLE_REQUEST."""

from __future__ import annotations

from obstore.store import S3Store

from routeiq.config_sync.sources.objects import ObjectPlace, client, retries


def s3_place(bucket: str, key: str, *, endpoint: str = "", wait_s: float = 30.0) -> ObjectPlace:
    """Args: endpoint: `http://host:port` of another server than Amazon's.
    wait_s: for one object with its retries."""
    options, retrying = client(endpoint, wait_s), retries(wait_s)
    if endpoint:
        store = S3Store(bucket, endpoint=endpoint, client_options=options, retry_config=retrying)
    else:
        store = S3Store(bucket, client_options=options, retry_config=retrying)
    return ObjectPlace("s3", "s3", store, bucket, key)
