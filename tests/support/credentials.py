"""A credential of each kind of caller, made by an administrator."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from tests.support.belongings import Ask
from tests.support.callers import KIND
from tests.support.fleet import KEY
from tests.support.governed import Rows

SERVICE_KEY = "a-service-key-of-the-sweep"
TEAM, LEADER = "a-team", "a-leader"
Headers = Mapping[str, str]


def make_credentials(ask: Ask, rows: Rows) -> dict[str, Headers]:
    """Headers by the kind's name. Args: rows: where a key can be made to have expired."""
    made = {**_of_none(), **_of_roles(ask), **_of_former_keys(ask, rows), "admin": _bearer(KEY)}
    assert made.keys() == KIND.keys()
    return made


def _bearer(key: str) -> Headers:
    return {"authorization": f"Bearer {key}"}


def _of_none() -> dict[str, Headers]:
    """They need nothing of control's."""
    return {
        "nobody": {},
        "of another scheme": {"authorization": f"Basic {base64.b64encode(f'admin:{KEY}'.encode()).decode()}"},
        "stranger": _bearer("sk-that-nobody-has-made"),
        "with the hash of a key": _bearer(hashlib.sha256(KEY.encode()).hexdigest()),
        "service": {"x-service-key": SERVICE_KEY},
        "no such service": {"x-service-key": "dev-gateway-key"},
    }


def _of_roles(ask: Ask) -> dict[str, Headers]:
    for user, role in {"a-user": "internal_user", "a-viewer": "proxy_admin_viewer", LEADER: "proxy_admin"}.items():
        ask("POST", "/user/new", {"user_id": user, "user_role": role, "auto_create_key": False})
    ask("POST", "/team/new", {"team_id": TEAM, "members_with_roles": [{"user_id": LEADER, "role": "admin"}]})
    user = _key(ask, user_id="a-user")
    return {
        "user": _bearer(user),
        "user with a key as a service": {"x-service-key": user},
        "key of nobody": _bearer(_key(ask)),
        "key of a team, of an admin": _bearer(_key(ask, team_id=TEAM, user_id=LEADER)),
        "admin by its user": _bearer(_key(ask, user_id=LEADER)),
        "viewer": _bearer(_key(ask, user_id="a-viewer")),
        "user for models alone": _bearer(_key(ask, user_id="a-user", key_type="llm_api")),
        "user for reading alone": _bearer(_key(ask, user_id="a-user", key_type="read_only")),
        "admin for models alone": _bearer(_key(ask, user_id=LEADER, allowed_routes=["llm_api_routes"])),
        "admin for reading alone": _bearer(_key(ask, user_id=LEADER, allowed_routes=["info_routes"])),
        "admin for management alone": _bearer(_key(ask, user_id=LEADER, allowed_routes=["management_routes"])),
    }


def _of_former_keys(ask: Ask, rows: Rows) -> dict[str, Headers]:
    """Each of an administrator's, so that nothing but its end stands in its way."""
    deleted, blocked, expired = (_key(ask, user_id=LEADER) for _ in range(3))
    ask("POST", "/key/delete", {"keys": [deleted]})
    ask("POST", "/key/block", {"key": blocked})
    hashed = hashlib.sha256(expired.encode()).hexdigest()
    rows.execute("UPDATE keys SET expires_at = now() - interval '1 minute' WHERE hash = %s", hashed)
    ask("POST", "/team/new", {"team_id": "a-blocked-team"})
    of_blocked = _key(ask, team_id="a-blocked-team")
    ask("POST", "/team/block", {"team_id": "a-blocked-team"})
    return {
        "with a deleted key": _bearer(deleted),
        "with a blocked key": _bearer(blocked),
        "with an expired key": _bearer(expired),
        "of a blocked team": _bearer(of_blocked),
    }


def _key(ask: Ask, **fields: Any) -> str:
    return str(ask("POST", "/key/generate", fields)["key"])
