"""Where a fleet's one version stands in NATS: the buckets, their keys, and the subjects that are asked.

docs/adr/0024 says what they are for; protos/routeiq/api/fleet/v1/fleet.proto what most of the values are.
"""

from __future__ import annotations

import os
import re
import secrets
import socket

from routeiq.kit.bus_keys import BucketSpec

REPLICA_TTL_S = 15.0
REPORT_EVERY_S = 3.0
LEADER_TTL_S = 10.0

FLEET = BucketSpec("routeiq-fleet")
REPLICAS = BucketSpec("routeiq-replicas", ttl_s=REPLICA_TTL_S, storage="memory")
"""Who is alive says so again within `REPORT_EVERY_S`, so that it need not survive the server."""
LEADER = BucketSpec("routeiq-leader", ttl_s=LEADER_TTL_S)

DESIRED = "desired"
"""`Wanted`: by everybody."""
CANARY = "canary"
"""`Wanted`: by those it names; there is none while nothing is tried."""
ROLLOUT = "rollout"
"""How far the leader is, for the next one."""
STATUS = "status"
"""What the leader knows of its source and its judges, for who does not lead."""

DOCUMENTS = "routeiq-config"
"""The object store of bundles, each named by its digest."""
ARTIFACTS = "routeiq-artifacts"
"""The object store of artifacts, each named by its id."""

VALIDATE_DOCUMENT = "routeiq.validate.document"
"""`ValidateDocumentRequest`, which one gateway answers."""
VALIDATORS = "gateways"
DO = "routeiq.sync.do"
"""What only the leader may do, asked of it; nobody else answers."""

_FOREIGN = re.compile(r"[^-_a-zA-Z0-9]")


def replica_key(service: str, replica: str) -> str:
    """`<service>.<replica>`, as `routeiq-replicas` and `Wanted.replicas` have it. What no key may have becomes `-`."""
    return f"{_FOREIGN.sub('-', service)}.{_FOREIGN.sub('-', replica)}"


def replica_id(pod_name: str = "") -> str:
    """How this process is named among the replicas of its service. Args: pod_name: Kubernetes' name for it, if it has
    one; else the host's, with what tells apart the processes there."""
    return pod_name or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
