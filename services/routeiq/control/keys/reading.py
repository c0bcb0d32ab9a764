"""Look at keys: one, several, pages of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from routeiq.control.errors import Refused
from routeiq.control.fields import usd
from routeiq.control.keys.answers import AliasPage, KeyFound, KeyPage, KeysFound, KeyStatus, ListedKey, UserOfKey
from routeiq.control.keys.finding import budget_of, budgets_of
from routeiq.control.keys.queries import AliasQuery, ListQuery
from routeiq.control.keys.refusals import BAD, NOT_FOUND, plain
from routeiq.control.keys.rows import key_info, key_row, restored, status_of
from routeiq.control.keys.shapes import NamedKeys
from routeiq.control.keys.standing import Standing, standing_of
from routeiq.control.keys.tokens import hash_of
from routeiq.control.office import Read
from routeiq.control.store import keys as store
from routeiq.control.store.holders import users
from routeiq.control.store.tables import FormerKey, Key, User


async def info(work: Read, key: str | None) -> KeyFound:
    """Args: key: None: the one that asks.  Raises: Refused."""
    standing = await standing_of(work.session, work.actor, work.now)
    named = key or work.actor.principal.key_id
    row = await store.key_of(work.session, hash_of(named))
    former = None if row is not None else await store.former_of(work.session, hash_of(named))
    shown = row or (restored(former.row) if former is not None else None)
    if shown is None:
        raise Refused(404, "Key not found in database", NOT_FOUND, param="key")
    if not standing.may_see(shown):
        raise plain(403, f"You are not allowed to access this key's info. Your role={standing.role}")
    return KeyFound(key=named, info=await _status(work, shown, former))


async def infos(work: Read, body: NamedKeys) -> KeysFound:
    """Those of them that the caller may see."""
    standing = await standing_of(work.session, work.actor, work.now)
    hashes = [*map(hash_of, body.keys or ()), *await store.hashes_of_aliases(work.session, body.key_aliases or ())]
    rows = await store.keys_of(work.session, hashes)
    return KeysFound(key=body.keys, info=[await _status(work, row, None) for row in rows if standing.may_see(row)])


async def page(work: Read, query: ListQuery) -> KeyPage:
    """Raises: Refused: a filter that is none, or that is not the caller's to set."""
    query.check()
    standing = await standing_of(work.session, work.actor, work.now)
    await _check_filters(work, standing, query)
    is_whole = query.return_full_object or "user" in query.expand
    if query.status == "deleted":
        keys, total = await _deleted(work, standing, query)
    else:
        rows, total = await store.page_of_keys(
            work.session, _wanted(standing, query), work.now, page=query.page, size=query.size,
            sort_by=query.sort_by or "created_at", ascending=query.sort_order.lower() == "asc",
        )  # fmt: skip
        keys = await _listed(work, rows, expand="user" in query.expand)
    pages = -(-total // query.size)
    shown = list[str | ListedKey](keys if is_whole else [one.token for one in keys])
    return KeyPage(keys=shown, total_count=total, current_page=query.page, total_pages=pages)


async def aliases(work: Read, query: AliasQuery) -> AliasPage:
    """Raises: Refused: of another's team."""
    standing = await standing_of(work.session, work.actor, work.now)
    _check_team(standing, query.team_id)
    seen = None if standing.actor.reads_all else store.Seen(standing.user_id, standing.led, list(standing.teams))
    wanted = store.Wanted(seen, team_id=query.team_id or standing.bound, alias_part=query.search)
    names, total = await store.page_of_aliases(work.session, wanted, work.now, page=query.page, size=query.size)
    return AliasPage(
        aliases=list(names), total_count=total, current_page=query.page, total_pages=-(-total // query.size),
        size=query.size,
    )  # fmt: skip


async def _status(work: Read, row: Key, former: FormerKey | None) -> KeyStatus:
    shown = key_info(row, await budget_of(work.session, row)).model_dump()
    if former is None:
        return KeyStatus(**shown, status=status_of(row, work.now))
    return KeyStatus(**shown, status="deleted", deleted_at=former.ended_at, deleted_by=former.ended_by)


async def _check_filters(work: Read, standing: Standing, query: ListQuery) -> None:
    """Who may not see every key asks for its own, its teams' and those of no other."""
    if standing.actor.reads_all:
        return
    if standing.user_id is None:
        nobody = "You are not authorized to access this endpoint. No 'user_id' is associated with your API key."
        raise Refused(403, nobody, BAD, param="user_id")
    if query.user_id and query.user_id != standing.user_id:
        raise Refused(403, "You are not authorized to check another user's keys", BAD, param="user_id")
    _check_team(standing, query.team_id)
    if query.organization_id:
        raise Refused(403, "You are not authorized to check this organization's keys", BAD, param="organization_id")
    if query.key_hash:
        row = await store.key_of(work.session, query.key_hash)
        if row is None or not standing.may_see(row):
            raise Refused(403, "Key Hash not found.", BAD, param="key_hash")


def _check_team(standing: Standing, team_id: str | None) -> None:
    if team_id and not standing.actor.reads_all and team_id not in standing.teams:
        raise Refused(403, "You are not authorized to check this team's keys", BAD, param="team_id")


def _wanted(standing: Standing, query: ListQuery) -> store.Wanted:
    is_part = query.substring_matching
    wanted = store.Wanted(
        _seen(standing, query),
        query.team_id or standing.bound,
        query.organization_id,
        query.key_hash,
        alias=None if is_part else query.key_alias,
        alias_part=query.key_alias if is_part else None,
        search=query.search,
        project_id=query.project_id,
        agent_id=query.agent_id,
        status=query.status,
        expires=query.expires,
    )
    if is_part and standing.actor.reads_all:
        return replace(wanted, seen=None, user_part=query.user_id)
    return wanted


def _seen(standing: Standing, query: ListQuery) -> store.Seen | None:
    """None: everything. A member sees its own keys and its teams' shared ones; who leads a team, all of that."""
    if standing.actor.reads_all:
        return store.Seen(query.user_id, created_by=_maker(query, query.user_id)) if query.user_id else None
    teams = standing.teams if query.include_team_keys or query.include_created_by_keys else {}
    led = standing.led if query.include_team_keys else []
    shared = [team for team in teams if team not in led]
    return store.Seen(standing.user_id, led, shared, _maker(query, standing.user_id))


def _maker(query: ListQuery, user_id: str | None) -> str | None:
    return user_id if query.include_created_by_keys else None


async def _listed(work: Read, rows: Sequence[Key], *, expand: bool) -> list[ListedKey]:
    budgets = await budgets_of(work.session, rows)
    found: dict[str, User] = {}
    if expand:
        found = await users(work.session, {id_ for row in rows for id_ in (row.user_id, row.created_by) if id_})
    return [
        ListedKey(
            **key_row(row, budgets.get(row.budget_id or "")).model_dump(),
            user=_user(found.get(row.user_id or ""), whole=True),
            created_by_user=_user(found.get(row.created_by), whole=False),
        )
        for row in rows
    ]


def _user(user: User | None, *, whole: bool) -> UserOfKey | None:
    if user is None:
        return None
    if not whole:
        return UserOfKey(user_id=user.id, user_email=user.email, user_alias=user.alias)
    return UserOfKey(
        user_id=user.id, user_email=user.email, user_alias=user.alias, user_role=user.role,
        max_budget=usd(user.max_budget_nano_usd), spend=usd(user.spend_nano_usd),
    )  # fmt: skip


async def _deleted(work: Read, standing: Standing, query: ListQuery) -> tuple[list[ListedKey], int]:
    user_id = query.user_id if standing.actor.reads_all else standing.user_id
    rows, total = await store.page_of_deleted(
        work.session, user_id=user_id, team_id=query.team_id or standing.bound, key_hash=query.key_hash,
        alias=query.key_alias, page=query.page, size=query.size,
    )  # fmt: skip
    return [
        ListedKey(**key_row(restored(one.row), None).model_dump(), deleted_at=one.ended_at, deleted_by=one.ended_by)
        for one in rows
    ], total
