"""`make e2e-cluster`: a cluster out of nothing, the suite's images in it, the tests of tests/cluster on it, and away.

`RQ_E2E_TARGET=kubeconfig` tests on the cluster that KUBECONFIG names instead, with images that it can fetch: nothing is
built, and nothing outside the tests' namespace is touched. The tests decide what they install; they are given

    RQ_E2E_TARGET        hermetic or kubeconfig
    KUBECONFIG, PATH     for kubectl and helm, which come first on the path
    RQ_E2E_INGRESS_URL   where ingresses are served (hermetic)
    RQ_E2E_HOST          this process' address as the pods see it, for whatever a test serves to them (hermetic)
    RQ_E2E_SERVERS       images of the bundled servers (hermetic)

Who brings a cluster sets the last three if they apply (docs/guides/test-cluster.md).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from tools import kube_tools
from tools.cluster import containerd, diagnosis, kubectl, lifecycle, packages
from tools.cluster.errors import ClusterError
from tools.cluster.layout import CHECKOUT, Layout, tools_path
from tools.cluster.steps import Steps

ARCHIVES = CHECKOUT / "build" / "images" / "archives"
IMAGES = (("servers",), ("services", "--tag", "test", "--base", "localhost/rq-base:test"))


def main(layout: Layout, arguments: Sequence[str]) -> int:
    """Args: arguments: for pytest, such as `-k rollout`. Returns: the exit status of the tests."""
    target = os.environ.get("RQ_E2E_TARGET", "hermetic")
    if target == "kubeconfig":
        return _on_the_callers(arguments)
    if target != "hermetic":
        raise ClusterError(
            f"RQ_E2E_TARGET={target}: this runs on `hermetic` or `kubeconfig`; `make test` has the rest."
        )
    return _on_our_own(layout, arguments)


def _on_our_own(layout: Layout, arguments: Sequence[str]) -> int:
    steps, failed = Steps(), True
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _bring_up(layout, steps)
        with steps.step("tests/cluster"):
            status = run_tests(kubectl.environment(layout), arguments)
        failed = status != 0
        return status
    finally:
        if failed:
            _explain(layout)
        _end(layout, steps)
        print(steps.table(), f"\nLogs: {layout.logs}", flush=True)


def _bring_up(layout: Layout, steps: Steps) -> None:
    """What needs the internet comes first: the cluster's network has none."""
    built = lifecycle.prepare(layout, steps)
    with steps.step("what builds images"):
        packages.ensure(packages.FOR_IMAGES)
    for kind in IMAGES:
        with steps.step(f"images: {kind[0]}"):
            build_images(kind)
    lifecycle.up(layout, built, steps)
    with steps.step("images into the cluster"):
        containerd.import_images(layout, sorted(ARCHIVES.glob("*.tar")))


def build_images(kind: Sequence[str]) -> None:
    command = [sys.executable, "-m", "tools.images", *kind, "--archives", str(ARCHIVES)]
    if subprocess.run(command, cwd=CHECKOUT, check=False).returncode != 0:
        raise ClusterError(f"`{' '.join(command)}` failed; what it said is above.")


def run_tests(environment: Mapping[str, str], arguments: Sequence[str]) -> int:
    """In this process' network, which is the cluster's after `up`."""
    return subprocess.run(pytest_command(arguments), cwd=CHECKOUT, env=dict(environment), check=False).returncode


def pytest_command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *chosen(arguments)]


def chosen(arguments: Sequence[str]) -> list[str]:
    """What pytest is told: all of tests/cluster and what of tests/e2e runs there, unless a folder or file is named."""
    named = any(argument.startswith("tests/") for argument in arguments)
    return [*([] if named else ["tests/cluster", "tests/e2e"]), *arguments]


def _on_the_callers(arguments: Sequence[str]) -> int:
    """Pytest takes this process' place: whoever ends it, ends it, and it takes away what it has made there."""
    if not os.environ.get("KUBECONFIG") and not (Path.home() / ".kube" / "config").exists():
        raise ClusterError("RQ_E2E_TARGET=kubeconfig needs KUBECONFIG, or ~/.kube/config.")
    kube_tools.ensure()
    os.chdir(CHECKOUT)
    os.execve(sys.executable, pytest_command(arguments), {**os.environ, "PATH": tools_path()})


def _explain(layout: Layout) -> None:
    """Whatever is broken must not hide why the tests failed, nor keep the cluster from going away."""
    if not layout.kubeconfig.exists():
        return
    try:
        found = diagnosis.report(kubectl.environment(layout), *diagnosis.EVERYWHERE)
    except Exception as problem:  # noqa: BLE001 - as the docstring says
        found = f"What is not well could not be found out: {problem!r}"
    (layout.logs / "diagnosis.txt").write_text(found)
    print(f"\n{found}\n\nAll of this is in {layout.logs / 'diagnosis.txt'}", flush=True)


def _end(layout: Layout, steps: Steps) -> None:
    if os.environ.get("KEEP"):
        print("The cluster stays: `python -m tools.cluster down` ends it.")
        return
    with steps.step("down"):
        lifecycle.down(layout)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends it as Ctrl-C does: not without taking the cluster down."""
    raise KeyboardInterrupt
