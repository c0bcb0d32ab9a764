"""Who may talk to whom, as the guide's table says it: static tests compare the chart with it, the cluster's try it."""

from __future__ import annotations

import re

from tests.support.chart import ROOT

GUIDE = ROOT / "docs" / "guides" / "kubernetes-operations.md"
ROW = re.compile(r"^\| ([a-z0-9-]+) \| ([\w' -]+) \| ([\d, ]+|all) \| [^|]+ \|$", re.MULTILINE)
INTERNET, NEIGHBOURS, API = "internet", "namespace", "Kubernetes' API"
OUTSIDE = {INTERNET, NEIGHBOURS, API}
METADATA = (
    "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe",
    "192.0.0.192", "168.63.129.16", "fd00:42::42",
)  # fmt: skip
PRIVATE = ("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "fe80::1")
PUBLIC = ("1.1.1.1", "172.15.0.1", "2606:4700::1111")
Edge = tuple[str, str, int]


def documented() -> set[tuple[str, str, str]]:
    """Caller, callee and ports of each line."""
    table = GUIDE.read_text().partition("## Who may talk")[2].partition("Whoever calls")[0]
    return {(row[1], row[2], row[3]) for row in ROW.finditer(table)}


def inner() -> set[Edge]:
    """Those between what the chart starts."""
    return {(caller, callee, int(port)) for caller, callee, port in documented() if callee not in OUTSIDE}


def outer() -> set[tuple[str, str]]:
    """Those to elsewhere."""
    return {(caller, callee) for caller, callee, _ in documented() if callee in OUTSIDE}
