"""Rows of users, teams, members and budgets as LiteLLM's answers show them. All of LiteLLM's names are there, those too
that mean nothing here."""
