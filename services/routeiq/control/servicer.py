"""What gateways ask over gRPC: a key and what governs it, the overlay, how far the ledger is. It reads alone."""

from __future__ import annotations

import grpc

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.api.control.v1 import control_pb2_grpc
from routeiq.control.budgets.calendar import UTC_CALENDAR, Calendar
from routeiq.control.ledger import read_ledger
from routeiq.control.messages import Moment, answer
from routeiq.control.store.governing import governing, override_of
from routeiq.control.store.overlay import read_overlay, read_version
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database
from routeiq.kit.storable import check_storable


class ControlServicer(control_pb2_grpc.ControlServiceServicer):
    """`kit.rpc_guard` has verified who calls, and renders what this raises."""

    def __init__(self, database: Database, clock: Clock, calendar: Calendar = UTC_CALENDAR) -> None:
        """Args: calendar: by which budgets begin anew."""
        self._database, self._clock, self._calendar = database, clock, calendar

    async def Resolve(self, request: pb.ResolveRequest, context: grpc.aio.ServicerContext) -> pb.ResolveResponse:
        """A key that is blocked or has expired is answered as such: the gateway has the words to refuse it."""
        now, customer = self._clock(), request.customer
        found = override = None
        async with self._database.reading() as session:
            if request.key_hash:
                found = await governing(session, request.key_hash, now)
            if customer.user_id and _can_have_one(customer):
                override = await override_of(session, customer.user_id, customer.service)
        return answer(found, override, Moment(now, self._calendar))

    async def GetOverlay(
        self, request: pb.GetOverlayRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetOverlayResponse:
        async with self._database.reading() as session:
            if await read_version(session) == request.version:
                return pb.GetOverlayResponse()
            return pb.GetOverlayResponse(overlay=await read_overlay(session))

    async def ReadLedger(
        self, request: pb.ReadLedgerRequest, context: grpc.aio.ServicerContext
    ) -> pb.ReadLedgerResponse:
        """Watermarks and spending are of one moment: what the one has passed, the other has in it."""
        at = Moment(self._clock(), self._calendar)
        async with self._database.reading(one_moment=True) as session:
            return await read_ledger(session, request, at)


def _can_have_one(customer: pb.Customer) -> bool:
    """Callers name customers as they like, also so that PostgreSQL would not hear of it."""
    try:
        check_storable([customer.user_id, customer.service])
    except ValueError:
        return False
    return True
