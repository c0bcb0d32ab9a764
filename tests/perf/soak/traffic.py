"""The mix: kinds of requests, how often, and what each may become."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from tests.perf import prompts
from tests.perf.soak.client import Ask, ask
from tests.perf.soak.judgement import FAILS, FRAGILE, GOOD, LEAVES, Answer, Expectation, Verdict, refused
from tests.perf.soak.world import LIMIT_S, World

KEPT = 20


@dataclass(frozen=True)
class Kind:
    """`upstream`: whose outages excuse it."""

    name: str
    weight: int
    ask: Ask
    expectation: Expectation
    upstream: str = ""


TOO_LARGE = b'{"model":"good","messages":[{"role":"user","content":"' + b"x" * 1_200_000 + b'"}]}'
KINDS = (
    Kind("unary", 30, Ask("good"), GOOD),
    Kind("stream", 20, Ask("good", stream=True), GOOD),
    Kind("paced stream", 5, Ask("paced", stream=True), GOOD),
    Kind("auto", 20, Ask("auto"), GOOD),
    Kind("auto stream", 5, Ask("auto", stream=True), GOOD),
    Kind("fragile", 8, Ask("fragile"), FRAGILE, "fragile"),
    Kind("fragile stream", 8, Ask("fragile-paced", stream=True), FRAGILE, "fragile"),
    Kind("pair", 8, Ask("pair"), GOOD),
    Kind("rescued", 4, Ask("rescued"), GOOD),
    Kind("leaves a stream", 5, Ask("paced", stream=True, leave_after=1), LEAVES),
    Kind("leaves a large stream", 2, Ask("big", stream=True, leave_after=200_000), LEAVES),
    Kind("reads slowly", 2, Ask("big", stream=True, slow=True), GOOD),
    Kind("no JSON", 2, Ask("", body=b'{"model": '), refused(400)),
    Kind("no messages", 2, Ask("", body=b'{"model": "good"}'), refused(400, 422)),
    Kind("unknown model", 2, Ask("no-such-model"), refused(400, 404)),
    Kind("no key", 2, Ask("good", key=""), refused(401)),
    Kind("wrong key", 2, Ask("good", key="sk-wrong"), refused(401)),
    Kind("too large", 1, Ask("", body=TOO_LARGE), refused(413)),
    Kind("status 500", 2, Ask("status-500"), FAILS),
    Kind("status 429", 2, Ask("status-429"), FAILS),
    Kind("dies before", 2, Ask("dies"), FAILS),
    Kind("cut stream", 2, Ask("cut", stream=True), FAILS),
    Kind("cut answer", 2, Ask("cut"), FAILS),
    Kind("stalled stream", 1, Ask("stall", stream=True), FAILS),
    Kind("stalled answer", 1, Ask("stall"), FAILS),
    Kind("black hole", 1, Ask("hole"), FAILS),
    Kind("reset", 2, Ask("reset"), FAILS),
)


@dataclass
class Tally:
    """What came back, by kind; the first few of what nobody can explain."""

    verdicts: dict[str, Counter[Verdict]] = field(default_factory=dict)
    shapes: dict[str, Counter[str]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)

    def add(self, kind: Kind, answer: Answer, verdict: Verdict, at_s: float) -> None:
        self.verdicts.setdefault(kind.name, Counter())[verdict] += 1
        self.shapes.setdefault(kind.name, Counter())[f"{answer.status} {answer.ending}"] += 1
        if verdict in {Verdict.UNEXPLAINED, Verdict.HANG} and len(self.kept) < KEPT:
            said = f"{answer.status} {answer.ending} after {answer.seconds:.1f} s: {answer.text}"
            self.kept.append(f"at {at_s:.0f} s, {kind.name}: {verdict}: {said}")

    def count(self, verdict: Verdict) -> int:
        return sum(found[verdict] for found in self.verdicts.values())


@dataclass
class Traffic:
    """Sends the mix at a rate until `seconds` are over, then waits for the last answers."""

    world: World
    rate: float
    seconds: float
    tally: Tally = field(default_factory=Tally)

    async def run(self) -> None:
        url = f"http://127.0.0.1:{self.world.ports['gateway']}"
        source, texts = random.Random(1), prompts.real_prompts()
        self._begun = time.monotonic()
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(connector=connector, auto_decompress=False) as session,
            asyncio.TaskGroup() as group,
        ):
            for number in itertools.count():
                due = self._begun + number / self.rate
                if due > self._begun + self.seconds:
                    break
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                kind = source.choices(KINDS, [one.weight for one in KINDS])[0]
                group.create_task(self._one(session, url, kind, source.choice(texts)))

    async def _one(self, session: aiohttp.ClientSession, url: str, kind: Kind, prompt: str) -> None:
        begun = time.monotonic()
        what = kind.ask if kind.ask.model != "auto" else Ask("auto", kind.ask.stream, prompt=prompt)
        answer = await ask(session, url, what, LIMIT_S)
        disturbed = bool(kind.upstream) and self.world.away(kind.upstream, begun, time.monotonic())
        verdict = kind.expectation.judge(answer, disturbed=disturbed, limit_s=LIMIT_S)
        self.tally.add(kind, answer, verdict, begun - self._begun)
