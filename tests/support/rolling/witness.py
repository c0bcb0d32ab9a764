"""What the answers say about versions: did one fail, and does each agree with the version that it names?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from tests.support.rolling.traffic import Answer

_SAID = re.compile(r"m-(\d+) /(\d+)/chat/completions sk-(\d+)")


def mark(answer: Answer) -> int:
    """The number of the document that it was answered by; -1: by none, or by parts of several."""
    found = _SAID.fullmatch(answer.said)
    marks = set(found.groups()) if found else set()
    return int(marks.pop()) if len(marks) == 1 else -1


def failed(answers: Iterable[Answer]) -> list[Answer]:
    return [one for one in answers if one.status != 200]


def mixed(answers: Iterable[Answer]) -> list[str]:
    """Answers of more than one document, and versions that stood for several. Empty: all is well."""
    marks: dict[str, set[int]] = {}
    for one in answers:
        if one.status == 200:
            marks.setdefault(one.version, set()).add(mark(one))
    wrong = [f"{version or 'no version'}: documents {found}" for version, found in marks.items() if len(found) > 1]
    return wrong + [f"{version}: mixed or strange" for version, found in marks.items() if -1 in found]


def versions(answers: Iterable[Answer]) -> dict[int, set[str]]:
    """By document, the names of its versions."""
    found: dict[int, set[str]] = {}
    for one in answers:
        found.setdefault(mark(one), set()).add(one.version)
    return found


def went_back(answers: Sequence[Answer]) -> list[str]:
    """Gateways of which an answer names an older document than one that had come before it was asked for."""
    wrong, newest = [], dict[int, tuple[float, int]]()
    for one in sorted(answers, key=lambda answer: answer.ended):
        ended, number = newest.get(one.gateway, (math.inf, -1))
        if one.status == 200 and one.begun > ended and mark(one) < number:
            wrong.append(f"gateway {one.gateway}: {mark(one)} after {number}")
        if one.status == 200 and mark(one) > number:
            newest[one.gateway] = one.ended, mark(one)
    return wrong


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest rank: of 50 values the p99 is the largest."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
