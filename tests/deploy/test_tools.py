"""The programs that the chart is rendered and installed with are of the releases that it is tested with."""

from __future__ import annotations

import subprocess

from tests.support.chart import run_helm
from tools import kube_tools


def test_helm_is_of_the_release_that_is_meant() -> None:
    assert run_helm("version", "--template", "{{ .Version }}") == "v4.3.1"


def test_kubectl_is_of_the_release_that_is_meant() -> None:
    program = kube_tools.ensure() / "kubectl"
    said = subprocess.run([program, "version", "--client"], capture_output=True, text=True, check=True).stdout
    assert "Client Version: v1.37.1" in said


def test_helm_finds_nothing_to_complain_of() -> None:
    said = run_helm("lint", "--strict", str(kube_tools.ROOT / "deploy" / "helm" / "routeiq"))
    assert "0 chart(s) failed" in said
