"""checkov's rules for Kubernetes over every rendering. What it finds fault with is mended, or an exception below."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.chart import RENDERINGS, template
from tools import checkov

SERVICE = "gateway|routing|control|config-sync|a2a-registry|mcp-registry"
EXCEPTIONS = {
    # A limit of CPU stalls requests while cores are idle; requests of CPU share them out.
    "CKV_K8S_11": ".*",
    # A tag of ours never changes its image, and a node that has it starts a pod without the registry.
    "CKV_K8S_15": ".*",
    # Settings are read from the environment. The private keys, which sign, are files.
    "CKV_K8S_35": ".*",
    # config-sync reads its ConfigMap and holds its Lease; the job writes the Secret of keys.
    "CKV_K8S_38": r"(Deployment\.suite\.rq-\w+-config-sync|Job\.suite\.rq-\w+-keys-[0-9a-f]{8})",
    # The user that the official images know. Root is refused by the schema.
    "CKV_K8S_40": r"StatefulSet\.suite\.rq-\w+-(postgres|redis)",
    # `image.digests` pins them; a chart that pins what it has not built would be a lie.
    "CKV_K8S_43": ".*",
    # The test comes to an end by itself.
    "CKV_K8S_8": r"Pod\.suite\.rq-\w+-test",
    "CKV_K8S_9": r"Pod\.suite\.rq-\w+-test",
    # Policies are off by default: a wrong one for the cluster's DNS stops everything. In all else they are on.
    "CKV2_K8S_6": r"Pod\.suite\.rq-routeiq-.*",
}
"""Rule -> of which objects it may say so."""
NO_POLICIES = "CKV2_K8S_6"
pytestmark = pytest.mark.timeout(400)  # the first time it is installed


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("rendered")
    for name, options in RENDERINGS.items():
        (folder / f"{name.replace(' ', '-')}.yaml").write_text(template(*options))
    return json.loads(_run(folder))


def test_checkov_has_no_fault_to_find_but_the_exceptions(found: dict[str, Any]) -> None:
    faults = [(one["check_id"], one["resource"], one["check_name"]) for one in found["results"]["failed_checks"]]
    surprises = [
        fault for fault in faults if not re.fullmatch(EXCEPTIONS.get(fault[0], "(?!)"), fault[1].partition(".app.")[0])
    ]
    assert surprises == []


def test_it_looked_at_everything(found: dict[str, Any]) -> None:
    assert found["summary"]["parsing_errors"] == 0
    assert found["summary"]["passed"] > 4000


def test_only_who_asked_for_no_policies_has_none(found: dict[str, Any]) -> None:
    files = {one["file_path"] for one in found["results"]["failed_checks"] if one["check_id"] == NO_POLICIES}
    assert files == {"/default.yaml"}


def test_no_exception_is_left_over(found: dict[str, Any]) -> None:
    assert {one["check_id"] for one in found["results"]["failed_checks"]} == EXCEPTIONS.keys()


def _run(folder: Path) -> str:
    """It asks nobody on the internet."""
    arguments = [
        "--directory",
        str(folder),
        "--framework",
        "kubernetes",
        "--skip-download",
        "--quiet",
        "--output",
        "json",
    ]
    done = subprocess.run([checkov.ensure(), *arguments], capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout
