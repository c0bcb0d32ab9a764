"""Ask a running routing service for its predictions on a file of prompts, in the form that a judge reads.

Only the prompt is sent. Every answer must be a learned one and from one artifact, else the file would not say what it
seems to: then nothing is written."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient, make_prompt
from routeiq.kit.errors import RouteIQError
from routeiq.kit.key_files import load_private_key
from routeiq.kit.regular_files import open_regular
from routeiq.kit.signing import AssertionSigner

IDENTITY_KEY = "identity.key"
ENDPOINTS = "endpoints.json"
COLUMNS = ("id", "prompt", "split")
TIMEOUT_S = 60.0
CONCURRENCY = 8
_ISSUER = "evaluate"

Progress = Callable[[int, int], None]
"""Called with the answers so far and their number in the end."""


class EvaluationFailed(RouteIQError):
    """The file cannot be read, the service cannot be reached, or an answer was not learned."""

    code, expose = "evaluation_failed", True


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt to ask about. `id` goes back into the output as it came."""

    id: str | int
    prompt: str


def evaluate(
    router: str | None, data: Path, split: str, out: Path, data_dir: Path, progress: Progress = lambda done, of: None
) -> int:
    """Write one JSON line per prompt of `split`, in the file's order. Returns: how many.

    Args: router: `host:port`, None for the suite that runs in `data_dir`.  data: parquet or jsonl with `id, prompt,
    split`.  data_dir: holds the credential, `identity.key`.
    Raises: EvaluationFailed, ConfigurationError, RoutingUnavailable: and `out` is as it was before."""
    rows = read_rows(data, split)
    address = router or _running_router(data_dir)
    signer = AssertionSigner(load_private_key(data_dir / IDENTITY_KEY), _ISSUER)
    answers = asyncio.run(_ask_all(address, signer, rows, progress))
    _write(out, (_line(row, answer) for row, answer in zip(rows, answers, strict=True)))
    return len(rows)


def read_rows(data: Path, split: str) -> list[Row]:
    """The prompts of one split. Raises: EvaluationFailed: no such file, column, split or kind of value."""
    try:
        table = _read(data)
    except (OSError, ValueError, TypeError, pa.ArrowException) as error:
        raise EvaluationFailed(f"{data}: cannot be read: {error}") from error
    rows = [_row(data, one) for one in table if one.get("split") == split]
    if not rows:
        raise EvaluationFailed(f"{data}: no row has split {split!r}")
    return rows


def _read(data: Path) -> list[dict[str, object]]:
    if data.suffix in (".jsonl", ".ndjson"):
        with open_regular(data) as stream:
            return [dict(json.loads(line)) for line in stream if line.strip()]
    with open_regular(data) as stream:
        file = pq.ParquetFile(stream)
        missing = [name for name in COLUMNS if name not in file.schema_arrow.names]
        if missing:
            raise ValueError(f"it lacks the columns {', '.join(missing)}")
        rows: list[dict[str, object]] = file.read(columns=list(COLUMNS)).to_pylist()
    return rows


def _row(data: Path, one: dict[str, object]) -> Row:
    name, prompt = one.get("id"), one.get("prompt")
    if not isinstance(name, str | int) or not isinstance(prompt, str):
        raise EvaluationFailed(f"{data}: the row with id {name!r} lacks an id or a text prompt")
    return Row(name, prompt)


def _running_router(data_dir: Path) -> str:
    path = data_dir / ENDPOINTS
    try:
        address = json.loads(path.read_text("utf-8"))["routing"]
    except (OSError, ValueError, KeyError, TypeError):
        raise EvaluationFailed(f"{path} names no routing service: is the suite running? Else pass --router") from None
    return str(address)


async def _ask_all(
    address: str, signer: AssertionSigner, rows: Sequence[Row], progress: Progress
) -> list[pb.RouteResponse]:
    client = RoutingClient(address, signer)
    try:
        return await _answers(client, rows, progress)
    except ExceptionGroup as errors:
        raise _first(errors) from None
    finally:
        await client.close()


async def _answers(client: RoutingClient, rows: Sequence[Row], progress: Progress) -> list[pb.RouteResponse]:
    """In the order of `rows`, a few at a time; the first failure cancels the rest."""
    answers: dict[int, pb.RouteResponse] = {}
    artifact_id = (await client.info(timeout_s=TIMEOUT_S)).artifact_id
    todo = iter(enumerate(rows))  # shared: each worker takes the next row

    async def work() -> None:
        for number, row in todo:
            answer = await client.route(make_prompt([row.prompt]), timeout_s=TIMEOUT_S)
            _check(row, answer, artifact_id)
            answers[number] = answer
            progress(len(answers), len(rows))

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(work())
    return [answers[number] for number in range(len(rows))]


def _check(row: Row, answer: pb.RouteResponse, artifact_id: str) -> None:
    if answer.fallback != pb.FALLBACK_UNSPECIFIED:
        name = pb.Fallback.Name(answer.fallback)
        raise EvaluationFailed(f"the answer for {row.id!r} was not learned: {name}; nothing was written")
    if answer.artifact_id != artifact_id:
        raise EvaluationFailed("the service changed its artifact during the evaluation; nothing was written")


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _line(row: Row, answer: pb.RouteResponse) -> str:
    scores = sorted(answer.scores, key=lambda one: one.model)
    quality = {one.model: one.quality for one in scores}
    cost = {one.model: one.cost_usd for one in scores}
    return json.dumps({"id": row.id, "quality": quality, "cost": cost}) + "\n"


def _write(out: Path, lines: Iterator[str]) -> None:
    """All or nothing."""
    draft = out.with_name(f".{out.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("x", encoding="utf-8") as stream:
            stream.writelines(lines)
        os.replace(draft, out)
    except OSError as error:
        raise EvaluationFailed(f"{out}: cannot be written: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)
