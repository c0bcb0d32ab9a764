"""The names of the contract choose one source."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from routeiq.config_sync.sources.choice import source_of
from routeiq.config_sync.sources.settings import SourceSettings

S3 = {"CONFIG_S3_BUCKET": "buck", "CONFIG_S3_KEY": "conf/c.yaml"}
GCS = {"CONFIG_GCS_BUCKET": "my.buck", "CONFIG_GCS_KEY": "c.yaml"}
MAP = {"ROUTEIQ_CONFIG_SYNC_CONFIGMAP": "ns/name/c.yaml"}
FILE = {"LITELLM_CONFIG_PATH": "/etc/c.yaml"}


def settings(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> SourceSettings:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return SourceSettings()


@pytest.mark.parametrize(
    ("environ", "kind", "name"),
    [
        ({**S3, **GCS, **MAP, **FILE}, "s3", "s3://buck/conf/c.yaml"),
        ({**GCS, **MAP, **FILE}, "gcs", "gs://my.buck/c.yaml"),
        ({**MAP, **FILE}, "configmap", "configmap ns/name/c.yaml"),
        (FILE, "file", "/etc/c.yaml"),
    ],
)
async def test_one_source_goes_before_the_other(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], kind: str, name: str
) -> None:
    source = source_of(settings(monkeypatch, environ))
    assert source is not None
    assert (source.kind, source.name) == (kind, name)


def test_the_command_lines_document_goes_before_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(settings(monkeypatch, FILE), Path("own.yaml"))
    assert source is not None
    assert source.name == "own.yaml"
    assert source_of(SourceSettings(LITELLM_CONFIG_PATH=None)) is None


def test_names_of_the_contract_and_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(
        monkeypatch,
        {
            "CONFIG_SYNC_ENABLED": "false", "CONFIG_SYNC_INTERVAL": "30", "CONFIG_HOT_RELOAD": "false",
            "AWS_ENDPOINT_URL": "http://minio:9000/", "ROUTEIQ_CONFIG_SYNC_INTERVAL_S": "2",
            "ROUTEIQ_CONFIG_SYNC_PUBLIC_KEYS": "/a.pem:/b.pem",
        },
    )  # fmt: skip
    assert (found.enabled, found.interval_s, found.hot_reload) == (False, 2, False)
    assert found.s3_endpoint == "http://minio:9000"
    assert found.public_keys == (Path("/a.pem"), Path("/b.pem"))


def test_empty_means_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["LITELLM_CONFIG_PATH", "CONFIG_SYNC_INTERVAL", "CONFIG_S3_BUCKET", "ROUTEIQ_CONFIG_SYNC_PUBLIC_KEYS"]
    assert settings(monkeypatch, dict.fromkeys(names, "")) == SourceSettings.model_construct()


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"CONFIG_S3_BUCKET": "b"}, "CONFIG_S3_BUCKET and CONFIG_S3_KEY belong together"),
        ({"CONFIG_GCS_KEY": "b"}, "CONFIG_GCS_BUCKET and CONFIG_GCS_KEY belong together"),
        ({**S3, "CONFIG_S3_BUCKET": "../b"}, "is not the name of a bucket"),
        ({**S3, "CONFIG_S3_KEY": "a/../b"}, "is not the key of an object"),
        ({"AWS_ENDPOINT_URL": "minio:9000"}, "begins with http"),
        ({"ROUTEIQ_CONFIG_SYNC_CONFIGMAP": "name/key"}, "is namespace/name/key"),
        ({"CONFIG_SYNC_INTERVAL": "0"}, "greater than 0"),
    ],
)
def test_settings_that_cannot_be_meant(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(monkeypatch, environ)
