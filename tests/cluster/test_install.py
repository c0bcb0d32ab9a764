"""`helm install` on an empty namespace: the six services are there in time, safe, migrated, and answer."""

from __future__ import annotations

import time
from itertools import pairwise

import openai
import pytest

from tests.cluster.support.database import revision
from tests.cluster.support.figures import Note
from tests.cluster.support.kube import Kube, is_ready, name_of
from tests.cluster.support.load import Edge
from tests.cluster.support.release import Release
from tests.cluster.support.values import SERVICES
from tests.support.target import Target

READY_S = 120.0


@pytest.fixture
def client(admin_edge: Edge, edge: Edge) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{edge.url}/v1", api_key=edge.key, default_headers=edge.headers, max_retries=0)


def test_six_services_are_ready_in_two_minutes(release: Release, kube: Kube, target: Target, note: Note) -> None:
    if target.hermetic:  # elsewhere how fast a node fetches images is in it
        assert release.installed_s <= READY_S
    note(f"installed in {release.installed_s:.1f} s")
    assert [name for name, times in release.restarted.items() if times] == []
    for service in SERVICES:
        pods = kube.pods(service)
        assert pods, f"{service} has no pod"
        assert [name_of(pod) for pod in pods if not is_ready(pod)] == []


def test_the_namespace_lets_only_restricted_pods_in(release: Release, kube: Kube) -> None:
    labels = kube.get("namespace", kube.namespace)["metadata"]["labels"]
    assert labels.get("pod-security.kubernetes.io/enforce") == "restricted"
    warned = [event["message"] for event in kube.items("events") if "PodSecurity" in event.get("message", "")]
    assert warned == []


def test_the_schema_is_that_of_the_release(release: Release) -> None:
    found, wanted = revision(release)
    assert found == wanted


def test_helm_test(release: Release) -> None:
    assert "Succeeded" in release.helm("test", release.name, "--timeout=120s")


def test_a_routed_answer_by_the_ingress(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": "Prove that there are infinitely many primes."}]
    )
    assert "x-routeiq-fallback" not in raw.headers
    assert raw.headers["x-routeiq-model"] in ("small", "large")
    assert float(raw.headers["x-routeiq-confidence"]) > 0
    assert raw.parse().choices[0].message.content


def test_a_stream_by_the_ingress_comes_as_it_is_made(client: openai.OpenAI) -> None:
    at, text = [], ""
    for chunk in client.chat.completions.create(
        model="slow", messages=[{"role": "user", "content": "Tell a story."}], stream=True
    ):
        if chunk.choices and chunk.choices[0].delta.content:
            at.append(time.monotonic())
            text += chunk.choices[0].delta.content
    assert len(at) >= 60
    assert at[-1] - at[0] > 4, "it came at once: something on the way held it back"
    assert max(later - earlier for earlier, later in pairwise(at)) < 2
