"""The one source that the settings name. Libraries are imported for that one alone."""

from __future__ import annotations

from pathlib import Path

from routeiq.config_sync.sources.document import DocumentSource
from routeiq.config_sync.sources.file import FilePlace
from routeiq.config_sync.sources.place import Place
from routeiq.config_sync.sources.settings import SourceSettings
from routeiq.kit.signatures import read_public_keys


def source_of(settings: SourceSettings, file: Path | None = None) -> DocumentSource | None:
    """None: no source is named. Nothing is read yet but the public keys.

    Args: file: the document of the command line. Raises: ConfigurationError: a public key cannot be read."""
    keys = read_public_keys(settings.public_keys)
    place = _remote(settings)
    if place is not None:
        return DocumentSource(place, keys, timeout_s=settings.timeout_s)
    named = file or settings.file
    if named is None:
        return None
    on_disk = FilePlace(named)
    return DocumentSource(on_disk, keys, timeout_s=settings.timeout_s, folder=on_disk.folder)


def _remote(settings: SourceSettings) -> Place | None:
    wait_s = settings.timeout_s
    if settings.s3_bucket:
        from routeiq.config_sync.sources.s3 import s3_place  # noqa: PLC0415  -- 20 MB to import

        return s3_place(settings.s3_bucket, settings.s3_key, endpoint=settings.s3_endpoint, wait_s=wait_s)
    if settings.gcs_bucket:
        from routeiq.config_sync.sources.gcs import gcs_place  # noqa: PLC0415  -- as above

        return gcs_place(settings.gcs_bucket, settings.gcs_key, endpoint=settings.gcs_endpoint, wait_s=wait_s)
    if settings.configmap:
        from routeiq.config_sync.sources.configmap import ConfigMapPlace, Named  # noqa: PLC0415  -- 40 MB, 0.5 s

        return ConfigMapPlace(Named(*settings.configmap.split("/")))
    return None
