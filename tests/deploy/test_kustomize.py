"""deploy/kustomize is the chart without Helm: made of it, and together what it would have rendered."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.chart import ROOT, SERVICES, Object
from tests.support.kustomize import FOLDER, OVERLAYS, compose, overlay
from tools.kustomize.__main__ import COMPONENTS, files, values
from tools.kustomize.differences import CannotPatch, further, patches
from tools.kustomize.rendering import JOB_IS_KEPT_S, render

COMPOSED = [
    ("network-policies",),
    ("otel",),
    ("trial",),
    ("replicas", "network-policies", "gateway-api", "otel"),
    ("trial", "replicas", "otel"),
    ("otel", "replicas", "trial"),
]


def test_what_is_committed_is_what_the_chart_renders() -> None:
    """`make kustomize` writes it anew."""
    for file, text in files():
        assert file.read_text() == text, file


def test_each_folder_is_generated_and_says_of_what() -> None:
    assert {folder.name for folder in (FOLDER / "components").iterdir()} == COMPONENTS.keys()
    for folder in (FOLDER / "base", *(FOLDER / "components").iterdir()):
        assert {file.name for file in folder.iterdir()} <= {"values.yaml", "kustomization.yaml", "resources.yaml"}


@pytest.mark.parametrize("components", COMPOSED, ids="+".join)
def test_components_together_are_what_the_chart_renders_of_their_values(
    components: tuple[str, ...], tmp_path: Path
) -> None:
    composed, wanted = compose(tmp_path, *components), render(values(*components))
    assert _plain(composed.objects) == _plain(tuple(wanted))


def test_an_overlay_may_choose_its_namespace(tmp_path: Path) -> None:
    built = compose(tmp_path, *COMPONENTS, namespace="elsewhere")
    assert {one["metadata"]["namespace"] for one in built.objects} == {"elsewhere"}
    assert {subject["namespace"] for one in built.of("RoleBinding") for subject in one["subjects"]} == {"elsewhere"}
    text = yaml.safe_dump_all([dict(one) for one in built.objects])
    assert "namespace-of-the-release" not in text


@pytest.mark.parametrize("name", OVERLAYS)
def test_nothing_in_an_overlay_is_helms(name: str) -> None:
    for one in overlay(name).objects:
        metadata = one["metadata"]
        said = {**metadata["labels"], **metadata.get("annotations", {})}
        assert not [key for key in said if key.startswith("helm.sh/")]
        assert said["app.kubernetes.io/managed-by"] == "kustomize"


@pytest.mark.parametrize("name", OVERLAYS)
def test_each_service_runs_and_a_job_migrates(name: str) -> None:
    assert {*SERVICES, "migrate"} <= {pod.component for pod in overlay(name).pods}


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_job_goes_by_itself_so_that_the_next_apply_makes_it_anew(name: str) -> None:
    """It cannot be changed, and kustomize gives it no name by its content."""
    for job in overlay(name).of("Job"):
        assert job["spec"]["ttlSecondsAfterFinished"] == JOB_IS_KEPT_S
        assert not re.search(r"-[0-9a-f]{8}$", job["metadata"]["name"]), "the hash of an image that no overlay uses"


def test_dev_brings_its_servers_and_one_pod_of_each() -> None:
    dev = overlay("dev")
    assert {"postgres", "redis", "nats", "keys"} <= {pod.component for pod in dev.pods}
    assert {one["spec"]["replicas"] for one in dev.of("Deployment")} == {1}
    assert dev.of("PodDisruptionBudget", "NetworkPolicy", "HTTPRoute") == []


def test_prod_makes_nothing_that_holds_data_or_keys() -> None:
    prod = overlay("prod")
    assert {pod.component for pod in prod.pods} == {*SERVICES, "migrate"}
    assert not any("secrets" in rule["resources"] for one in prod.of("Role") for rule in one["rules"])


def test_prod_has_several_pods_that_go_one_at_a_time() -> None:
    prod = overlay("prod")
    assert all(one["spec"]["replicas"] > 1 for one in prod.of("Deployment"))
    assert prod.named("PodDisruptionBudget").keys() == prod.named("Deployment").keys()


def test_prod_lets_traces_out_of_each_service() -> None:
    for name, policy in overlay("prod").named("NetworkPolicy").items():
        ports = [port["port"] for rule in policy["spec"].get("egress", ()) for port in rule.get("ports", ())]
        assert (4317 in ports) == (name.removeprefix("routeiq-") in SERVICES), name


def test_prod_has_images_of_one_registry_and_release() -> None:
    images = [str(container["image"]) for pod in overlay("prod").pods for container in pod.containers]
    assert all(re.fullmatch(r"registry\.example\.com/routeiq/routeiq-[a-z0-9-]+:0\.1\.0", image) for image in images)


def test_prod_serves_the_document_beside_it_under_its_name() -> None:
    document = overlay("prod").named("ConfigMap")["routeiq-document"]
    assert document["data"] == {"config.yaml": (FOLDER / "overlays/prod/config.yaml").read_text()}
    wanted = set(re.findall(r"os\.environ/(\w+)", document["data"]["config.yaml"]))
    for service in ("gateway", "control"):
        (container,) = overlay("prod").component(service).containers
        assert wanted <= {one["name"] for one in container["env"] if "secretKeyRef" in one.get("valueFrom", {})}


def test_prods_route_is_the_one_that_its_patch_says() -> None:
    (route,) = overlay("prod").of("HTTPRoute")
    assert route["spec"]["hostnames"] == ["ai.example.com"]
    assert route["spec"]["parentRefs"] == [{"name": "edge", "namespace": "edge"}]


def test_the_guide_names_each_folder_and_each_secret_that_prod_wants() -> None:
    guide = (ROOT / "docs" / "guides" / "kustomize-and-tilt.md").read_text()
    folders = ["base", *(f"components/{name}" for name in COMPONENTS), *(f"overlays/{name}" for name in OVERLAYS)]
    text = yaml.safe_dump_all([dict(one) for one in overlay("prod").objects])
    secrets = set(re.findall(r"secretName: (\S+)", text)) | set(
        re.findall(r"secretKeyRef:\n +key: .*\n +name: (\S+)", text)
    )
    assert {"routeiq-keys", "routeiq-postgres", "routeiq-redis", "routeiq-nats", "provider-keys"} == secrets
    assert [name for name in (*folders, *secrets) if f"`{name}`" not in guide] == []


def test_what_would_have_to_go_is_no_component() -> None:
    account: Object = {"kind": "ServiceAccount", "metadata": {"name": "gone"}}
    with pytest.raises(CannotPatch, match="gone"):
        further([dict(account)], [])


def test_a_value_that_changes_nothing_is_no_patch() -> None:
    base = render(values())
    assert patches(base, base) == []
    assert further(base, base) == []


def _plain(objects: tuple[Object, ...]) -> dict[tuple[str, str], Any]:
    """Without the namespace, and without the order of what has none. That of variables has a test of its own."""
    return {(one["kind"], one["metadata"]["name"]): _unordered(one) for one in objects}


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unordered(one) for name, one in value.items() if name != "namespace"}
    if isinstance(value, list):
        return sorted((_unordered(one) for one in value), key=functools.partial(json.dumps, sort_keys=True))
    return value
