"""What gateways ask over gRPC: a key and what governs it, and the overlay. It reads alone."""

from __future__ import annotations

import grpc

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.api.control.v1 import control_pb2_grpc
from routeiq.control.store.overlay import read_overlay, read_version
from routeiq.kit.db import Database


class ControlServicer(control_pb2_grpc.ControlServiceServicer):
    """`kit.rpc_guard` has verified who calls, and renders what this raises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def GetOverlay(
        self, request: pb.GetOverlayRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetOverlayResponse:
        async with self._database.reading() as session:
            if await read_version(session) == request.version:
                return pb.GetOverlayResponse()
            return pb.GetOverlayResponse(overlay=await read_overlay(session))
