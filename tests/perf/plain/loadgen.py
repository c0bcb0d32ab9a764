"""The Python twin of `native/loadgen.c`: the same options, the same JSON. It stalls above some thousand requests a
second; times are microseconds, and with `-r` a latency counts from the scheduled time."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import struct
import time
from collections import Counter
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

AT = re.compile(rb"@(\d{6,})@")
MARK = b"############"
TEXT = ("please summarise the following passage in two lines. " * 14)[:700]


def now() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def spread(values: list[int]) -> dict[str, float]:
    if not values:
        return {"n": 0}
    ordered = sorted(values)
    named = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {"n": len(ordered)} | {
        name: round(ordered[int(share * (len(ordered) - 1) + 0.5)] / 1e3, 1) for name, share in named.items()
    }


class Requests:
    """What to send, in the order of the options."""

    def __init__(self, args: argparse.Namespace) -> None:
        parts = urlsplit(args.url)
        head = f"POST {parts.path or '/'} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        self._head = (head + "".join(f"{one}\r\n" for one in args.H)).encode()
        self._bodies = [one for one in Path(args.B).read_bytes().split(b"\n") if one] if args.B else [default(args)]
        raw = Path(args.q).read_bytes() if args.q else b""
        self._sequence = struct.unpack(f"<{len(raw) // 4}I", raw)
        self._unique = count(args.n) if args.n is not None else None
        self.turn = args.o

    def take(self) -> bytes:
        index = self._sequence[self.turn % len(self._sequence)] if self._sequence else self.turn
        self.turn += 1
        body = self._bodies[index % len(self._bodies)]
        if self._unique is not None:
            body = body.replace(MARK, b"%012d" % next(self._unique), 1)
        return b"%bcontent-length: %d\r\n\r\n%b" % (self._head, len(body), body)


def default(args: argparse.Namespace) -> bytes:
    said: dict[str, object] = {"model": args.m, "messages": [{"role": "user", "content": TEXT}], "max_tokens": 256}
    if args.s:
        said["stream"] = True
    if args.u:
        said["stream_options"] = {"include_usage": True}
    return json.dumps(said).encode()


class Run:
    """All connections of one run and what they saw."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args, self._requests = args, Requests(args)
        parts = urlsplit(args.url)
        self._host, self._port = parts.hostname, parts.port
        self._start = now()
        self._from = self._start + int(args.w * 1e9)
        self._until = self._from + int(args.d * 1e9)
        self._seen: dict[str, list[int]] = {"latency": [], "ttft": [], "transit": [], "gap": []}
        self._counts: Counter[str] = Counter()
        self._header: Counter[str] = Counter()

    def _measured(self, at: int) -> bool:
        return self._from <= at < self._until

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, begun: int) -> bool:
        """Whether the connection may be used again."""
        writer.write(self._requests.take())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if self._args.C:
            found = re.search(rb"\r\n" + self._args.C.lower().encode() + rb":\s*([^\r]*)", head)
            self._header[found[1].decode() if found else ""] += 1
        if b"transfer-encoding: chunked" in head:
            await self._chunks(reader, begun)
        else:
            length = re.search(rb"content-length:\s*(\d+)", head)
            await (reader.readexactly(int(length[1])) if length else reader.read())
        self._ended(int(head[9:12]), begun)
        return b"connection: close" not in head

    async def _chunks(self, reader: asyncio.StreamReader, begun: int) -> None:
        last = 0
        while size := int(await reader.readuntil(b"\r\n"), 16):
            data, at = await reader.readexactly(size + 2), now()
            for found in AT.finditer(data):
                self._counts["chunks_total"] += 1
                if self._measured(at):
                    self._counts["chunks"] += 1
                    self._seen["transit"].append(at - int(found[1]))
                    self._seen["gap" if last else "ttft"].append(at - (last or begun))
                last = at
        await reader.readexactly(2)

    def _ended(self, status: int, begun: int) -> None:
        at = now()
        self._counts["total"] += 1
        if status != 200:
            self._counts["err_status"] += 1
        elif self._measured(at):
            self._counts["ok"] += 1
            self._seen["latency"].append(at - begun)

    async def _worker(self, schedule: asyncio.Queue[int] | None) -> None:
        reader = writer = None
        while (begun := await schedule.get() if schedule else now()) < self._until:
            try:
                if reader is None or writer is None:
                    reader, writer = await asyncio.open_connection(self._host, self._port, limit=1 << 20)
                if not await self._exchange(reader, writer, begun):
                    writer.close()
                    reader = writer = None
            except (OSError, asyncio.IncompleteReadError):
                self._counts["err_socket"] += 1
                reader = writer = None
        if writer:
            writer.close()

    async def _feed(self, schedule: asyncio.Queue[int]) -> None:
        for i in count():
            due = self._start + int(i * 1e9 / self._args.r)
            if due >= self._until:
                break
            await asyncio.sleep(max(0.0, (due - now()) / 1e9))
            schedule.put_nowait(due)
        for _ in range(self._args.c):
            schedule.put_nowait(self._until)

    async def main(self) -> dict[str, object]:
        schedule: asyncio.Queue[int] | None = asyncio.Queue() if self._args.r else None
        workers = [asyncio.create_task(self._worker(schedule)) for _ in range(self._args.c)]
        if schedule is not None:
            await self._feed(schedule)
        _, late = await asyncio.wait(workers, timeout=self._args.w + self._args.d + 3)
        for one in late:
            one.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return self._report(len(late))

    def _report(self, unfinished: int) -> dict[str, object]:
        counts = {name: self._counts[name] for name in ("ok", "total", "err_status", "err_socket")}
        out: dict[str, object] = {**counts, "rps": self._counts["ok"] / self._args.d, "unfinished": unfinished}
        out |= {"own_cpu_s": time.process_time(), "elapsed_s": (now() - self._start) / 1e9, "turn": self._requests.turn}
        out["latency"] = spread(self._seen["latency"])
        if self._args.s:
            out |= {name: spread(self._seen[name]) for name in ("ttft", "transit", "gap")}
            out |= {"chunks": self._counts["chunks"], "chunks_total": self._counts["chunks_total"]}
            out["chunks_s"] = self._counts["chunks"] / self._args.d
        return out | ({"header": dict(self._header)} if self._args.C else {})


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    for flag, kind, value in (("-c", int, 16), ("-d", float, 5.0), ("-w", float, 1.0), ("-r", float, 0.0)):
        parser.add_argument(flag, type=kind, default=value)
    for flag in ("-B", "-q", "-C"):
        parser.add_argument(flag)
    parser.add_argument("-m", default="bench")
    parser.add_argument("-o", type=int, default=0)
    parser.add_argument("-n", type=int)
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-u", action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("url")
    return parser


async def _main() -> None:
    print(json.dumps(await Run(options().parse_args()).main()))


if __name__ == "__main__":
    asyncio.run(_main())
