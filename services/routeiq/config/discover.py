"""Find models to offer when nobody wrote a document: provider keys in the environment, and a local Ollama.

Sources are asked at the same time and never hold the start up for more than `LIMIT_S`; one that fails is a warning.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from routeiq.config.fetch import Fetch, FetchFailed, fetch_json
from routeiq.config.offers import Offer, listed_models, local_models, public_models

LIMIT_S = 1.0
OLLAMA_TIMEOUT_S = 0.3
OLLAMA = "http://127.0.0.1:11434"
SWITCH = "ROUTEIQ_DISCOVERY"
"""`false` or `0`: ask nobody."""
_BASES = ("OPENAI_BASE_URL", "OPENAI_API_BASE")


@dataclass(frozen=True, slots=True)
class Discovery:
    """What can be offered, in the order of the sources: OpenAI, Anthropic, Ollama."""

    offers: tuple[Offer, ...] = ()
    warnings: tuple[str, ...] = ()


def discover(environ: Mapping[str, str], *, fetch: Fetch = fetch_json, limit_s: float = LIMIT_S) -> Discovery:
    """Returns within `limit_s`. What cannot be reached is left out, with a warning if somebody named it."""
    if environ.get(SWITCH, "").lower() in ("0", "false", "no", "off"):
        return Discovery()
    return _together(
        [partial(_openai, environ, fetch), partial(_anthropic, environ), partial(_ollama, environ, fetch)], limit_s
    )


def _together(sources: list[Callable[[], Discovery]], limit_s: float) -> Discovery:
    """Each source in a daemon thread: one that hangs in DNS is abandoned and does not hold up the exit either."""
    answers: queue.SimpleQueue[tuple[int, Discovery]] = queue.SimpleQueue()
    for number, source in enumerate(sources):
        threading.Thread(target=_answer, args=(number, source, answers), daemon=True, name="discover").start()
    found: dict[int, Discovery] = {}
    deadline = time.monotonic() + limit_s
    while len(found) < len(sources):
        try:
            number, discovery = answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        found[number] = discovery
    late = () if len(found) == len(sources) else ("A provider did not list its models in time; they are not offered.",)
    ordered = [found[number] for number in sorted(found)]
    return Discovery(
        tuple(offer for one in ordered for offer in one.offers),
        tuple(warning for one in ordered for warning in one.warnings) + late,
    )


def _answer(number: int, source: Callable[[], Discovery], answers: queue.SimpleQueue[tuple[int, Discovery]]) -> None:
    answers.put((number, source()))


def _openai(environ: Mapping[str, str], fetch: Fetch) -> Discovery:
    """OpenAI's own models by name; another base is asked what it has."""
    base_name = next((name for name in _BASES if environ.get(name)), None)
    key = environ.get("OPENAI_API_KEY", "")
    if base_name is None:
        return Discovery(public_models("openai")) if key else Discovery()
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        answer = fetch(f"{environ[base_name].rstrip('/')}/models", headers, LIMIT_S)
    except FetchFailed as failed:
        return Discovery(
            warnings=(f"{base_name}: its list of models cannot be read ({failed}); they are not offered.",)
        )
    offers = listed_models(answer)
    return Discovery(offers, () if offers else (f"{base_name}: it lists no chat model.",))


def _anthropic(environ: Mapping[str, str]) -> Discovery:
    return Discovery(public_models("anthropic")) if environ.get("ANTHROPIC_API_KEY") else Discovery()


def _ollama(environ: Mapping[str, str], fetch: Fetch) -> Discovery:
    """A missing Ollama is worth a word only if OLLAMA_HOST names it."""
    named = environ.get("OLLAMA_HOST", "").strip()
    base = ollama_base(named)
    try:
        return Discovery(local_models(fetch(f"{base}/api/tags", {}, OLLAMA_TIMEOUT_S), base))
    except FetchFailed as failed:
        return Discovery(warnings=(f"OLLAMA_HOST: it cannot be reached ({failed}).",) if named else ())


def ollama_base(host: str) -> str:
    """OLLAMA_HOST as a URL: it may lack the scheme, the host or the port, and 0.0.0.0 is where a server listens."""
    if not host:
        return OLLAMA
    scheme, separator, rest = host.rpartition("://")
    name, colon, port = (
        rest.rstrip("/").rpartition(":") if ":" in rest.rpartition("]")[2] else (rest.rstrip("/"), "", "")
    )
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(name, name)
    default = {"https": "443", "http": "80"}.get(scheme if separator else "", "11434")
    return f"{scheme if separator else 'http'}://{name}:{port if colon else default}"
