"""${message[0].upper() + message[1:]}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
