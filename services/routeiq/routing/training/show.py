"""A text summary of an artifact, for `routeiq artifact show DIR`."""

from dataclasses import dataclass
from pathlib import Path

from routeiq.routing.artifact import Manifest, read_manifest, validate
from routeiq.routing.embedders import SentenceEncoder


@dataclass(frozen=True)
class Description:
    """A summary for a person. valid: whether the artifact loads."""

    text: str
    valid: bool


def describe(directory: Path, encoder: SentenceEncoder | None = None) -> Description:
    """What an artifact is, what it knows, how good it is, and whether it loads.

    Args: encoder: with it, the golden vectors are tested too.
    Raises: ArtifactInvalid: there is no manifest, or it cannot be read. Other faults are part of the text."""
    manifest = read_manifest(directory)
    problems = validate(directory, encoder)
    state = "valid" if not problems else "INVALID:\n" + "\n".join(f"  - {problem}" for problem in problems)
    size = sum(entry.bytes for entry in manifest.files)
    lines = [
        f"artifact    {manifest.artifact_id}",
        f"state       {state}",
        f"strategy    {manifest.strategy} ({_shares(manifest)})",
        f"encoder     {manifest.encoder.id}, {manifest.encoder.max_tokens} tokens, {manifest.encoder.sha256[:12]}",
        f"trained on  {manifest.training.prompts} prompts, {manifest.training.rows} labels, seed "
        f"{manifest.training.seed}, data {manifest.training.data_sha256[:12]}",
        f"fallback    {manifest.fallback.model}",
        f"domains     {', '.join(manifest.domains) or '-'}",
        f"size        {size / 1e6:.2f} MB in {len(manifest.files)} files",
        f"validation  {_numbers(manifest)}",
        "",
        f"{'candidate':<44} {'quality':>8} {'cost USD':>10}",
        *(f"{one.name:<44} {one.mean_quality:>8.3f} {one.mean_cost:>10.3g}" for one in manifest.candidates),
    ]
    return Description("\n".join(lines), not problems)


def _shares(manifest: Manifest) -> str:
    return ", ".join(f"{name} {share:.2f}" for name, share in sorted(manifest.weights.items()))


def _numbers(manifest: Manifest) -> str:
    found = ", ".join(f"{name} {value:.3f}" for name, value in manifest.metrics.val.items())
    ci = manifest.metrics.ci
    return (found or "not measured") + (f", gap 90 % {ci.low:.3f}..{ci.high:.3f}" if ci else "")
