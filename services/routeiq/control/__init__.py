"""Control: providers, models, overrides, keys, teams, users, budgets, usage; the only writer of its schema."""
