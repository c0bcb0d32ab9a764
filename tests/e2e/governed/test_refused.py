"""Whoever may not call a line of the access table is refused as its family's clients expect it, and changes nothing.

Lines, callers and requests are made from the table: what is added to it is asked here by itself. That each request
would have done its work shows in the end, when an administrator sends the same one."""

from __future__ import annotations

import pytest

from routeiq.gateway.access import TABLE, Level, Line, Owner
from tests.e2e.governed.conftest import House
from tests.support.belongings import READS
from tests.support.callers import KINDS, Refusal
from tests.support.governed import Reply

LINES = [pytest.param(method, line, id=f"{method} {line.path}") for line in TABLE for method in sorted(line.methods)]
DECIDED = [one for one in LINES if one.values[1].level is not Level.USER or one.values[1].owner is Owner.GATEWAY]
"""Of what a line permits to any key its owner decides further: see `test_others`."""
GUARDED = [one for one in LINES if one.values[1].level is not Level.NONE]


@pytest.mark.parametrize(("method", "line"), GUARDED)
def test_whoever_may_not_is_refused_and_nothing_changes(house: House, method: str, line: Line) -> None:
    changes = line.owner is Owner.CONTROL and method != "GET" and line.path not in READS
    with house.theirs(changes=changes) as theirs:
        path, body, before = theirs.path(line), theirs.body(line, method), house.rows.marks()
        wrong = {}
        for kind in KINDS:
            refusal = kind.refusal(line)
            if refusal is not None:
                target = path + theirs.query(line, named=not kind.silent)
                answer = house.ask(kind.name, method, target, body)
                wrong[kind.name] = [*problems(answer, refusal, line), *changed(before, house.rows.marks())]
        assert {who: found for who, found in wrong.items() if found} == {}
        answer = house.ask("admin", method, path + theirs.query(line), body)
        assert done(answer, line), (answer.status, answer.body)
        assert bool(changed(before, house.rows.marks())) is changes


@pytest.mark.parametrize(("method", "line"), DECIDED)
def test_whoever_may_is_not(house: House, method: str, line: Line) -> None:
    wrong = {}
    with house.theirs(changes=method == "DELETE") as theirs:
        for kind in KINDS:
            if kind.refusal(line) is None and not kind.partly:
                target = theirs.path(line) + theirs.query(line, named=not kind.silent)
                answer = house.ask(kind.name, "HEAD" if method == "GET" else method, target, {})
                if answer.status in (401, 403, 405):
                    wrong[kind.name] = answer.status
    assert wrong == {}


def test_the_callers_are_who_they_say(house: House) -> None:
    """Who is refused all over might be refused for another reason than the one that is tested."""
    body = {"model": "first", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
    served = {kind.name for kind in KINDS if house.ask(kind.name, "POST", "/v1/chat/completions", body).status == 200}
    assert served == {
        "user", "key of nobody", "key of a team, of an admin", "viewer", "user for models alone",
        "admin for models alone", "admin by its user", "admin",
    }  # fmt: skip
    for who in ("user for reading alone", "admin for reading alone", "admin for management alone"):
        assert house.ask(who, "GET", "/key/info").json()["info"]["allowed_routes"], who
        assert house.ask(who, "GET", "/v1/models").status == (403 if "management" in who else 200)
    assert house.ask("admin for management alone", "GET", "/user/info?user_id=a-user").status == 200


def problems(answer: Reply, expected: Refusal, line: Line) -> list[str]:
    """Why it is not that refusal."""
    found = []
    if answer.status != expected.status:
        found.append(f"status {answer.status}")
    elif not shaped(answer.json(), expected, line):
        found.append(f"body {answer.body!r}")
    if "x-request-id" not in answer.headers or answer.headers.get("content-type") != "application/json":
        found.append(f"headers {answer.headers}")
    if (answer.headers.get("www-authenticate") == "Bearer") is not (answer.status == 401):
        found.append("www-authenticate")
    return found


def shaped(body: object, expected: Refusal, line: Line) -> bool:
    if line.path.startswith("/api/v1/"):
        return isinstance(body, dict) and body.keys() == {"detail"} and said(body["detail"], expected)
    if not isinstance(body, dict) or not isinstance(body.get("error"), dict):
        return False
    error = body["error"]
    if line.path.endswith("/messages"):
        type_ = "authentication_error" if expected.status == 401 else "permission_error"
        return (body["type"], error["type"]) == ("error", type_) and said(error["message"], expected)
    if body.keys() != {"error"} or error.keys() != {"message", "type", "param", "code"}:
        return False
    return (error["type"], error["code"]) == (expected.type, expected.code) and said(error["message"], expected)


def said(text: object, expected: Refusal) -> bool:
    return isinstance(text, str) and text.startswith(expected.text)


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [f"table {name}" for name in before if before[name] != after[name]]


def done(answer: Reply, line: Line) -> bool:
    """What a model answers is another test's."""
    if line.owner is Owner.CONTROL:
        return 200 <= answer.status < 300
    missing = answer.status == 404 and b"There is no " in answer.body
    return not missing and answer.status not in (401, 403, 405, 500)
