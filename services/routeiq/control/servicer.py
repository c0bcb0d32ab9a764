"""What gateways ask over gRPC: a key and what governs it, a customer's override, the overlay. It reads alone."""

from __future__ import annotations

import grpc

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.api.control.v1 import control_pb2_grpc
from routeiq.control.resolve import key_response, override_message
from routeiq.control.store.overlay import read_overlay, read_version
from routeiq.control.store.resolved import governed, override_for
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database


class ControlServicer(control_pb2_grpc.ControlServiceServicer):
    """`kit.rpc_guard` has verified who calls, and renders what this raises."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def Resolve(self, request: pb.ResolveRequest, context: grpc.aio.ServicerContext) -> pb.ResolveResponse:
        response = pb.ResolveResponse()
        async with self._database.reading() as session:
            if request.key_hash:
                now = self._clock()
                found = await governed(session, request.key_hash, now)
                response = key_response(found, now) if found is not None else response
            if request.HasField("customer"):
                row = await override_for(session, request.customer.user_id, request.customer.service)
                if row is not None:
                    response.override.CopyFrom(override_message(row))
        return response

    async def GetOverlay(
        self, request: pb.GetOverlayRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetOverlayResponse:
        async with self._database.reading() as session:
            if await read_version(session) == request.version:
                return pb.GetOverlayResponse()
            return pb.GetOverlayResponse(overlay=await read_overlay(session))
