"""The text that routing reads, and the numbers it takes from the text's form. Training, labelling and serving all
call these two functions, so that a prompt means the same everywhere.

Only the text parts of the last user message come in; system prompts, tools and images are the caller's to leave
out. The token window (256 tokens, both ends of a longer text) belongs to the tokenizer, in `embedders.tokens`."""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

END_CHARS = 4096  # of either end; 127 tokens of ordinary text are far shorter


def routing_text(parts: Sequence[str]) -> str:
    """Join text parts with newlines, strip, keep both ends of a very long text, and normalise to NFC.

    Clamping comes before normalising, so that a huge prompt costs no more than a long one. The middle that is lost
    would fall outside the token window anyway. Unpaired surrogates, which no encoding can carry, become `?`."""
    text = "\n".join(parts).strip()
    if len(text) > 2 * END_CHARS:
        text = f"{text[:END_CHARS]}\n{text[-END_CHARS:]}"
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    return unicodedata.normalize("NFC", text).strip()


_COUNTED = {
    "question_marks": re.compile(r"\?"),
    "newlines": re.compile(r"\n"),
    "sentences": re.compile(r"[.!?](?:\s|$)"),
    "numbers": re.compile(r"\d+(?:[.,]\d+)*"),
    "options": re.compile(r"(?:^|\n|\s)\(?[A-J1-9][).:]\s"),
    "maths": re.compile(r"\\[a-zA-Z]+|\$|\^"),
    "operators": re.compile(r"[=+*/<>]"),
    "brackets": re.compile(r"[\[\]{}]"),
    "quotes": re.compile(r"[\"'`]"),
    "names": re.compile(r"(?<![.?!\n] )(?<!^)\b[A-Z][a-z]+"),
    "blanks": re.compile(r"_{2,}"),
    "commas": re.compile(r","),
    "list_items": re.compile(r"(?:^|\n)[ \t]*(?:[-*#]|\d+[.)])\s"),
}
_FLAGS = {
    "code_fence": re.compile(r"```"),
    "function": re.compile(r"\b(?:def|class|return|import|assert|function|lambda)\b"),
    "docstring": re.compile(r'"""|>>>'),
    "ends_as_question": re.compile(r"\?\W{0,3}$"),
    "asks_who_when_where": re.compile(r"^\W*(?:who|when|where|which)\b", re.IGNORECASE),
    "asks_what_how": re.compile(r"^\W*(?:what|how|why)\b", re.IGNORECASE),
    "orders": re.compile(r"^\W*(?:write|create|generate|find|compute|calculate|solve|answer)\b", re.IGNORECASE),
    "how_many": re.compile(r"\bhow (?:many|much|long|far|old)\b", re.IGNORECASE),
    "money": re.compile(r"[$€£]\s?\d|\b(?:dollars?|cents?)\b"),
    "choices": re.compile(r"\b(?:options?|choices?|choose|following)\b", re.IGNORECASE),
    "refuses_form": re.compile(r"\b(?:NOT|EXCEPT|LEAST)\b"),
    "percent": re.compile(r"%|\bper ?cent\b", re.IGNORECASE),
}
_SHARES = {
    "digits": re.compile(r"\d"),
    "capitals": re.compile(r"[A-Z]"),
    "punctuation": re.compile(r"[^\w\s]"),
    "not_ascii": re.compile(r"[^\x00-\x7f]"),
}
FEATURE_NAMES = ("length", "words", "word_length", "line_length", *_COUNTED, *_FLAGS, *_SHARES)


def prompt_features(text: str) -> FloatArray:
    """What the prompt's form tells of its kind: logs of counts, flags and shares of characters.

    Args: text: from `routing_text`.  Returns: shape (len(FEATURE_NAMES),), float32, each about 0..10; scaling to
    a data set's spread is part of each graph."""
    words = text.split()
    values = [
        np.log1p(len(text)),
        np.log1p(len(words)),
        sum(map(len, words)) / max(len(words), 1) / 5.0,
        np.log1p(len(text) / (text.count("\n") + 1)),
        *(np.log1p(_count(pattern, text)) for pattern in _COUNTED.values()),
        *(float(pattern.search(text) is not None) for pattern in _FLAGS.values()),
        *(_count(pattern, text) / max(len(text), 1) for pattern in _SHARES.values()),
    ]
    return np.minimum(np.asarray(values, np.float32), np.float32(10.0))


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))
