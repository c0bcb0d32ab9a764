"""Alembic runs this file; `kit.migrate` says how."""

from alembic import context

from routeiq.control.store.schema import METADATA
from routeiq.kit.migrate import in_environment

in_environment(context, METADATA)
