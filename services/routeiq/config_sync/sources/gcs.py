"""Google Cloud Storage. The version of an object is its generation."""

from __future__ import annotations

from obstore.store import GCSStore

from routeiq.config_sync.sources.objects import ObjectPlace, client, retries


def gcs_place(bucket: str, key: str, *, endpoint: str = "", wait_s: float = 30.0) -> ObjectPlace:
    """Args: endpoint: `http://host:port` of another server than Google's.
    wait_s: for one object with its retries."""
    options, retrying = client(endpoint, wait_s), retries(wait_s)
    if endpoint:
        store = GCSStore(bucket, base_url=endpoint, client_options=options, retry_config=retrying)
    else:
        store = GCSStore(bucket, client_options=options, retry_config=retrying)
    return ObjectPlace("gcs", "gs", store, bucket, key)
