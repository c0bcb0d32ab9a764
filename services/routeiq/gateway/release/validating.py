"""Say whether this gateway would serve a document, without serving it: its environment is the one that counts.

Any gateway answers for all. One document at a time is built, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.config.bundle import unpack
from routeiq.config.start import start_with_bundle
from routeiq.kit.errors import ConfigurationError, RouteIQError

MOST_SAID = 200
"""Errors, and as many warnings: an answer is one message of NATS."""
LONGEST_SAID = 2000

Fetch = Callable[[str], Awaitable[bytes]]
"""A bundle's bytes by its digest. Raises: RouteIQError: it is not to be had."""


class Validator:
    """Args: replica: who says so."""

    def __init__(self, fetch: Fetch, environ: Mapping[str, str], replica: str) -> None:
        self._fetch, self._environ, self._replica = fetch, environ, replica
        self._one_at_a_time = asyncio.Lock()

    async def answer(self, asked: bytes) -> bytes:
        """`ValidateDocumentRequest` -> `ValidateDocumentResponse`. Raises: DecodeError; RouteIQError: the document is
        not to be had here, which says nothing of it."""
        request = pb.ValidateDocumentRequest.FromString(asked)
        async with self._one_at_a_time:
            packed = await self._fetch(request.document)
            response = await asyncio.to_thread(self._judge, packed)
        response.replica = self._replica
        return response.SerializeToString()

    def _judge(self, packed: bytes) -> pb.ValidateDocumentResponse:
        try:
            start = start_with_bundle(unpack(packed), self._environ)
        except ConfigurationError as error:
            return pb.ValidateDocumentResponse(errors=_said(error.problems))
        except RouteIQError as error:
            return pb.ValidateDocumentResponse(errors=_said([error.message]))
        return pb.ValidateDocumentResponse(
            valid=True, warnings=_said(start.state.warnings), config_version=start.config_version
        )


def _said(problems: list[str] | tuple[str, ...]) -> list[str]:
    shown = [one[:LONGEST_SAID] for one in problems[:MOST_SAID]]
    left = len(problems) - len(shown)
    return [*shown, f"and {left} more"] if left else shown
