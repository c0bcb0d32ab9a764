"""Request bodies: 10,000 different prompts that people really wrote, new ones without end, and long ones.

The prompts are those of the routing data in the repository. Where there are fewer than asked for, halves of two
of them joined make up the rest: their words and lengths stay real.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data" / "routing" / "multi_tasks.parquet"
MARK = "############"
"""Where the load generator writes a running number, so that no two requests are the same."""
LONG_BYTES = 100 * 1024


def real_prompts() -> list[str]:
    """The different prompts of the data, in its order."""
    import pyarrow.parquet as parquet  # noqa: PLC0415 - a heavy library, for this one file

    column = parquet.read_table(DATA, columns=["prompt"]).column("prompt")
    return list(dict.fromkeys(str(value) for value in column.to_pylist()))


def extended(prompts: list[str], count: int, seed: int = 1) -> list[str]:
    """`count` different prompts: the given ones, then joins of their halves, shuffled so that rank says nothing."""
    source = random.Random(seed)
    found = dict.fromkeys(prompts[:count])
    while len(found) < count:
        first, second = source.sample(prompts, 2)
        found[f"{first[: (len(first) + 1) // 2]} {second[len(second) // 2 :]}"] = None
    out = list(found)
    source.shuffle(out)
    return out


def body(model: str, prompt: str) -> bytes:
    """One chat completion, on one line."""
    messages = [{"role": "user", "content": prompt}]
    return json.dumps({"model": model, "messages": messages, "max_tokens": 256}, separators=(",", ":")).encode()


def bodies(model: str, prompts: list[str], *, new: bool = False) -> bytes:
    """One a line. `new`: with a mark in front of each prompt."""
    return b"".join(body(model, f"{MARK} {prompt}" if new else prompt) + b"\n" for prompt in prompts)


def long_body(model: str, prompts: list[str]) -> bytes:
    """One request of about 100 KiB: a system prompt and a conversation of many turns."""
    messages: list[dict[str, str]] = [{"role": "system", "content": "You are a helpful assistant."}]
    size, i = 0, 0
    while size < LONG_BYTES:
        message = {"role": "assistant" if i % 2 else "user", "content": prompts[i % len(prompts)]}
        messages.append(message)
        size, i = size + len(json.dumps(message, separators=(",", ":"))) + 1, i + 1
    return json.dumps({"model": model, "messages": messages, "max_tokens": 256}, separators=(",", ":")).encode() + b"\n"
