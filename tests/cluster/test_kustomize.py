"""deploy/kustomize on a real cluster: the API server takes each overlay, and `dev`, once it is applied, serves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
import yaml

from tests.cluster.support.dry_run import dry_run, known
from tests.cluster.support.kube import Document, Kube, until
from tests.cluster.support.namespaces import namespace
from tests.cluster.support.values import SERVICES, host_of
from tests.support.kustomize import FOLDER, kustomize
from tests.support.target import Target

READY_S = 240
EDGE_S = 30.0
SERVERS = {
    "postgres": "docker.io/library/postgres",
    "redis": "docker.io/valkey/valkey",
    "nats": "docker.io/library/nats",
}


@pytest.fixture(params=["dev", "prod"])
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def alone(target: Target) -> Iterator[Kube]:
    """A namespace of its own."""
    with namespace(target, "rq-kustomize") as made:
        yield made


@pytest.fixture(scope="module")
def applied(alone: Kube, target: Target, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    """The overlay `dev`, with the images of these tests, until all of it is ready."""
    folder = over(tmp_path_factory.mktemp("dev"), "dev", alone.namespace, images(target))
    alone("apply", "-k", str(folder))
    for service in SERVICES:
        alone("rollout", "status", f"deployment/routeiq-{service}", f"--timeout={READY_S}s", timeout_s=READY_S + 10)
    return alone


def test_the_api_server_takes_an_overlay_without_a_warning(
    overlay: str, kube: Kube, target: Target, tmp_path: Path
) -> None:
    rendered = kustomize(over(tmp_path, overlay, kube.namespace, []))
    said = dry_run(kube, known(target, kube, [one for one in yaml.safe_load_all(rendered) if one]))
    assert (said.returncode, said.stderr.strip()) == (0, "")


def test_what_is_applied_serves(applied: Kube, target: Target) -> None:
    if not target.ingress_url:
        pytest.skip("RQ_E2E_INGRESS_URL names no way to the cluster's ingress controller")
    host = host_of(applied.namespace)
    applied.apply(ingress(target, host))
    client = openai.OpenAI(
        base_url=f"{target.ingress_url}/v1", api_key=applied.secret("routeiq-keys", "master-key"),
        default_headers={"Host": host}, max_retries=0,
    )  # fmt: skip
    models = until(lambda: listed(client), EDGE_S, "an answer by the ingress")
    answer = client.chat.completions.create(model=models[0], messages=[{"role": "user", "content": "hi"}])
    assert answer.choices[0].message.content


def test_a_second_apply_would_change_nothing(applied: Kube, target: Target, tmp_path: Path) -> None:
    folder = over(tmp_path, "dev", applied.namespace, images(target))
    assert applied("diff", "-k", str(folder)) == "", "for `apply` a StatefulSet with volumes is always another"


def over(folder: Path, overlay: str, namespace: str, images: list[dict[str, str]]) -> Path:
    """An overlay of an overlay, in that empty folder."""
    base = os.path.relpath(FOLDER / "overlays" / overlay, folder.resolve())
    wanted = {"namespace": namespace, "resources": [base], "images": images}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(wanted))
    return folder


def images(target: Target) -> list[dict[str, str]]:
    """The suite's of this run; of the servers those that the cluster has."""
    suite = [
        {
            "name": f"localhost/routeiq-{service}",
            "newName": f"{target.registry}/routeiq-{service}",
            "newTag": target.tag,
        }
        for service in SERVICES
    ]
    return suite + [
        {"name": SERVERS[part], "newName": image.rpartition(":")[0], "newTag": image.rpartition(":")[2]}
        for part, image in target.servers.items()
    ]


def ingress(target: Target, host: str) -> Document:
    backend = {"service": {"name": "routeiq-gateway", "port": {"number": 4000}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "edge"},
        "spec": {
            "ingressClassName": target.ingress_class,
            "rules": [
                {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
            ],
        },
    }  # fmt: skip


def listed(client: openai.OpenAI) -> list[str]:
    """Names of its models; none while nobody answers."""
    try:
        return [model.id for model in client.models.list().data]
    except openai.APIError:
        return []
