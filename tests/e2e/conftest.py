"""One suite as a user starts it, without any key: three simulated models.

On a cluster only those tests run that ask gateways whose processes they need not touch: `clients`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.suite import Suite, running
from tests.support.target import FOUND

if FOUND is not None:
    collect_ignore_glob = ["test_*.py", "fleet", "governed"]

INSTALLED_S = 600
"""For the first test of a release, which waits for it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FOUND is not None and "tests/e2e" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(INSTALLED_S))


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    with running(tmp_path_factory.mktemp("suite")) as started:
        yield started
