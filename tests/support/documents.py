"""Documents that are sent to replicas, and gateways' parts that take them."""

from __future__ import annotations

from collections.abc import Mapping

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_follower import Applying
from routeiq.config.bundle import Bundle
from routeiq.config.start import Start, start_with_bundle

NAME = "config.yaml"


def text_of(*names: str, more: str = "") -> str:
    """A document with a simulated model of each name, which answers at once."""
    entries = "".join(
        f"- {{model_name: {name}, litellm_params: {{model: simulated/{name}, tokens_per_second: 0, ttft_ms: 0}}}}\n"
        for name in names
    )
    return f"model_list:\n{entries}{more}"


def bundle_of(text: str) -> Bundle:
    return Bundle(NAME, {NAME: text})


def started(text: str, environ: Mapping[str, str] | None = None) -> Start:
    return start_with_bundle(bundle_of(text), environ or {})


def release(number: int, bundle: Bundle | None, artifact: str = "") -> pb.Release:
    return pb.Release(number=number, document=bundle.digest if bundle else "", artifact=artifact)


def applying(number: int, text: str, artifact: str = "") -> Applying:
    bundle = bundle_of(text)
    return Applying(release(number, bundle, artifact), bundle)
