"""One suite as a user starts it, without any key: three simulated models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.suite import Suite, running


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    with running(tmp_path_factory.mktemp("suite")) as started:
        yield started
