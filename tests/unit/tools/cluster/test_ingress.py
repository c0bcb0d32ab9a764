"""What nginx is told of Ingress objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.tools.cluster.documents import ingress, path, service
from tools.cluster.api import Document
from tools.cluster.ingress import nginx_conf

FOLDER = Path("/var/lib/somewhere")
GATEWAY = service("gateway", "10.96.1.1", http=80, ops=81)


def locations(*ingresses: Document) -> list[str]:
    lines = nginx_conf(ingresses, [GATEWAY], FOLDER).splitlines()
    return [line.strip() for line in lines if line.strip().startswith("location")]


def test_a_path_goes_to_the_address_of_its_service() -> None:
    assert "proxy_pass http://10.96.1.1:80;" in locations(ingress(path("/")))[0]


def test_a_port_by_name_is_the_services() -> None:
    assert "proxy_pass http://10.96.1.1:81;" in locations(ingress(path("/", port={"name": "ops"})))[0]


@pytest.mark.parametrize(
    ("written", "matches"),
    [
        (path("/"), ["/"]),
        (path("/v1"), ["= /v1", "/v1/"]),
        (path("/v1/"), ["= /v1", "/v1/"]),
        (path("/v1", kind="Exact"), ["= /v1"]),
    ],
)
def test_a_prefix_is_one_of_whole_elements(written: Document, matches: list[str]) -> None:
    assert [found.split(" {")[0] for found in locations(ingress(written))] == [f"location {one}" for one in matches]


def test_a_service_that_is_not_there_is_a_503() -> None:
    assert locations(ingress(path("/", service="nobody")))[0].endswith("return 503; }")


def test_without_annotations_it_is_as_strict_as_the_real_one() -> None:
    found = locations(ingress(path("/")))[0]
    assert "client_max_body_size 1m; proxy_read_timeout 60;" in found
    assert "proxy_buffering off; proxy_request_buffering on;" in found


def test_annotations_are_followed() -> None:
    found = locations(ingress(path("/"), proxy_read_timeout="600", proxy_body_size="32m"))[0]
    assert "client_max_body_size 32m; proxy_read_timeout 600;" in found


def test_an_annotation_cannot_say_more_than_its_value() -> None:
    with pytest.raises(ValueError, match="proxy-read-timeout"):
        locations(ingress(path("/"), proxy_read_timeout="1; return 200"))


def test_ingresses_of_one_host_share_a_server() -> None:
    conf = nginx_conf([ingress(path("/")), ingress(path("/v1"))], [GATEWAY], FOLDER)
    assert conf.count("server_name suite.test;") == 1


def test_those_of_another_class_are_not_served() -> None:
    assert locations(ingress(path("/"), class_name="traefik")) == []
