"""Control's database: the tables, and every query on them. A statement stands nowhere else."""
