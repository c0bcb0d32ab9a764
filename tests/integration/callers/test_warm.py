"""A warm key costs next to nothing."""

from __future__ import annotations

import os

import pytest

from tests.perf.lookups import measure

MOST_CPU_US = 10.0
"""The issue's. Measured: 1.6 for one key, 2.2 among ten thousand, 1.3 for the master key."""


@pytest.mark.skipif("COVERAGE_PROCESS_CONFIG" in os.environ, reason="coverage counts every line")
async def test_a_warm_key_is_found_in_ten_microseconds() -> None:
    found = await measure(2000)
    assert max(found.values()) < MOST_CPU_US, found
