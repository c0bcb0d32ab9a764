"""Turn text into the token ids that the encoder sees. The packaged tokenizer cuts at 128 tokens and pads to
128; both are switched off here, and `window` is the one rule that training, labelling and serving share."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

MAX_TOKENS = 256
CLS, SEP = 101, 102
_CONTENT = MAX_TOKENS - 2


def window(content: Sequence[int]) -> list[int]:
    """The ids to embed: all of them, or the first and the last half of the content where it is too long.

    Args: content: token ids without specials.  Returns: at most 256 ids, from [CLS] to [SEP].
    A question often stands at either end of a long prompt, so both ends are kept."""
    if len(content) <= _CONTENT:
        return [CLS, *content, SEP]
    half = _CONTENT // 2
    return [CLS, *content[:half], *content[-half:], SEP]


def head(content: Sequence[int]) -> list[int]:
    """The first 256 ids: what sentence-transformers embeds, for callers that want its very vectors."""
    return [CLS, *content[:_CONTENT], SEP]


class PromptTokenizer:
    """The encoder's WordPiece tokenizer, without truncation and padding. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Raises: Exception: the file is not a tokenizer.json (the library raises nothing narrower)."""
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def content(self, text: str) -> list[int]:
        """Token ids of `text`, without specials and without any limit: clamp the text first."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids
