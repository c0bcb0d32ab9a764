"""Make a key."""

from __future__ import annotations

from uuid import uuid4

from routeiq.control.errors import Detailed
from routeiq.control.fields import Resets
from routeiq.control.keys.allowed import check_fields, inherited
from routeiq.control.keys.answers import KeyMade
from routeiq.control.keys.fields import PRESETS, SERVICE_ACCOUNT
from routeiq.control.keys.finding import budget_of, need_free, tell, written
from routeiq.control.keys.holding import held_by
from routeiq.control.keys.refusals import INTERNAL, plain, wrapped
from routeiq.control.keys.rows import check_amounts, fill, key_made
from routeiq.control.keys.shapes import GenerateKey
from routeiq.control.keys.standing import Standing, ceiling_in, standing_of
from routeiq.control.keys.tokens import checked_custom, fresh, hash_of, name_of
from routeiq.control.office import Write
from routeiq.control.store import keys as store
from routeiq.control.store.holders import budget_exists, team
from routeiq.control.store.tables import Key, Team

WHERE = "Please specify `team_id` in the request body."


async def generate(work: Write, body: GenerateKey, resets: Resets, *, shared: bool = False) -> KeyMade:
    """Args: shared: for a team, not for a user.  Raises: Refused."""
    standing = await standing_of(work.session, work.actor, work.now)
    standing.need_writer()
    check_amounts(body, INTERNAL)
    if not body.team_id and (body.metadata or {}).get(SERVICE_ACCOUNT) is not None:
        raise plain(400, f"team_id is required for service account keys. {WHERE}")
    held = await held_by(work.session, standing, body, shared=shared)
    body = _within_own(work, standing, held, body)
    if shared:
        body.metadata = {SERVICE_ACCOUNT: body.key_alias or str(uuid4()), **(body.metadata or {})}
    if body.budget_id and not await budget_exists(work.session, body.budget_id):
        raise wrapped(400, f"Budget not found, passed budget_id: {body.budget_id}.")
    key = checked_custom(body.key) if body.key is not None else fresh()
    await need_free(work.session, key_hash=hash_of(key), alias=body.key_alias)
    row = await _make(work, body, resets, key)
    work.note("key.generate", "key", row.hash, fields=sorted(body.model_fields_set))
    return key_made(row, await budget_of(work.session, row), key)


async def generate_service_account(work: Write, body: GenerateKey, resets: Resets) -> KeyMade:
    """A team's key that belongs to none of its members. Raises: Refused."""
    if not body.team_id:
        raise Detailed(400, f"team_id is required for service account keys. {WHERE}")
    if await team(work.session, body.team_id) is None:
        raise Detailed(400, f"team_id does not exist in the database. {WHERE}")
    return await generate(work, body, resets, shared=True)


def _within_own(work: Write, standing: Standing, held: Team | None, body: GenerateKey) -> GenerateKey:
    if standing.is_admin:
        return body
    if body.user_id is None and not standing.leads(body.team_id):
        raise wrapped(403, "Only proxy admins and team admins can make service account keys.")
    ceiling = ceiling_in(standing, held)
    check_fields(body, None, ceiling, work.now)
    return inherited(body, ceiling, work.now)


async def _make(work: Write, body: GenerateKey, resets: Resets, key: str) -> Key:
    row = Key(
        hash=hash_of(key), name=name_of(key), models=[], aliases={}, allowed_routes=[], permissions={},
        model_max_budget={}, blocked=False, data={}, extra={}, spend_nano_usd=0,
        created_at=work.now, created_by=work.actor.id, updated_at=work.now, updated_by=work.actor.id,
    )  # fmt: skip
    fill(row, body, work.now, resets)
    if body.key_type is not None:
        row.extra = {**row.extra, "key_type": body.key_type.value}
    if not row.allowed_routes:
        row.allowed_routes = list(PRESETS.get(body.key_type or "", ()))
    await store.end_former(work.session, row.hash)
    await written(work, row, new=True)
    await tell(work, row.hash)
    return row
