"""An aggregate that adds whole numbers up as such: PostgreSQL's own makes decimals of them, which takes longer than
reading the rows, and so much memory that it writes files. What does not fit fails, as a cast of the decimal would.

No COMBINE function: where the rows have many names, parallel workers each pass nearly all of them on, and take three
times the CPU for it."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE AGGREGATE whole_sum(bigint) (SFUNC = int8pl, STYPE = bigint)")
