"""Labels that say the same thing twice, or two things of one answer: they are averaged, and the user is told."""

from collections import defaultdict
from collections.abc import Sequence

from routeiq.routing.training.rows import Label


def repeat_warnings(labels: Sequence[Label]) -> tuple[str, ...]:
    """A sentence for exact repetitions and one for contradictions, each with its count, where there are any."""
    copies = len(labels) - len(set(labels))
    scores: dict[tuple[str | None, ...], set[float]] = defaultdict(set)
    for label in labels:
        scores[label.prompt, label.model, label.domain, label.split].add(label.score)
    torn = sum(len(found) > 1 for found in scores.values())
    checks = [
        (copies, f"labels repeated exactly: {copies}; they are averaged, so that they count once"),
        (torn, f"pairs of prompt and model with contradicting scores: {torn}; they are averaged"),
    ]
    return tuple(message for count, message in checks if count)
