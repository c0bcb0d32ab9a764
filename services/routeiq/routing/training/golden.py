"""The golden rows of an artifact: fixed prompts, so that no customer's text travels in it, with what the training
code computes for them."""

import numpy as np

from routeiq.routing.artifact.loaded import calibrate
from routeiq.routing.artifact.manifest import Calibration
from routeiq.routing.artifact.selftest import GOLDEN_ROWS, GoldenRow
from routeiq.routing.embedders import SentenceEncoder
from routeiq.routing.prompt_text import prompt_features, routing_text
from routeiq.routing.training.choosing import blend
from routeiq.routing.training.design import Design
from routeiq.routing.training.heads import Fitted

PROMPTS = (
    "What is the capital of Australia?",
    "Write a Python function that checks whether a string is a palindrome.",
    "Solve for x: 2x^2 - 8x + 6 = 0.",
    "A train leaves at 9:40 and arrives at 13:05. How many minutes does the journey take?",
    "Which of the following is a noble gas?\nA) Nitrogen\nB) Argon\nC) Oxygen\nD) Chlorine",
    "Summarise the plot of Hamlet in two sentences.",
    "Explain to a ten-year-old why the sky is blue.",
    "Traduis en anglais : « Il pleut depuis trois jours. »",
    "def f(xs):\n    return [x * x for x in xs if x % 2]\n\nassert f([1, 2, 3]) == ??",
    "Compare the causes of the First and the Second World War. " * 40,
)


def golden_file(
    encoder: SentenceEncoder, design: Design, fitted: Fitted, weights: dict[str, float], calibration: Calibration
) -> bytes:
    """`golden.json`: embeddings, quality, cost and confidence of the fixed prompts."""
    texts = [routing_text([prompt]) for prompt in PROMPTS]
    embeddings = encoder.encode([encoder.tokenize(text) for text in texts])
    inputs = design.apply(embeddings, np.stack([prompt_features(text) for text in texts]))
    quality = np.clip(blend(fitted.predict(inputs), weights), 0.0, 1.0).astype(np.float32)
    cost, confidence = fitted.predict_cost(inputs), calibrate(quality, calibration)
    rows = [
        GoldenRow(
            prompt=prompt,
            embedding=[round(float(value), 6) for value in embeddings[row]],
            quality=[round(float(value), 6) for value in quality[row]],
            cost_usd=[float(f"{value:.6g}") for value in cost[row]],
            confidence=[round(float(value), 6) for value in confidence[row]],
        )
        for row, prompt in enumerate(PROMPTS)
    ]
    return GOLDEN_ROWS.dump_json(rows)
