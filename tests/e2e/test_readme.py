"""What the README shows is what works: its snippets are taken from the page and run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.suite import Suite

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
PAGES_ADDRESS = "http://127.0.0.1:4000"


def run(command: list[str], suite: Suite) -> str:
    env = {**os.environ, "ROUTEIQ_KEY": suite.key}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_curl(suite: Suite) -> None:
    block = re.search(r"^    curl -i .*?\n\n", README, re.MULTILINE | re.DOTALL)
    assert block is not None
    answer = run(["bash", "-c", block[0].replace(PAGES_ADDRESS, suite.url)], suite)
    assert " 200 " in answer.splitlines()[0]
    assert "x-routeiq-model: sim-" in answer
    assert '"choices"' in answer


def test_the_first_sdk_call(suite: Suite) -> None:
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block is not None
    said = run([sys.executable, "-c", block[1].replace(PAGES_ADDRESS, suite.url)], suite)
    assert said.startswith("sim-")
    assert "simulated" in said
