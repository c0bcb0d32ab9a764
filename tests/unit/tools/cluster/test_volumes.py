"""Which claims get a volume, and when it goes."""

from __future__ import annotations

from pathlib import Path

from tests.unit.tools.cluster.documents import claim
from tools.cluster.volumes import released, volume_for, wanted

FOLDER = Path("/var/lib/somewhere")


def names(volumes: list[dict[str, object]]) -> list[object]:
    return [volume["metadata"]["name"] for volume in volumes]  # type: ignore[index]


def test_a_claim_of_our_class_gets_a_volume_that_is_its_own() -> None:
    (volume,) = wanted([claim("1")], [], FOLDER)
    assert volume["spec"]["claimRef"]["uid"] == "1"
    assert volume["spec"]["local"]["path"] == "/var/lib/somewhere/pvc-1"
    assert volume["spec"]["capacity"] == {"storage": "1Gi"}


def test_a_volume_is_made_once() -> None:
    assert wanted([claim("1")], [volume_for(claim("1"), FOLDER)], FOLDER) == []


def test_other_classes_and_bound_claims_are_left_alone() -> None:
    assert wanted([claim("1", "fast"), claim("2", volumeName="pvc-2")], [], FOLDER) == []


def test_a_claim_that_goes_gets_none() -> None:
    going = claim("1")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert wanted([going], [], FOLDER) == []


def test_only_volumes_without_their_claim_are_removed() -> None:
    bound = {**volume_for(claim("1"), FOLDER), "status": {"phase": "Bound"}}
    gone = {**volume_for(claim("2"), FOLDER), "status": {"phase": "Released"}}
    assert names(released([bound, gone])) == ["pvc-2"]


def test_a_released_volume_of_somebody_else_stays() -> None:
    gone = {**volume_for(claim("2"), FOLDER), "status": {"phase": "Released"}}
    gone["spec"]["storageClassName"] = "fast"
    assert released([gone]) == []
