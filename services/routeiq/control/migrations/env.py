"""Alembic runs this file; `kit.migrate` says how."""

from alembic import context

from routeiq.control.store.tables import Base
from routeiq.kit.migrate import in_environment

in_environment(context, Base.metadata)
