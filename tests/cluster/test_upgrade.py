"""`helm upgrade` with another value and a step of the schema, and `helm rollback`, while users ask: nobody notices."""

from __future__ import annotations

from tests.cluster.support.database import revision, sql
from tests.cluster.support.figures import Note
from tests.cluster.support.gateway import Admin
from tests.cluster.support.kube import Kube
from tests.cluster.support.load import Edge, Load
from tests.cluster.support.release import Release
from tests.cluster.support.values import SERVICES

ONE_STEP_BACK = (
    "DROP INDEX ix_keys_account_id",
    "UPDATE alembic_version SET version_num = '0004'",
)
"""What step 0005 made, but for the column, which who runs meanwhile reads. Whoever adds one says here how it is undone;
migrations themselves go only forward."""
MARK = {"defaults": {"podAnnotations": {"routeiq.dev/e2e": "upgraded"}}}


def marked(kube: Kube) -> set[str]:
    """Services all of whose pods have the annotation."""
    return {
        service
        for service in SERVICES
        if all(pod["metadata"]["annotations"].get("routeiq.dev/e2e") == "upgraded" for pod in kube.pods(service))
    }


def test_an_upgrade_that_migrates_and_its_rollback_without_a_failure(
    release: Release, kube: Kube, admin: Admin, edge: Edge, load: Load, note: Note
) -> None:
    sql(release, *ONE_STEP_BACK)
    found, wanted = revision(release)
    assert (found, wanted) == ("0004", "0005")
    before, values = release.revision, release.values
    with load.running() as seen:
        load.wait(requests=20)
        release.upgrade(MARK)
        release.wait_rolled()
        assert marked(kube) == set(SERVICES)
        assert revision(release) == (wanted, wanted)
        release.rollback(before)
        release.values = values
        release.wait_rolled()
        assert marked(kube) == set()
    note(seen)
    assert (seen.failed, seen.cut) == ([], [])
    assert seen.answers > 200
    assert seen.streams > 20
    assert revision(release) == (wanted, wanted), "a rollback leaves the schema, which fits both"
    assert admin.wait_recorded(edge.key, seen.sent) == seen.sent
