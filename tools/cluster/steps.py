"""What took how long: each step says so when it is done, and all of them make a table at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Steps:
    """`with steps.step("etcd"): ...` times it, whether it succeeds or not."""

    done: list[tuple[str, float, bool]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun, succeeded = time.monotonic(), False
        try:
            yield
            succeeded = True
        finally:
            self.done.append((name, time.monotonic() - begun, succeeded))
            print(_line(*self.done[-1]), flush=True)

    def table(self) -> str:
        whole = sum(seconds for _, seconds, _ in self.done)
        lines = [_line(*one) for one in self.done]
        return "\n".join(["", *lines, _line("all of it", whole, all(one[2] for one in self.done))])


def _line(name: str, seconds: float, succeeded: bool) -> str:
    return f"{name:<36} {seconds:>8.1f} s{'' if succeeded else '   FAILED'}"
