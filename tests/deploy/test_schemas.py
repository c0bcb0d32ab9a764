"""Every document is one that Kubernetes knows, field by field, in the oldest release that the chart takes and in the
one that it is tested on."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import kubernetes_validate
import pytest
import yaml

from tests.support.chart import CHART, Rendering

OLDEST, TESTED = "1.30", "1.36"
CUSTOM = {
    "ServiceMonitor": "monitoring.coreos.com/v1",
    "ScaledObject": "keda.sh/v1alpha1",
    "ExternalSecret": "external-secrets.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
}
"""Of operators, whose schemas are not Kubernetes' own."""


@pytest.fixture(autouse=True, scope="module")
def _each_schema_read_once() -> Iterator[None]:
    """The library reads a megabyte for every document."""
    with pytest.MonkeyPatch.context() as patch:
        read = functools.cache(kubernetes_validate.utils.schema_contents)
        patch.setattr(kubernetes_validate.utils, "schema_contents", read)
        yield


@pytest.mark.parametrize("version", [OLDEST, TESTED])
def test_every_field_is_one_that_kubernetes_knows(chart: Rendering, version: str) -> None:
    own = [one for one in chart.objects if one["kind"] not in CUSTOM]
    assert len(own) > 20
    for one in own:
        kubernetes_validate.validate(dict(one), version, strict=True)


def test_objects_of_operators_are_of_the_versions_that_these_serve(chart: Rendering) -> None:
    custom = chart.of(*CUSTOM)
    assert {(one["kind"], one["apiVersion"]) for one in custom} <= set(CUSTOM.items())
    assert all(one["spec"] for one in custom)


def test_everything_has_one_of_each_operators_objects(everything: Rendering) -> None:
    assert {one["kind"] for one in everything.of(*CUSTOM)} == set(CUSTOM)


def test_the_oldest_release_is_the_charts_own() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"] == f">={OLDEST}.0-0"


def test_no_two_objects_have_one_name(chart: Rendering) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in chart.objects]
    assert len(names) == len(set(names))


def test_every_object_says_whose_it_is(chart: Rendering) -> None:
    for one in chart.objects:
        labels = one["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == chart.release
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert one["metadata"]["namespace"] == chart.namespace
