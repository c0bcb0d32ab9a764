"""Whose file may be taken for a secret. What is written by ourselves is in test_key_files.py and test_master_key.py."""

from __future__ import annotations

import os
import stat

import pytest

from routeiq.kit.private_files import objection

SERVICE, SOMEBODY, ROOT = 10001, 1000, 0


def file(owner: int, group: int, mode: int, kind: int = stat.S_IFREG) -> os.stat_result:
    return os.stat_result((kind | mode, 1, 1, 1, owner, group, 10, 0, 0, 0))


def test_a_secret_that_root_hands_to_our_group_is_taken() -> None:
    """As the kubelet mounts one where the pod has an fsGroup."""
    for mode in (0o440, 0o640):
        assert objection(file(ROOT, SERVICE, mode), SERVICE, {SERVICE}) is None


@pytest.mark.parametrize("mode", [0o444, 0o460, 0o450, 0o644, 0o441])
def test_roots_is_refused_if_others_read_it_or_the_group_writes_it(mode: int) -> None:
    assert f"mode {mode:03o}" in (objection(file(ROOT, SERVICE, mode), SERVICE, {SERVICE}) or "")


def test_what_root_has_not_handed_to_our_group_is_refused() -> None:
    assert objection(file(ROOT, SOMEBODY, 0o440), SERVICE, {SERVICE}) == "it belongs to another user"
    assert objection(file(ROOT, SERVICE, 0o600), SERVICE, {SERVICE}) == "it belongs to another user"


def test_a_file_of_another_user_is_refused_whatever_its_group() -> None:
    assert objection(file(SOMEBODY, SERVICE, 0o440), SERVICE, {SERVICE}) == "it belongs to another user"


def test_our_own_is_for_us_alone() -> None:
    assert objection(file(SERVICE, SERVICE, 0o600), SERVICE, {SERVICE}) is None
    assert "chmod 600" in (objection(file(SERVICE, SERVICE, 0o640), SERVICE, {SERVICE}) or "")


def test_root_itself_has_no_group_to_hand_it_to() -> None:
    assert "chmod 600" in (objection(file(ROOT, ROOT, 0o440), ROOT, {ROOT}) or "")


def test_what_is_no_file_is_refused() -> None:
    assert objection(file(SERVICE, SERVICE, 0o700, stat.S_IFDIR), SERVICE, {SERVICE}) == "it is not a regular file"
