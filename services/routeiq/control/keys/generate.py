"""Make a key."""

from __future__ import annotations

from uuid import uuid4

from routeiq.control.errors import Detailed
from routeiq.control.keys.allowed import check_fields, inherited
from routeiq.control.keys.answers import KeyMade
from routeiq.control.keys.ceiling import Ceiling
from routeiq.control.keys.defaults import with_defaults
from routeiq.control.keys.fields import PRESETS, SERVICE_ACCOUNT
from routeiq.control.keys.finding import budget_of, need_free, tell, written
from routeiq.control.keys.holding import held_by
from routeiq.control.keys.limits import check_limits, held_to, shared_limits
from routeiq.control.keys.making import check_making, check_text
from routeiq.control.keys.refusals import INTERNAL, plain, wrapped
from routeiq.control.keys.rows import check_amounts, fill, key_made
from routeiq.control.keys.shapes import GenerateKey
from routeiq.control.keys.standing import Standing, ceiling_in, standing_of
from routeiq.control.keys.tokens import checked_custom, fresh, hash_of, name_of
from routeiq.control.office import Write
from routeiq.control.store import keys as store
from routeiq.control.store.holders import budget_exists, team
from routeiq.control.store.periods import first_number
from routeiq.control.store.tables import Key, Team
from routeiq.control.terms import Terms
from routeiq.kit.ids import uuid7

WHERE = "Please specify `team_id` in the request body."


async def generate(
    work: Write, body: GenerateKey, terms: Terms, *, shared: bool = False, with_user: bool = False
) -> KeyMade:
    """Args: shared: for a team, not for a user.  with_user: beside a new user; defaults are of keys that are asked for.

    Raises: Refused."""
    standing = await standing_of(work.session, work.actor, work.now)
    standing.need_writer()
    check_amounts(body, INTERNAL)
    if not body.team_id and (body.metadata or {}).get(SERVICE_ACCOUNT) is not None:
        raise plain(400, f"team_id is required for service account keys. {WHERE}")
    check_text(terms, body.key)
    if with_user:
        await held_by(work.session, standing, body, shared=False)
        body = held_to(body, terms.limits, {})
    else:
        body = await _completed(work, standing, body, terms, shared=shared)
    if shared:
        body.metadata = {SERVICE_ACCOUNT: body.key_alias or str(uuid4()), **(body.metadata or {})}
    if body.budget_id and not await budget_exists(work.session, body.budget_id):
        raise wrapped(400, f"Budget not found, passed budget_id: {body.budget_id}.")
    key = checked_custom(body.key) if body.key is not None else fresh()
    await need_free(work.session, key_hash=hash_of(key), alias=body.key_alias)
    row = await _make(work, body, terms, key)
    work.note("key.generate", "key", row.hash, fields=sorted(body.model_fields_set))
    return key_made(row, await budget_of(work.session, row), key)


async def generate_service_account(work: Write, body: GenerateKey, terms: Terms) -> KeyMade:
    """A team's key that belongs to none of its members. Raises: Refused."""
    if not body.team_id:
        raise Detailed(400, f"team_id is required for service account keys. {WHERE}")
    if await team(work.session, body.team_id) is None:
        raise Detailed(400, f"team_id does not exist in the database. {WHERE}")
    return await generate(work, body, terms, shared=True)


async def _completed(work: Write, standing: Standing, body: GenerateKey, terms: Terms, *, shared: bool) -> GenerateKey:
    """What was asked for, the document's defaults where nothing was, and what holds the key that asks."""
    team_id = body.team_id or standing.bound
    held = await held_by(work.session, standing, body, shared=shared, default_team=terms.keys.get("team_id"))
    check_making(terms, standing, body, team_id)
    ceiling = _ceiling(work, standing, held, body)
    budget = await shared_limits(work.session, body.budget_id)
    given = {name: value for name, value in terms.keys.items() if name not in budget}
    body = with_defaults(body, given, ceiling, work.now, shared=shared)
    check_limits(body, terms.limits, INTERNAL)
    if ceiling is not None:
        body = inherited(body, ceiling, work.now)
    return held_to(body, terms.limits, budget)


def _ceiling(work: Write, standing: Standing, held: Team | None, body: GenerateKey) -> Ceiling | None:
    """None: of an administrator. Raises: Refused: it asks for more."""
    if standing.is_admin:
        return None
    if body.user_id is None and not standing.leads(body.team_id):
        raise wrapped(403, "Only proxy admins and team admins can make service account keys.")
    ceiling = ceiling_in(standing, held)
    check_fields(body, None, ceiling, work.now)
    return ceiling


async def _make(work: Write, body: GenerateKey, terms: Terms, key: str) -> Key:
    row = Key(
        hash=hash_of(key), name=name_of(key), models=[], aliases={}, allowed_routes=[], permissions={},
        model_max_budget={}, blocked=False, data={}, extra={}, spend_nano_usd=0,
        budget_period=first_number(work.now), created_at=work.now, created_by=work.actor.id, updated_at=work.now,
        updated_by=work.actor.id,
    )  # fmt: skip
    fill(row, body, work.now, terms.resets)
    if body.key_type is not None:
        row.extra = {**row.extra, "key_type": body.key_type.value}
    if not row.allowed_routes:
        row.allowed_routes = list(PRESETS.get(body.key_type or "", ()))
    row.account_id = uuid7() if await store.was_known(work.session, row.hash) else None
    await store.end_former(work.session, row.hash)
    await written(work, row, new=True)
    await tell(work, row.hash)
    return row
