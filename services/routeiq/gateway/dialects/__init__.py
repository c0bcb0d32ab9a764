"""Translations between the dialects of LLM APIs. Pure functions and small state machines; no sockets, no providers."""
