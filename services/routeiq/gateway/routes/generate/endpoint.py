"""Serve `/api/v1/generate` by the stages that serve chat: the gate, the choice, the executor, the meter.

The executor answers a chat request; what it says is heard here, and told in the form of this API. What raises is
rendered by the edge.
"""

from __future__ import annotations

import time

import msgspec
from msgspec import structs

from routeiq.config.statuses import NO_STATUSES
from routeiq.gateway.pipeline.context import Arrival, Call, Context, Purpose
from routeiq.gateway.pipeline.describe import RawHeaders
from routeiq.gateway.pipeline.failures import retry_after_s
from routeiq.gateway.pipeline.provider_choice import ProviderChoice
from routeiq.gateway.pipeline.response_cache import KeptAnswer, ResponseCache
from routeiq.gateway.pipeline.run import Done, Pipeline
from routeiq.gateway.plan import Endpoint, Outcome, Plan, Usage
from routeiq.gateway.routes.generate.answer import AllFailed, content_of, failure, generated
from routeiq.gateway.routes.generate.body import Generate, read_body
from routeiq.kit.asgi import JSON, Answer, DisconnectWatch, Message, Receive, Scope
from routeiq.kit.asgi import read_body as read_bytes
from routeiq.kit.error_bodies import Family, error_body, error_headers
from routeiq.kit.errors import RouteIQError

PATH = "/api/v1/generate"
_SHOWN = (b"x-routeiq-", b"x-litellm-")
_CRASHED = Outcome(500, None, (), None, 0, "internal_error")
_encode = msgspec.json.Encoder().encode


class Generation:
    """One serves all requests."""

    def __init__(self, pipeline: Pipeline, choice: ProviderChoice, cache: ResponseCache) -> None:
        self._pipeline, self._choice, self._cache = pipeline, choice, cache

    async def run(self, arrival: Arrival, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Raises: RouteIQError: what goes wrong before a model is asked.  ClientDisconnected.  ShuttingDown."""
        started, gate = time.monotonic(), self._pipeline.gate
        with gate.entered():
            asked = read_body(await read_bytes(scope, receive, arrival.state.body_limit_bytes))
            context = _context(arrival, asked, started)
            with DisconnectWatch(receive, gate.ticker, exchange=answer.exchange):
                await self._serve(context, asked, answer)

    async def _serve(self, context: Context, asked: Generate, answer: Answer) -> None:
        self._pipeline.accounting.limits.look(context, answer)
        selection = await self._choice.select(context)
        first, question = selection.deployments[0], asked.question()
        kept = await self._cache.get(self._cache.key(context, question, first))
        accounting = self._pipeline.accounting
        reserved = await accounting.reserve(context, selection, answer) if kept is None else None
        plan, done, tally = self._pipeline.planned(context, selection, answer, reserved)
        if kept is not None:
            tally.reported(Usage(kept.input_tokens, kept.output_tokens))
            await _repeat(context, plan, kept, answer, done)
            return
        heard, outcome = Heard(), _CRASHED
        try:
            await self._pipeline.executor.execute(_persistent(plan), heard.answer, heard.over, tally)
            outcome = await self._tell(context, question, heard, answer)
        finally:
            done(outcome if outcome is not _CRASHED else heard.outcome)

    async def _tell(self, context: Context, question: bytes, heard: Heard, answer: Answer) -> Outcome:
        outcome, content = heard.outcome, content_of(heard.body) if heard.status < 400 else None
        if outcome.deployment is None or content is None:
            return await _refuse(heard, answer)
        deployment, usage = outcome.deployment, outcome.usage
        if content:
            tokens = usage or Usage()
            kept = KeptAnswer(content, tokens.input_tokens, tokens.output_tokens)
            await self._cache.put(self._cache.key(context, question, deployment), kept)
        body = _encode(generated(deployment, content, usage, _latency_ms(context)))
        await answer.whole(200, body, [JSON, *heard.shown])
        return structs.replace(outcome, status=200, streamed_bytes=len(body))


class Heard:
    """What the executor says, for who tells it in other words. `answer` is what it is given, and `over` its end."""

    def __init__(self) -> None:
        self.status, self.body = 500, b""
        self.headers: RawHeaders = []
        self.outcome = _CRASHED
        self.answer = Answer(self._hear, [])

    def over(self, outcome: Outcome) -> None:
        self.outcome = outcome

    @property
    def shown(self) -> RawHeaders:
        """The headers that say what was chosen, and why."""
        return [(name, value) for name, value in self.headers if name.startswith(_SHOWN)]

    @property
    def retry_after_s(self) -> int:
        sent = {name.decode(): value.decode("latin-1") for name, value in self.headers}
        return max(1, round(retry_after_s(sent) or 1))

    async def _hear(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], message["headers"]
        else:
            self.body += message["body"]


async def _refuse(heard: Heard, answer: Answer) -> Outcome:
    """Say why there is no answer; one that has no text is none."""
    outcome = heard.outcome
    error: RouteIQError = AllFailed("The model's answer is not a chat completion.")
    if heard.status >= 400:
        error = failure(heard.status, heard.body, outcome.attempts, heard.retry_after_s)
    body = error_body(Family.DETAIL, error)
    await answer.whole(error.status, body, [JSON, *heard.shown, *error_headers(error)])
    said = outcome.error or error.code
    return structs.replace(outcome, status=error.status, streamed_bytes=len(body), error=said)


async def _repeat(context: Context, plan: Plan, kept: KeptAnswer, answer: Answer, done: Done) -> None:
    """An answer that was given before. It costs nothing, and its tokens are not counted again."""
    deployment = plan.deployments[0]
    usage = Usage(kept.input_tokens, kept.output_tokens)
    body = _encode(generated(deployment, kept.content, usage, _latency_ms(context), cached=True))
    try:
        await answer.whole(200, body, [JSON, *_repeated(plan)])
    finally:
        done(Outcome(200, deployment, (), None, len(body), cached=True))


def _repeated(plan: Plan) -> RawHeaders:
    decision = plan.decision
    said = {
        "x-routeiq-decision-id": decision.decision_id,
        "x-routeiq-model": decision.model,
        "x-routeiq-strategy": decision.strategy,
        "x-routeiq-reason": decision.reason,
        "x-routeiq-version": plan.state_version,
        "x-routeiq-cache": "response",
    }
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in said.items()]


def _context(arrival: Arrival, asked: Generate, started: float) -> Context:
    purpose = Purpose(asked.user_id, asked.service, asked.task_type)
    call = Call(Endpoint.CHAT, asked.chat(), "", False)
    return Context(arrival.request_id, arrival.caller, arrival.state, call, arrival.headers, started, purpose)


def _persistent(plan: Plan) -> Plan:
    """With a call for each provider at least: only when all have failed is it over."""
    retries = max(plan.retries, len(plan.deployments) - 1)
    return structs.replace(plan, retries=retries, retries_by_status=NO_STATUSES)


def _latency_ms(context: Context) -> int:
    return round((time.monotonic() - context.started) * 1000)
