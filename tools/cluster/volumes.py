"""A folder of the node for each PersistentVolumeClaim: the storage class `folders`, which is the default one.

It makes a volume when a claim wants one, and removes it with its folder when the claim is gone. The volumes are of the
kind `local`, for which the kubelet does what `fsGroup` says, as on a disk of a cloud.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from tools.cluster.api import API, Document
from tools.cluster.layout import NODE

CLASS = "folders"
PROVISIONER = "routeiq.dev/folders"
CREATED, EXISTS = 201, 409
VOLUMES = "/api/v1/persistentvolumes"


def wanted(claims: Iterable[Document], volumes: Iterable[Document], folder: Path) -> list[Document]:
    """Volumes to make for claims that have none yet."""
    there = {volume["metadata"]["name"] for volume in volumes}
    new = [volume_for(claim, folder) for claim in claims if _waits(claim)]
    return [volume for volume in new if volume["metadata"]["name"] not in there]


def released(volumes: Iterable[Document]) -> list[Document]:
    """Volumes whose claim is gone."""
    ours = [volume for volume in volumes if volume["spec"].get("storageClassName") == CLASS]
    return [volume for volume in ours if volume.get("status", {}).get("phase") == "Released"]


def volume_for(claim: Document, folder: Path) -> Document:
    """Bound to that claim from the beginning, and named by it."""
    metadata, name = claim["metadata"], f"pvc-{claim['metadata']['uid']}"
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
        "spec": {
            "storageClassName": CLASS,
            "persistentVolumeReclaimPolicy": "Delete",
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "local": {"path": str(folder / name)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                **{field: metadata[field] for field in ("namespace", "name", "uid")},
            },
        },
    }


def update(api: API, claims: list[Document], volumes: list[Document], folder: Path) -> None:
    for volume in wanted(claims, volumes, folder):
        _make(Path(volume["spec"]["local"]["path"]))
        status, answer = api.call("POST", VOLUMES, volume)
        if status not in (CREATED, EXISTS):
            raise OSError(f"volume {volume['metadata']['name']}: {status} {answer.get('message')}")
    for volume in released(volumes):
        shutil.rmtree(folder / volume["metadata"]["name"], ignore_errors=True)
        api.call("DELETE", f"{VOLUMES}/{volume['metadata']['name']}")


def _make(folder: Path) -> None:
    """Open to whoever the pod runs as: others do not get past the folders above."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)


def _waits(claim: Document) -> bool:
    bound = claim["spec"].get("volumeName")
    return claim["spec"].get("storageClassName") == CLASS and not bound and "deletionTimestamp" not in claim["metadata"]
