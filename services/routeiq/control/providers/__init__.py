"""Providers of the LLM Gateway API (contract, section 4)."""
