"""The commands of `routeiq artifact` that ask a running suite: list, push, promote, rollback, diff."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from routeiq.cli.suite import DEFAULT_URL, Answer, SuiteClient, find_suite
from routeiq.clients.artifact_parts import read_folder
from routeiq.clients.artifact_tar import MEDIA_TYPE, pack
from routeiq.config.artifact_names import is_artifact_id
from routeiq.embedded.data_dir import DEFAULT
from routeiq.kit.errors import NotFound

app = typer.Typer(add_completion=False, rich_markup_mode=None)

PATH = "/router/artifacts"
SHORT = 12
"""Digits of an id that a person reads. As few may be given as are one artifact's alone."""

_LINE = "{} {:<12}  {:<19}  {:<8}  {:>7}  {:>6}  {:<16}  {}"

Url = Annotated[
    str | None,
    typer.Option(
        "--url", help=f"The gateway (ROUTEIQ_URL; else the suite's in the data directory, else {DEFAULT_URL})"
    ),
]
DataDir = Annotated[
    Path, typer.Option("--data-dir", help="The suite's data directory; its key is used where ROUTEIQ_KEY is not set")
]
AsJSON = Annotated[bool, typer.Option("--json", help="Print the suite's answer as it is")]
Id = Annotated[str, typer.Argument(help="An artifact's id, or its beginning")]


@app.command("list")
def list_(url: Url = None, data_dir: DataDir = DEFAULT, as_json: AsJSON = False) -> None:
    """List the artifacts that were pushed, the newest first; * is the one that the fleet is to serve."""
    answer = find_suite(url, data_dir).get(PATH)
    _print(answer, as_json, _table)


@app.command()
def push(
    directory: Annotated[Path, typer.Argument(help="The artifact's directory")],
    promote: Annotated[bool, typer.Option("--promote", help="And let the fleet serve it")] = False,
    url: Url = None,
    data_dir: DataDir = DEFAULT,
    as_json: AsJSON = False,
) -> None:
    """Send an artifact to the suite, which checks it and keeps it. Nothing serves it before it is promoted."""
    parts = read_folder(directory)
    suite = find_suite(url, data_dir)
    answer = suite.post(PATH, pack(parts), MEDIA_TYPE)
    if not promote:
        _print(answer, as_json, _pushed)
        return
    if not as_json:
        typer.echo(_pushed(answer))
    moved = suite.post(f"{PATH}/{parts.artifact_id}/promote")
    _print({"pushed": answer, "promoted": moved}, as_json, lambda both: _moved(both["promoted"]))


@app.command()
def promote(artifact_id: Id, url: Url = None, data_dir: DataDir = DEFAULT, as_json: AsJSON = False) -> None:
    """Let the fleet serve a pushed artifact. Routing opens it first; what it refuses is not served."""
    suite = find_suite(url, data_dir)
    _print(suite.post(f"{PATH}/{_whole(suite, artifact_id)}/promote"), as_json, _moved)


@app.command()
def rollback(url: Url = None, data_dir: DataDir = DEFAULT, as_json: AsJSON = False) -> None:
    """Let the fleet serve the artifact again that it served before."""
    _print(find_suite(url, data_dir).post(f"{PATH}/rollback"), as_json, _moved)


@app.command()
def diff(a: Id, b: Id, url: Url = None, data_dir: DataDir = DEFAULT, as_json: AsJSON = False) -> None:
    """Say what B has otherwise than A: fields of the manifest, files. Ends with status 0 also where they differ."""
    suite = find_suite(url, data_dir)
    _print(suite.get(f"{PATH}/{_whole(suite, a)}/diff/{_whole(suite, b)}"), as_json, _differences)


def _whole(suite: SuiteClient, beginning: str) -> str:
    """The id that begins so. Raises: NotFound: none does, or several do."""
    if is_artifact_id(beginning):
        return beginning
    known = [str(one["artifact_id"]) for one in suite.get(PATH)["artifacts"]]
    found = [one for one in known if beginning and one.startswith(beginning.lower())]
    if len(found) != 1:
        raise NotFound(f"{len(found) or 'No'} pushed artifact{'s' * (len(found) != 1)} begin with {beginning!r}.")
    return found[0]


def _print(answer: Answer, as_json: bool, text: Callable[[Answer], str]) -> None:
    typer.echo(json.dumps(answer, indent=2) if as_json else text(answer))


def _table(answer: Answer) -> str:
    rows = [_row(one) for one in answer["artifacts"]]
    head = _LINE.format(" ", "artifact", "pushed", "strategy", "prompts", "MB", "signed by", "candidates")
    served = "" if answer["wanted"] else "\nNo artifact is promoted: each replica serves its own."
    return "\n".join([head, *rows]) + served if rows else "No artifact was pushed." + served


def _row(one: Answer) -> str:
    names = one["candidates"]
    candidates = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return _LINE.format(
        "*" if one["wanted"] else " ",
        one["artifact_id"][:SHORT],
        one["pushed_at"][:19],
        one["strategy"],
        one["prompts"],
        f"{one['bytes'] / 1e6:.2f}",
        one["signed_by"] or "-",
        candidates,
    )


def _pushed(answer: Answer) -> str:
    state = "pushed" if answer["created"] else "is there already"
    signed = f"signed by key {answer['signed_by']}" if answer["signed_by"] else "not signed"
    return "\n".join([f"{answer['artifact_id']} {state}, {signed}", *(f"warning: {one}" for one in answer["warnings"])])


def _moved(answer: Answer) -> str:
    wanted, before = answer["artifact_id"] or "each replica's own", answer["previous_artifact_id"]
    release = f"release {answer['release']}, {answer['phase']}" if answer["release"] else answer["phase"]
    return f"{wanted} is wanted ({release}); before: {before or 'each replica had its own'}"


def _differences(answer: Answer) -> str:
    if answer["same"]:
        return "They are the same."
    fields = [f"{one['path']}: {json.dumps(one['a'])} -> {json.dumps(one['b'])}" for one in answer["changes"]]
    more = ["... and more; --json has no more either"] if answer["truncated"] else []
    files = [f"{what}: {name}" for what in ("added", "removed", "changed") for name in answer[f"files_{what}"]]
    return "\n".join([*fields, *more, *files])
