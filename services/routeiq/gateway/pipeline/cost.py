"""What a request costs: its tokens times the prices of its deployment, in nano-USD.

Exact until the end, and rounded once, half to even. A part that was cached, heard, seen, thought or spoken has the
price of its kind, the rest the ordinary one. An unknown price is None, never 0; it is unknown only where there are
tokens that it is needed for.
"""

from __future__ import annotations

from typing import Final

from routeiq.config.price import SERVICE_TIERS, InputRates, OutputRates, Price
from routeiq.config.state import Deployment
from routeiq.gateway.plan import Usage
from routeiq.kit.money import MAX_NANO_USD, usd_text

_Spent = tuple[int, int]
"""Of the input, of the output, in atto-USD."""
_ATTO_IN_NANO: Final = 1_000_000_000
_HALF: Final = 500_000_000
_SHORT: Final = 2**61
"""What is less is compared at once, and is never too much."""
_ZEROS: Final = tuple(b"0." + b"0" * missing for missing in range(9, -1, -1))


class _Reckoned:
    """The last answer, whose cost is written down first, and then said in its headers. One tuple: others may reckon in
    another thread."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: tuple[Price | None, Usage, _Spent | None] = (None, Usage(), None)


_reckoned: Final = _Reckoned()


def cost_of(deployment: Deployment, usage: Usage) -> int | None:
    """None: not known."""
    spent = _spent(deployment, usage)
    _reckoned.last = (deployment.price, usage, spent)
    return None if spent is None else _nano(spent[0] + spent[1])


def cost_at_most(
    deployment: Deployment, input_tokens: int, max_output_tokens: int, service_tier: str = ""
) -> int | None:
    """What a request of text can come to, in nano-USD, rounded up; None: not known. It may be thought about and
    written to the cache, and what it sends be dearer for being long, or for being shorter than was thought.

    Args: service_tier: as the request has it; the provider may serve it in another."""
    price = deployment.price
    if price is None:
        return None
    levels = price.levels
    plain = len(levels) == 1 and not service_tier
    level = levels[0] if plain else price.at(input_tokens, SERVICE_TIERS.get(service_tier, ""))
    sent, made = level[3], level[4]
    most = 0
    if input_tokens > 0:
        if sent is None:
            return None
        most = _times(input_tokens, sent)
    if max_output_tokens > 0:
        if made is None:
            return None
        most += _times(max_output_tokens, made)
    return _kept((most + _ATTO_IN_NANO - 1) // _ATTO_IN_NANO)


def cost_headers(deployment: Deployment, usage: Usage) -> list[tuple[bytes, bytes]]:
    """As LiteLLM names them, in dollars; none where the cost is not known. Each is rounded for itself, so that input
    and output may miss the total by one nano-USD."""
    price, reckoned, spent = _reckoned.last
    if reckoned is not usage or price is not deployment.price:
        spent = _spent(deployment, usage)
    if spent is None:
        return []
    sent, made = spent
    return [
        (b"x-litellm-response-cost", _usd(_nano(sent + made))),
        (b"x-litellm-response-cost-input", _usd(_nano(sent))),
        (b"x-litellm-response-cost-output", _usd(_nano(made))),
    ]


def _spent(deployment: Deployment, usage: Usage) -> _Spent | None:
    price = deployment.price
    if price is None:
        return None
    sent, made, levels = usage.input_tokens, usage.output_tokens, price.levels
    level = levels[0] if len(levels) == 1 and not usage.service_tier else price.at(sent, usage.service_tier)
    input_rates, output_rates = level[1], level[2]
    if input_rates is None:
        if sent:
            return None
        spent_on_input = 0
    elif usage.cache_read or usage.cache_write or usage.audio_input or usage.image_input:
        spent_on_input = _of_parts_sent(usage, input_rates)
    else:
        spent_on_input = _times(sent, input_rates[0])
    if output_rates is None:
        return None if made else (spent_on_input, 0)
    if usage.reasoning or usage.audio_output or usage.image_output:
        return spent_on_input, _of_parts_made(usage, output_rates)
    return spent_on_input, _times(made, output_rates[0])


def _times(tokens: int, rate: int) -> int:
    """Their product, by the two parts of a rate: numbers of more than 30 bits take ten times as long."""
    return (tokens * (rate >> 24) << 24) + tokens * (rate & 0xFFFFFF)


def _of_parts_sent(usage: Usage, rates: InputRates) -> int:
    plain, read_rate, write_rate, long_rate, audio_rate, image_rate = rates
    left, spent = usage.input_tokens, 0
    if read := _within(usage.cache_read, left):
        left -= read
        spent = read * read_rate
    if written := _within(usage.cache_write, left):
        left -= written
        long = _within(usage.cache_write_1h, written)
        spent += (written - long) * write_rate + long * long_rate
    if heard := _within(usage.audio_input, left):
        left -= heard
        spent += heard * audio_rate
    if seen := _within(usage.image_input, left):
        left -= seen
        spent += seen * image_rate
    return spent + left * plain


def _of_parts_made(usage: Usage, rates: OutputRates) -> int:
    plain, reasoning_rate, audio_rate, image_rate = rates
    left, spent = usage.output_tokens, 0
    if thought := _within(usage.reasoning, left):
        left -= thought
        spent = thought * reasoning_rate
    if spoken := _within(usage.audio_output, left):
        left -= spoken
        spent += spoken * audio_rate
    if drawn := _within(usage.image_output, left):
        left -= drawn
        spent += drawn * image_rate
    return spent + left * plain


def _within(part: int, whole: int) -> int:
    return part if part < whole else whole


def _nano(atto: int) -> int:
    whole = (atto + _HALF) // _ATTO_IN_NANO
    if whole & 1 and atto % _ATTO_IN_NANO == _HALF:
        whole -= 1
    return _kept(whole)


def _kept(nano: int) -> int:
    """As much of it as can be written down."""
    return nano if nano < _SHORT else min(nano, MAX_NANO_USD)


def _usd(nano: int) -> bytes:
    """`money.usd_text` for what every answer says."""
    if not 0 < nano < _ATTO_IN_NANO:
        return usd_text(nano).encode()
    zeros = 0
    while nano % 10 == 0:
        nano //= 10
        zeros += 1
    text = b"%d" % nano
    return _ZEROS[len(text) + zeros] + text
