"""One release for all of these tests, in a namespace that lets only restricted pods in and goes away with the run.

The environment says which cluster (tools/cluster/e2e.py); without that nothing here is collected."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.cluster.support.figures import FIGURES, Note
from tests.cluster.support.gateway import Admin
from tests.cluster.support.kube import Kube, Refused, until
from tests.cluster.support.load import Edge, Load
from tests.cluster.support.namespaces import namespace
from tests.cluster.support.release import Release
from tests.cluster.support.values import host_of, values_for
from tests.support.target import FOUND, Target
from tools.cluster import diagnosis

if FOUND is None:
    collect_ignore_glob = ["test_*.py"]

EDGE_S = 30.0


def pytest_sessionstart() -> None:
    """SIGTERM ends a run as Ctrl-C does: not without taking away what it has made on somebody's cluster."""
    if FOUND is not None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The install is looked at first: if it is wrong, the rest is not worth its time."""
    for item in items:
        if "tests/cluster" in item.path.as_posix() and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(900))
    items.sort(key=lambda item: not item.path.as_posix().endswith("tests/cluster/test_install.py"))


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """For what a run measured; it stands at the end of what pytest says."""
    return lambda *said: FIGURES.append((request.node.name, " ".join(map(str, said))))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name, said in FIGURES:
        terminalreporter.write_line(f"{name}: {said}")


@pytest.fixture(scope="session")
def target() -> Target:
    assert FOUND is not None, "nothing is collected without it"
    return FOUND


@pytest.fixture(scope="session")
def kube(target: Target) -> Iterator[Kube]:
    with namespace(target, "rq-e2e", keep=target.namespace) as made:
        yield made


@pytest.fixture(scope="session")
def release(kube: Kube, target: Target, request: pytest.FixtureRequest) -> Iterator[Release]:
    """Installed; whoever changes it puts it back. If a test failed, what is not well is said before it goes away."""
    made = Release(kube, values_for(target, kube.namespace))
    try:
        made.install()
        yield made
    finally:
        if request.session.testsfailed:
            FIGURES.append(("what is not well", "\n" + diagnosis.report(target.environ, "-n", kube.namespace)))
        if not target.namespace:
            made.uninstall()


@pytest.fixture(scope="session")
def admin_edge(release: Release, target: Target) -> Edge:
    if not target.ingress_url:
        pytest.skip("RQ_E2E_INGRESS_URL names no way to the cluster's ingress controller")
    return Edge(target.ingress_url, host_of(release.kube.namespace), release.secret("master-key"))


@pytest.fixture(scope="session")
def admin(admin_edge: Edge) -> Iterator[Admin]:
    """As soon as the ingress has heard of the gateways."""
    made = Admin(admin_edge)
    until(lambda: made.put_up_with("/v1/models")[0] == 200, EDGE_S, "an answer by the ingress")
    yield made
    made.close()


@pytest.fixture
def edge(admin: Admin) -> Edge:
    """With a key of the test's own, so that the ledger says what became of it."""
    return admin.key()


@pytest.fixture
def load(edge: Edge) -> Load:
    return Load(edge)


@pytest.fixture(autouse=True)
def _settled(request: pytest.FixtureRequest) -> None:
    """Each test begins with all pods ready and none on its way out, whatever the one before left."""
    if "release" not in request.fixturenames:
        return
    found: Release = request.getfixturevalue("release")
    try:
        found.wait_rolled()
    except Refused as error:
        pytest.fail(f"not settled: {error}")
