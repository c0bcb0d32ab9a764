"""Verify an artifact directory and open it. Every file is read once, hashed, and used from memory, so that what was
verified is what runs. All problems of one stage are reported together; nothing is unpickled."""

import hashlib
import re
from pathlib import Path

from pydantic import ValidationError

from routeiq import __version__
from routeiq.kit.errors import RouteIQError
from routeiq.kit.regular_files import open_regular
from routeiq.routing.artifact.loaded import Artifact, mean_cost_usd, mean_quality
from routeiq.routing.artifact.manifest import (
    GOLDEN_FILE,
    MANIFEST_FILE,
    NAME_LENGTH,
    EncoderRef,
    FileEntry,
    Manifest,
)
from routeiq.routing.artifact.selftest import GOLDEN_ROWS, self_test
from routeiq.routing.artifact.trust import Trust
from routeiq.routing.embedders import SentenceEncoder
from routeiq.routing.prompt_text import FEATURE_NAMES
from routeiq.routing.scorers import (
    MEAN,
    CostHead,
    EnsembleScorer,
    Graph,
    GraphInvalid,
    GraphScorer,
    HeadName,
    Scorer,
    StaticCost,
    StaticScorer,
    graph_outputs,
)

MAX_OPSET = 20
MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_PROBLEMS = 20
ANY = Trust()


class ArtifactInvalid(RouteIQError):
    """The directory is not an artifact that this service may load. `problems` lists all that was found."""

    status, type, code = 400, "invalid_request_error", "artifact_invalid"

    def __init__(self, directory: Path, problems: list[str]) -> None:
        super().__init__(f"artifact {directory} is invalid: {'; '.join(problems)}")
        self.problems = problems


def load_artifact(
    directory: Path,
    encoder: SentenceEncoder | None = None,
    *,
    trust: Trust = ANY,
    expected_id: str | None = None,
    threads: int = 1,
) -> Artifact:
    """Verify and open an artifact. Blocks on files and inference: call it in a thread.

    Args: encoder: the encoder that will feed it; None leaves the encoder's hash and vectors untested.
    trust: whose artifacts are loaded; everybody's where none is given.
    expected_id: the artifact_id that must be found.  threads: per graph call.
    Raises: ArtifactInvalid: with every problem of the first stage that failed (manifest, files, graphs, self-test)."""
    manifest, contents = _verified(directory, encoder, trust, expected_id)
    artifact = _assemble(directory, manifest, contents, threads)
    _self_test(directory, artifact, contents, encoder)
    return artifact


def verify(directory: Path, *, trust: Trust = ANY) -> Manifest:
    """The first stages of `load_artifact`, which open no graph: manifest, id, signature, hashes of all files. It takes
    milliseconds a megabyte. Raises: ArtifactInvalid, with every problem."""
    return _verified(directory, None, trust, None)[0]


