"""Change a key: one, or many at once."""

from __future__ import annotations

from routeiq.control.errors import Refused
from routeiq.control.keys.allowed import check_fields
from routeiq.control.keys.answers import BulkAnswer, BulkDone, BulkFailed, KeyInfo, KeyUpdated
from routeiq.control.keys.blocking import put_block
from routeiq.control.keys.finding import budget_of, meant, need_free, tell, written
from routeiq.control.keys.holding import check_move
from routeiq.control.keys.limits import check_limits, keep_limits, shared_limits
from routeiq.control.keys.model_periods import begin_models
from routeiq.control.keys.refusals import AUTH, detailed, wrapped
from routeiq.control.keys.rows import check_amounts, fill, keep_metadata, key_info, key_row
from routeiq.control.keys.shapes import BulkUpdate, KeyFields, UpdateKey
from routeiq.control.keys.standing import Standing, ceiling_in, standing_of
from routeiq.control.keys.tokens import hash_of
from routeiq.control.office import Write
from routeiq.control.store import keys as store
from routeiq.control.store.holders import budget_exists
from routeiq.control.store.periods import begin, schedule_of
from routeiq.control.store.tables import Key
from routeiq.control.terms import Terms
from routeiq.kit.errors import RouteIQError

MAX_BULK = 500


async def update(work: Write, body: UpdateKey, terms: Terms) -> KeyUpdated:
    """Raises: Refused."""
    standing = await standing_of(work.session, work.actor, work.now)
    standing.need_writer()
    row = await _update(work, standing, body, terms)
    shown = key_row(row, await budget_of(work.session, row))
    return KeyUpdated(**shown.model_dump(), key=body.key if body.key is not None else row.hash)


async def bulk_update(work: Write, body: BulkUpdate, terms: Terms) -> BulkAnswer:
    """Each by itself: one that is refused leaves the others be. Raises: Refused: all of it."""
    if not work.actor.is_admin:
        raise detailed(403, "Only proxy admins can perform bulk key updates")
    if not body.keys:
        raise detailed(400, "No keys provided for update")
    if len(body.keys) > MAX_BULK:
        raise detailed(400, f"Maximum {MAX_BULK} keys can be updated at once. Found {len(body.keys)} keys.")
    standing = await standing_of(work.session, work.actor, work.now)
    await store.keys_of(work.session, {hash_of(one.key) for one in body.keys}, lock=True)  # in the order of all others
    done: list[BulkDone] = []
    failed: list[BulkFailed] = []
    for one in body.keys:
        try:
            async with work.session.begin_nested():
                row = await _update(work, standing, one, terms)
            done.append(BulkDone(key=one.key, key_info=key_info(row, await budget_of(work.session, row))))
        except RouteIQError as error:
            info = await _as_it_is(work, one.key)
            work.note_refusal("key.update", "key", hash_of(one.key) if info is not None else "", error)
            failed.append(BulkFailed(key=one.key, key_info=info, failed_reason=_reason(error)))
    return BulkAnswer(total_requested=len(body.keys), successful_updates=done, failed_updates=failed)


async def change_fields(work: Write, standing: Standing, row: Key, body: KeyFields, terms: Terms) -> None:
    """Put what was sent into the row, so far as the caller may. Raises: Refused."""
    check_amounts(body, AUTH)
    begin(row, schedule_of(row, await budget_of(work.session, row)), work.now, terms.resets)
    before = dict(row.model_max_budget or {})
    team = await check_move(work.session, standing, body, row)
    if not standing.is_admin:
        check_fields(body, row, ceiling_in(standing, team), work.now)
        keep_metadata(body, row)
    check_limits(body, terms.limits, AUTH)
    budget_id = body.budget_id if "budget_id" in body.model_fields_set else row.budget_id
    keep_limits(body, row, terms.limits, await shared_limits(work.session, budget_id))
    if body.budget_id and body.budget_id != row.budget_id and not await budget_exists(work.session, body.budget_id):
        raise wrapped(400, f"Budget not found, passed budget_id: {body.budget_id}.", AUTH)
    if body.key_alias != row.alias:
        await need_free(work.session, alias=body.key_alias)
    if "blocked" in body.model_fields_set:
        put_block(row, standing, blocked=bool(body.blocked))
    fill(row, body, work.now, terms.resets)
    await begin_models(work.session, row, before, work.now, terms.resets)
    row.updated_at, row.updated_by = work.now, work.actor.id
    await written(work, row)


async def _update(work: Write, standing: Standing, body: UpdateKey, terms: Terms) -> Key:
    row = await meant(work.session, body.key, body.key_alias)
    if not standing.may_change(row):
        raise wrapped(403, "You are not authorized to update this key", AUTH)
    await change_fields(work, standing, row, body, terms)
    await tell(work, row.hash)
    work.note("key.update", "key", row.hash, fields=sorted(body.model_fields_set - {"key"}))
    return row


async def _as_it_is(work: Write, key: str) -> KeyInfo | None:
    row = await store.key_of(work.session, hash_of(key))
    if row is None:
        return None
    await work.session.refresh(row)
    return key_info(row, await budget_of(work.session, row))


def _reason(error: RouteIQError) -> str:
    return error.message if isinstance(error, Refused) else error.public_message
