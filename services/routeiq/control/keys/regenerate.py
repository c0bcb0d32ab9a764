"""Give a key another text. Who still uses the old one may do so for a while, if that was asked for.

Whoever asks is told the new text, and so has what that key may do: a key gets at none that goes beyond itself. LiteLLM
lets any key of a user have all the others'.
"""

from __future__ import annotations

from routeiq.control.keys.answers import KeyMade
from routeiq.control.keys.change import change_fields
from routeiq.control.keys.effective import effective
from routeiq.control.keys.finding import budget_of, need_free, tell, written
from routeiq.control.keys.holding import need_ordinary
from routeiq.control.keys.making import check_text
from routeiq.control.keys.refusals import stronger, wrapped
from routeiq.control.keys.rows import archived, expiry, key_made
from routeiq.control.keys.shapes import RegenerateKey
from routeiq.control.keys.standing import Standing, standing_of
from routeiq.control.keys.tokens import checked_successor, fresh, hash_of, name_of
from routeiq.control.office import Write
from routeiq.control.store import keys as store
from routeiq.control.store.accounts import key_account
from routeiq.control.store.tables import Key
from routeiq.control.terms import Terms


async def regenerate(work: Write, key: str | None, body: RegenerateKey, terms: Terms) -> KeyMade:
    """Args: key: of the path or the query; the body's comes before it.  Raises: Refused."""
    standing = await standing_of(work.session, work.actor, work.now)
    standing.need_writer()
    named = body.key or key
    if not named:
        raise wrapped(400, "No key passed in.")
    row = await store.key_of(work.session, hash_of(named), lock=True)
    if row is None:
        raise wrapped(404, f"Key {_shown(named)} not found.")
    if not standing.may_change(row):
        raise wrapped(403, "You are not authorized to regenerate this key")
    await need_ordinary(work.session, standing, row.user_id)
    await _need_no_stronger(work, standing, row)
    check_text(terms, body.new_key)
    new = checked_successor(body.new_key) if body.new_key is not None else fresh()
    await need_free(work.session, key_hash=hash_of(new))
    old = row.hash
    await tell(work, old)
    before = archived(row)
    await change_fields(work, standing, row, body, terms)
    await _replace(work, row, new, before, body.grace_period)
    work.note("key.regenerate", "key", row.hash, fields=sorted(body.model_fields_set - {"key", "new_key"}), was=old)
    return key_made(row, await budget_of(work.session, row), new)


async def _need_no_stronger(work: Write, standing: Standing, row: Key) -> None:
    if standing.is_admin or row.hash == work.actor.principal.key_id:
        return
    held = effective(row, await budget_of(work.session, row), work.now)
    beyond = standing.own.exceeded_by(row, held)
    if beyond is not None:
        raise stronger(beyond)


async def _replace(work: Write, row: Key, new: str, before: dict[str, object], grace: str | None) -> None:
    until = expiry(grace, work.now) if grace else None
    row.account_id = await key_account(work.session, row)
    await store.archive(work.session, row, before, store.End(work.now, work.actor.id, hash_of(new), until))
    await store.end_former(work.session, hash_of(new))
    row.hash, row.name = hash_of(new), name_of(new)
    extra = row.extra or {}
    rotated = {"rotation_count": extra.get("rotation_count", 0) + 1, "last_rotation_at": work.now.isoformat()}
    row.extra = {**extra, **rotated}
    await written(work, row)
    await tell(work, row.hash)


def _shown(key: str) -> str:
    """A key that somebody mistyped is a key still."""
    return name_of(key) if key.startswith("sk-") else key[:64]
