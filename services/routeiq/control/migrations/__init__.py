"""The steps of control's schema, run by `routeiq migrate`. `tools/new_migration.py` writes the next one."""
