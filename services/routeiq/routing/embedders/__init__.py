"""Text to vectors: the tokenizer's window and the ONNX sentence encoder."""

from routeiq.routing.embedders.encoder import SentenceEncoder
from routeiq.routing.embedders.location import ENCODER_FILE, TOKENIZER_FILE, default_encoder_dir
from routeiq.routing.embedders.onnx_encoder import EncoderInvalid, OnnxEncoder
from routeiq.routing.embedders.tokens import MAX_TOKENS

__all__ = [
    "ENCODER_FILE",
    "MAX_TOKENS",
    "TOKENIZER_FILE",
    "EncoderInvalid",
    "OnnxEncoder",
    "SentenceEncoder",
    "default_encoder_dir",
]