def _verified(
    directory: Path, encoder: SentenceEncoder | None, trust: Trust, expected_id: str | None
) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the contents of its files by path."""
    manifest = read_manifest(directory)
    problems = trust.refusals(directory, manifest) + _refusals(manifest, expected_id)
    problems += _encoder_problems(manifest.encoder, encoder)
    contents, found = _read_files(directory, manifest.files)
    _raise_if(directory, problems + found)
    return manifest, contents


def validate(directory: Path, encoder: SentenceEncoder | None = None) -> list[str]:
    """All problems that keep an artifact from loading; empty means that it loads."""
    try:
        load_artifact(directory, encoder)
    except ArtifactInvalid as error:
        return error.problems
    return []


def read_manifest(directory: Path) -> Manifest:
    """Parse `manifest.json`; its files are not looked at. Raises: ArtifactInvalid, with every wrong field."""
    try:
        with open_regular(directory / MANIFEST_FILE) as stream:
            content = stream.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise ArtifactInvalid(directory, [f"{MANIFEST_FILE} cannot be read: {error.strerror}"]) from error
    if len(content) > MAX_MANIFEST_BYTES:
        raise ArtifactInvalid(directory, [f"{MANIFEST_FILE} is larger than {MAX_MANIFEST_BYTES // 1024**2} MiB"])
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        found = [
            f"{_field(one['loc']) or MANIFEST_FILE}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        ]
        raise ArtifactInvalid(directory, found[:MAX_PROBLEMS]) from error


def _field(at: tuple[int | str, ...]) -> str:
    """`files.0.path`, on one line whatever the file calls its fields."""
    name = ".".join(map(str, at))
    return name if name.isprintable() and len(name) <= NAME_LENGTH else ascii(name[:NAME_LENGTH])


def _raise_if(directory: Path, problems: list[str]) -> None:
    if problems:
        raise ArtifactInvalid(directory, problems)


def _refusals(manifest: Manifest, expected_id: str | None) -> list[str]:
    checks = [
        (
            expected_id in (None, manifest.artifact_id),
            f"artifact_id is {manifest.artifact_id}, not {expected_id}",
        ),
        (manifest.opset <= MAX_OPSET, f"opset {manifest.opset} is newer than {MAX_OPSET}"),
        (
            manifest.features == FEATURE_NAMES,
            "it was trained on other prompt features than this version computes",
        ),
        (
            _release(manifest.min_service_version) <= _release(__version__),
            f"it needs service version {manifest.min_service_version} or later",
        ),
    ]
    return [message for good, message in checks if not good]


def _release(text: str) -> tuple[int, ...]:
    """The three numbers of a release; what follows them (`rc1`, `.dev2`) does not count."""
    numbers = [int(number) for number in re.split(r"[^0-9.]", text, maxsplit=1)[0].split(".") if number][:3]
    return (*numbers, *[0] * (3 - len(numbers)))


def _encoder_problems(wanted: EncoderRef, encoder: SentenceEncoder | None) -> list[str]:
    if encoder is None:
        return []
    pairs = [
        ("sha256", wanted.sha256, encoder.sha256),
        ("tokenizer_sha256", wanted.tokenizer_sha256, encoder.tokenizer_sha256),
        ("dim", wanted.dim, encoder.dim),
        ("max_tokens", wanted.max_tokens, encoder.max_tokens),
    ]
    return [f"encoder.{name} is {here}, the artifact needs {there}" for name, there, here in pairs if there != here]


def _read_files(directory: Path, entries: tuple[FileEntry, ...]) -> tuple[dict[str, bytes], list[str]]:
    """Contents by path, and what is wrong with them."""
    contents: dict[str, bytes] = {}
    problems: list[str] = []
    root = directory.resolve()
    for entry in entries:
        path = (root / entry.path).resolve()
        if not path.is_relative_to(root):
            problems.append(f"{entry.path} leads out of the artifact")
        elif not path.is_file():
            problems.append(f"{entry.path} is missing")
        elif path.stat().st_size != entry.bytes or entry.bytes > MAX_FILE_BYTES:
            problems.append(f"{entry.path} has {path.stat().st_size} bytes, the manifest says {entry.bytes}")
        else:
            contents[entry.path] = path.read_bytes()
            if hashlib.sha256(contents[entry.path]).hexdigest() != entry.sha256:
                problems.append(f"{entry.path} is not the file that the manifest names: its sha256 differs")
    return contents, problems


def _assemble(directory: Path, manifest: Manifest, contents: dict[str, bytes], threads: int) -> Artifact:
    problems: list[str] = []
    graphs: dict[HeadName, Graph] = {}
    for name in _heads(manifest, contents):
        try:
            graphs[name] = _graph(name, manifest, contents, threads)
        except GraphInvalid as error:
            problems.append(error.message)
    _raise_if(directory, problems)
    costs = CostHead(graphs["cost"]) if "cost" in graphs else StaticCost(mean_cost_usd(manifest))
    return Artifact(manifest, _scorer(manifest, graphs), costs)


def _heads(manifest: Manifest, contents: dict[str, bytes]) -> list[HeadName]:
    """The heads to open: those that are there, and those that a weight asks for."""
    names: tuple[HeadName, ...] = ("knn", "mlp", "domain", "cost")
    asked = {name for name, weight in manifest.weights.items() if weight}
    return [name for name in names if f"{name}.onnx" in contents or name in asked]


def _graph(name: HeadName, manifest: Manifest, contents: dict[str, bytes], threads: int) -> Graph:
    if f"{name}.onnx" not in contents:
        raise GraphInvalid(f"{name}.onnx is not among the files, but {name} has a weight")
    inputs = {"embedding": manifest.encoder.dim, "features": len(manifest.features)}
    outputs = graph_outputs(name, len(manifest.candidates), len(manifest.domains))
    return Graph(f"{name}.onnx", contents[f"{name}.onnx"], inputs, outputs, threads)


def _scorer(manifest: Manifest, graphs: dict[HeadName, Graph]) -> Scorer:
    parts: dict[str, Scorer] = {name: GraphScorer(graph) for name, graph in graphs.items() if name != "cost"}
    parts[MEAN] = StaticScorer(mean_quality(manifest))
    return (
        EnsembleScorer(parts, {str(name): weight for name, weight in manifest.weights.items()})
        if len(parts) > 1
        else parts[MEAN]
    )


def _self_test(
    directory: Path, artifact: Artifact, contents: dict[str, bytes], encoder: SentenceEncoder | None
) -> None:
    if GOLDEN_FILE not in contents:
        raise ArtifactInvalid(directory, [f"{GOLDEN_FILE} is not among the files"])
    try:
        rows = GOLDEN_ROWS.validate_json(contents[GOLDEN_FILE])
        problems = self_test(artifact, rows, encoder)
    except GraphInvalid as error:
        raise ArtifactInvalid(directory, [error.message]) from error
    except ValueError as error:  # not JSON, wrong fields, or lists of other lengths
        raise ArtifactInvalid(directory, [f"{GOLDEN_FILE} does not fit the manifest: {error}"]) from error
    _raise_if(directory, problems)
