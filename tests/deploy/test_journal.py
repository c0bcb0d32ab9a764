"""Usage on disk: how much of it a gateway may have, and what becomes of it."""

from __future__ import annotations

import re

import pytest

from tests.support.chart import CHART, ROOT, Refused, Rendering, read, template

MAX = "ROUTEIQ_GATEWAY_JOURNAL_MAX_MIB"


def rendered(journal: str) -> Rendering:
    return read("test", template("default", values=f"journal: {{ {journal} }}"))


def most(chart: Rendering) -> int:
    """MiB."""
    (container,) = chart.component("gateway").containers
    return int(next(one["value"] for one in container["env"] if one["name"] == MAX))


@pytest.mark.parametrize(
    ("size", "mib"),
    [
        ("1Gi", 819),
        ("1.5Gi", 1228),
        ("500Mi", 400),
        ("2G", 1525),
        ("1Ti", 838860),
        ("3000000Ki", 2343),
        (2147483648, 1638),
    ],
)
def test_a_journal_stops_well_below_its_size(size: str | int, mib: int) -> None:
    assert most(rendered(f"size: {size}")) == mib


@pytest.mark.parametrize("storage", ["ephemeralVolume", "existingClaim, existingClaim: mine"])
def test_so_does_one_on_another_volume(storage: str) -> None:
    assert most(rendered(f"storage: {storage}, size: 10Gi")) == 8192


def test_the_limit_of_the_folder_is_the_size() -> None:
    volumes = {one["name"]: one for one in rendered("size: 3Gi").component("gateway").spec["volumes"]}
    assert volumes["journal"]["emptyDir"] == {"sizeLimit": "3Gi"}


@pytest.mark.parametrize("size", ["1Mi", "500m", "100Ki"])
def test_a_size_without_room_is_refused(size: str) -> None:
    with pytest.raises(Refused, match="has no room for a journal"):
        rendered(f"size: {size}")


@pytest.mark.parametrize("page", ["docs/guides/kubernetes.md", "docs/guides/kubernetes-operations.md", "values.yaml"])
def test_a_disk_of_the_pods_own_is_promised_to_nobody_for_longer(page: str) -> None:
    """Its claim is deleted with the pod."""
    text = (CHART / page if page == "values.yaml" else ROOT / page).read_text()
    said = [one for one in re.split(r"[.:]\s", " ".join(text.split())) if "ephemeralVolume" in one]
    assert said
    assert not [one for one in said if "outlives" in one]
