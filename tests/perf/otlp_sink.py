"""A collector that counts: takes OTLP over gRPC and writes how many spans came into a file.

Run: `python -m tests.perf.otlp_sink PORT FILE`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)


class Sink(TraceServiceServicer):
    """Counts spans and forgets them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._spans = 0
        file.write_text("0")

    async def Export(
        self, request: ExportTraceServiceRequest, context: grpc.aio.ServicerContext
    ) -> ExportTraceServiceResponse:
        self._spans += sum(len(scope.spans) for one in request.resource_spans for scope in one.scope_spans)
        self._file.write_text(str(self._spans))
        return ExportTraceServiceResponse()


async def serve(port: int, file: Path) -> None:
    server = grpc.aio.server()
    add_TraceServiceServicer_to_server(Sink(file), server)  # type: ignore[no-untyped-call]  # generated
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
