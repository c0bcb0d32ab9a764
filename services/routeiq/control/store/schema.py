"""All of control's tables: `Base` alone knows those of modules that have been loaded."""

from __future__ import annotations

from routeiq.control.store.usage_tables import UsageRecord

METADATA = UsageRecord.metadata
"""That of `tables.Base`."""
