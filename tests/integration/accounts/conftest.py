"""Each store, empty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.accounting import Store, store_kind

__all__ = ["store_kind"]


@pytest.fixture
async def store(store_kind: tuple[str, str]) -> AsyncIterator[Store]:
    made = Store(*store_kind)
    yield made
    await made.close()
