"""What is said where something lacks that cannot be had. Nothing is installed here."""

from __future__ import annotations

import os

import pytest

from tools.cluster import packages
from tools.cluster.errors import ClusterError


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not root."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_a_package_lacks_if_its_program_does() -> None:
    assert packages.lacking({"sh": "dash", "no-such-program": "wanted"}) == ["wanted"]


@pytest.mark.usefixtures("somebody")
def test_who_may_not_install_is_told_what() -> None:
    with pytest.raises(ClusterError, match="packages are wanted: one two"):
        packages.ensure({"no-such-program": "one", "nor-this": "two"})


@pytest.mark.usefixtures("somebody")
def test_nothing_is_asked_of_whom_nothing_lacks() -> None:
    packages.ensure({"sh": "dash"})


@pytest.mark.usefixtures("somebody")
def test_a_cluster_wants_root() -> None:
    with pytest.raises(ClusterError, match="sudo"):
        packages.require_root()
