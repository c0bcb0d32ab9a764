"""Where the encoder's files live on this machine. They are made once, outside git, by
`routeiq.routing.training.encoder_export`; serving only reads them."""

import sys
from pathlib import Path

ENCODER_FILE = "encoder.onnx"
TOKENIZER_FILE = "tokenizer.json"


def default_encoder_dir() -> Path:
    """The folder of the installed environment that holds `encoder.onnx` and `tokenizer.json`."""
    return Path(sys.prefix) / "share" / "routeiq" / "encoder"
