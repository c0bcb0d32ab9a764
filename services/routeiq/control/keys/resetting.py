"""Set back what a key has spent. What ended before is settled: its records change nothing any more."""

from __future__ import annotations

from routeiq.control.fields import Resets, usd
from routeiq.control.keys.answers import SpendReset
from routeiq.control.keys.effective import effective
from routeiq.control.keys.finding import budget_of, tell
from routeiq.control.keys.refusals import detailed
from routeiq.control.keys.standing import standing_of
from routeiq.control.keys.tokens import hash_of, name_of
from routeiq.control.office import Write
from routeiq.control.store import keys as store
from routeiq.control.store.periods import begin, schedule_of, set_spend
from routeiq.control.store.tables import Key
from routeiq.kit.money import from_usd, to_usd


async def reset_spend(work: Write, key: str, reset_to: float, resets: Resets) -> SpendReset:
    """Raises: Refused."""
    standing = await standing_of(work.session, work.actor, work.now)
    standing.need_writer()
    row = await store.key_of(work.session, hash_of(key), lock=True)
    if row is None:
        raise detailed(404, f"Key {name_of(key) if key.startswith('sk-') else key[:64]} not found.")
    if not (standing.is_admin or standing.leads(row.team_id)):
        raise detailed(403, "You must be a proxy admin or team admin to reset key spend")
    begin(row, schedule_of(row, await budget_of(work.session, row)), work.now, resets)
    previous = to_usd(row.spend_nano_usd)
    set_spend(row, await _checked(work, row, reset_to), work.now)
    row.updated_at, row.updated_by = work.now, work.actor.id
    await store.write(work.session)
    await tell(work, row.hash)
    work.note("key.reset_spend", "key", row.hash)
    return SpendReset(
        key_hash=row.hash, spend=to_usd(row.spend_nano_usd), previous_spend=previous,
        max_budget=usd(row.max_budget_nano_usd), budget_reset_at=row.budget_reset_at,
    )  # fmt: skip


async def _checked(work: Write, row: Key, reset_to: float) -> int:
    if reset_to < 0:
        raise detailed(400, "reset_to must be >= 0")
    spent = to_usd(row.spend_nano_usd)
    if reset_to > spent:
        raise detailed(400, f"reset_to ({reset_to}) must be <= current spend ({spent})")
    most = effective(row, await budget_of(work.session, row), work.now).max_nano_usd
    if most is not None and reset_to > to_usd(most):
        raise detailed(400, f"reset_to ({reset_to}) must be <= budget ({to_usd(most)})")
    return min(from_usd(reset_to), row.spend_nano_usd)
