"""Which document the fleet is to serve, and how often it is looked at. The names are the contract's (2.3); each has one
of our own beside it, `ROUTEIQ_CONFIG_SYNC_` and the field's name, which wins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, AliasChoices, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from routeiq.kit.settings import Paths

PREFIX = "ROUTEIQ_CONFIG_SYNC_"


def _named(own: str, *names: str) -> AliasChoices:
    return AliasChoices(PREFIX + own, *names)


def _bucket(text: str) -> str:
    if text and not (text[0].isalnum() and all(one.isascii() and (one.isalnum() or one in "._-") for one in text)):
        raise ValueError("is not the name of a bucket")
    return text


def _key(text: str) -> str:
    if any(part in ("", ".", "..") for part in text.split("/")) and text:
        raise ValueError("is not the key of an object, such as conf/routeiq.yaml")
    return text


def _endpoint(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("begins with http:// or https://")
    return text.rstrip("/")


def _configmap(text: str) -> str:
    if text and (len(text.split("/")) != 3 or not all(text.split("/"))):
        raise ValueError("is namespace/name/key")
    return text


Bucket = Annotated[str, AfterValidator(_bucket)]
Key = Annotated[str, AfterValidator(_key)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]


class SourceSettings(BaseSettings):
    """S3 goes before GCS, that before a ConfigMap, and that before a file."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True, env_ignore_empty=True
    )

    enabled: Annotated[bool, Field(validation_alias=_named("ENABLED", "CONFIG_SYNC_ENABLED"))] = True
    interval_s: Annotated[float, Field(gt=0, validation_alias=_named("INTERVAL_S", "CONFIG_SYNC_INTERVAL"))] = 60.0
    """Between two readings of the source. A file or a ConfigMap that changes is read at once."""
    hot_reload: Annotated[bool, Field(validation_alias=_named("HOT_RELOAD", "CONFIG_HOT_RELOAD"))] = True
    """Whether what has changed goes to the fleet by itself; else it waits until somebody asks for a reload. The
    contract's default is false; docs/guides/config-sync.md says why it is not here."""
    timeout_s: Annotated[float, Field(gt=0, le=600, validation_alias=_named("TIMEOUT_S"))] = 30.0
    """For one reading, all of its requests and their repetitions together."""

    s3_bucket: Annotated[Bucket, Field(validation_alias=_named("S3_BUCKET", "CONFIG_S3_BUCKET"))] = ""
    s3_key: Annotated[Key, Field(validation_alias=_named("S3_KEY", "CONFIG_S3_KEY"))] = ""
    s3_endpoint: Annotated[
        Endpoint,
        Field(validation_alias=_named("S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")),
    ] = ""
    """Of MinIO and others, `http://` too. Credentials and region are read from the environment's AWS_* by obstore."""
    gcs_bucket: Annotated[Bucket, Field(validation_alias=_named("GCS_BUCKET", "CONFIG_GCS_BUCKET"))] = ""
    gcs_key: Annotated[Key, Field(validation_alias=_named("GCS_KEY", "CONFIG_GCS_KEY"))] = ""
    gcs_endpoint: Annotated[Endpoint, Field(validation_alias=_named("GCS_ENDPOINT", "GOOGLE_BASE_URL"))] = ""
    configmap: Annotated[str, AfterValidator(_configmap), Field(validation_alias=_named("CONFIGMAP"))] = ""
    """`namespace/name/key`."""
    file: Annotated[Path | None, Field(validation_alias=_named("FILE", "LITELLM_CONFIG_PATH"))] = None
    """What `--config` names goes before it."""
    public_keys: Annotated[Paths, Field(validation_alias=_named("PUBLIC_KEYS"))] = ()
    """PEM files. With one, a document is accepted only if one of these keys has signed it: see `sources.document`."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """A bucket without a key, or the other way round, would silently be another source."""
        for kind, bucket, key in (("S3", self.s3_bucket, self.s3_key), ("GCS", self.gcs_bucket, self.gcs_key)):
            if bool(bucket) != bool(key):
                raise ValueError(f"CONFIG_{kind}_BUCKET and CONFIG_{kind}_KEY belong together")
        return self
