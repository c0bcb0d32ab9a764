"""The API server's own word on every rendered document: no unknown field, no warning of PodSecurity."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cluster.support.dry_run import dry_run, known
from tests.cluster.support.kube import Kube, run
from tests.cluster.support.release import CHART
from tests.support.target import Target

VALUES = sorted((Path(__file__).resolve().parents[1] / "deploy" / "values").glob("*.yaml"))


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_the_api_server_takes_every_document_without_a_warning(values: Path, kube: Kube, target: Target) -> None:
    rendered = run(["helm", "template", "dry", str(CHART), "-n", kube.namespace, "-f", str(values)], kube.environ)
    said = dry_run(kube, known(target, kube, [one for one in yaml.safe_load_all(rendered) if one]))
    assert (said.returncode, said.stderr.strip()) == (0, "")
