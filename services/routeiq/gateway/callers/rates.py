"""What of a caller's limits counts by the minute: worked out once for a caller and the names of a model.

Of each holder (the key, its user, its team, its user in that team) requests and tokens, and those by model.
Names in headers and messages are LiteLLM's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from routeiq.clients.control_accounts import member_of
from routeiq.gateway.callers.caller import Holder, Limits
from routeiq.kit.counters import Limit
from routeiq.kit.exchange import NONE_REPEATED, Repeated

RawHeaders = list[tuple[bytes, bytes]]

DESCRIPTORS: Mapping[str, str] = {"key": "api_key", "user": "user", "team": "team", "member": "team_member"}
BY_MODEL: Mapping[str, str] = {
    "key": "model_per_key", "user": "model_per_user", "team": "model_per_team", "member": "model_per_team_member",
}  # fmt: skip
REQUESTS, TOKENS = "requests", "tokens"
MOST_KEPT: Final = 256


class Rate(NamedTuple):
    """One limit. `own`, `family` and `general` are the headers that say how much it is: of its descriptor, of its type
    and of all; `left_own`, `left_family` and `reset_family` are names of those that say what is left."""

    limit: Limit
    descriptor: str
    value: str
    own: tuple[bytes, bytes]
    left_own: bytes
    family: tuple[bytes, bytes]
    left_family: bytes
    reset_family: bytes
    general: tuple[bytes, bytes]

    @property
    def type(self) -> str:
        return TOKENS if self.limit.tokens else REQUESTS


class RateSet:
    """All limits of one request. `counts_tokens`: one of them is of tokens."""

    __slots__ = (
        "_alone", "_ends", "_fixed", "_named", "_own", "_prefixes", "_rates", "_speaks", "_tightest", "_types",
        "_wait_s", "counts_tokens", "limits",
    )  # fmt: skip

    def __init__(self, rates: Sequence[Rate]) -> None:
        self._rates = tuple(rates)
        self.limits = tuple(rate.limit for rate in rates)
        self.counts_tokens = any(limit.tokens for limit in self.limits)
        self._types = tuple(where for tokens in (False, True) if (where := self._where(tokens)))
        """Where in `limits` those of requests and those of tokens are."""
        self._alone = [one[0] for one in self._types] if all(len(one) == 1 for one in self._types) else None
        """The same where there is one of each type."""
        self._own = {rate.own[0]: number for number, rate in reversed(list(enumerate(rates)))}.values()
        """Of two models with limits of their own, the one that was asked for."""
        self._ends = self._wait_s = self._speaks = 0
        self._tightest: list[int] = []
        """For what `_fixed`, `_named` and `_prefixes` hold: they stay the same for a second."""
        self._fixed = NONE_REPEATED
        self._named: list[tuple[bytes, int]] = []
        self._prefixes: list[tuple[bytes, int]] = []
        """The names as they stand in a head."""

    def _where(self, tokens: bool) -> tuple[int, ...]:
        return tuple(number for number, limit in enumerate(self.limits) if limit.tokens is tokens)

    def rate_of(self, limit: Limit) -> Rate:
        return self._rates[self.limits.index(limit)]

    def headers(
        self, left: Sequence[int], ends: int, wait_s: int, refusing: Limit | None = None
    ) -> tuple[RawHeaders, Repeated]:
        """Of an answer: its own, and those that all have in the same second. Of several limits the one with the least
        left speaks for its type; requests speak for all, if they are limited. Args: left: of each limit.  ends: Unix
        seconds.  refusing: it speaks for all."""
        self._follow(left, ends, wait_s, refusing)
        said = _said(list(left))
        return [(name, said[number]) for name, number in self._named], self._fixed

    def lines(self, left: list[int], ends: int, wait_s: int) -> tuple[bytes, Repeated]:
        """The same of an answer that is not refused, its own as they stand in its head."""
        self._follow(left, ends, wait_s, None)
        said = _said(left)
        parts: list[bytes] = []
        for prefix, number in self._prefixes:
            parts.append(prefix)
            parts.append(said[number])
        return b"".join(parts), self._fixed

    def _follow(self, left: Sequence[int], ends: int, wait_s: int, refusing: Limit | None) -> None:
        tightest = self._alone or [min(one, key=left.__getitem__) for one in self._types]
        speaks = tightest[0] if refusing is None else self.limits.index(refusing)
        same = tightest is self._tightest or tightest == self._tightest
        if not same or ends != self._ends or wait_s != self._wait_s or speaks != self._speaks:
            self._ends, self._wait_s, self._speaks, self._tightest = ends, wait_s, speaks, tightest
            self._say()

    def _say(self) -> None:
        rates, own, wait = self._rates, self._own, b"%ds" % self._wait_s
        tightest, speaks = self._tightest, self._speaks
        self._fixed = Repeated([
            *(rates[number].own for number in own),
            *(rates[number].family for number in tightest),
            *((rates[number].reset_family, wait) for number in tightest),
            rates[speaks].general,
            (b"x-ratelimit-reset", b"%d" % self._ends),
        ])  # fmt: skip
        self._named = [
            *((rates[number].left_own, number) for number in own),
            *((rates[number].left_family, number) for number in tightest),
            (b"x-ratelimit-remaining", speaks),
        ]
        self._prefixes = [(b"\r\n%b: " % name, number) for name, number in self._named]


def _said(left: list[int]) -> list[bytes]:
    return [b"%d" % one if one > 0 else b"0" for one in left]


class Rates:
    """Of one caller, who has at least one."""

    __slots__ = ("_always", "_by_model", "_kept", "of_any_model")

    def __init__(self, always: Sequence[Rate], by_model: Mapping[str, Sequence[Rate]]) -> None:
        self._always, self._by_model = tuple(always), by_model
        self._kept: dict[tuple[str, ...], RateSet] = {}
        self.of_any_model = RateSet(self._always)
        """Those that hold whatever model is asked."""

    @property
    def differ(self) -> bool:
        """Whether some hold for some models only."""
        return bool(self._by_model)

    def of(self, names: Iterable[str]) -> RateSet:
        """Args: names: what the model is called, also by aliases."""
        known = tuple(name for name in dict.fromkeys(names) if name in self._by_model)
        if not known:
            return self.of_any_model
        found = self._kept.get(known)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            rates = [rate for name in known for rate in self._by_model[name]]
            found = self._kept[known] = RateSet((*self._always, *rates))
        return found


def rates_of(holders: Iterable[Holder]) -> Rates | None:
    """None: there is no such limit."""
    always: list[Rate] = []
    by_model: dict[str, list[Rate]] = {}
    for holder in holders:
        limits = holder.limits
        always += _rates(DESCRIPTORS[holder.kind], _of_holder(holder), limits.rpm, limits.tpm)
        for model in _models(limits):
            rpm, tpm = limits.rpm_by_model.get(model), limits.tpm_by_model.get(model)
            rates = _rates(BY_MODEL[holder.kind], _of_holder(holder, f":{model}"), rpm, tpm)
            by_model.setdefault(model, []).extend(rates)
    return Rates(always, by_model) if always or by_model else None


def _models(limits: Limits) -> Iterable[str]:
    return dict.fromkeys((*limits.rpm_by_model, *limits.tpm_by_model))


class _Whose(NamedTuple):
    """`shown`: as refusals say it. `counted`: a key's first one's, whose minute goes on in all that take its place."""

    shown: str
    counted: str


def _of_holder(holder: Holder, model: str = "") -> _Whose:
    shown, counted = holder.id, holder.counted_as
    if holder.kind == "member":
        shown = counted = ":".join(member_of(shown))
    return _Whose(shown + model, counted + model)


def _rates(descriptor: str, whose: _Whose, rpm: int | None, tpm: int | None) -> Iterable[Rate]:
    for most, type_ in ((rpm, REQUESTS), (tpm, TOKENS)):
        if most is not None:
            yield _rate(descriptor, whose, most, type_)


def _rate(descriptor: str, whose: _Whose, most: int, type_: str) -> Rate:
    """Its key is a hash: it leaves the process, and its parts may hold any character."""
    key = hashlib.blake2b(f"{descriptor}\0{whose.counted}\0{type_}".encode(), digest_size=16).hexdigest()
    prefix, text = f"x-ratelimit-{descriptor}", b"%d" % most
    return Rate(
        Limit(key, most, type_ is TOKENS),
        descriptor,
        whose.shown,
        (f"{prefix}-limit-{type_}".encode(), text),
        f"{prefix}-remaining-{type_}".encode(),
        (f"x-ratelimit-limit-{type_}".encode(), text),
        f"x-ratelimit-remaining-{type_}".encode(),
        f"x-ratelimit-reset-{type_}".encode(),
        (b"x-ratelimit-limit", text),
    )
