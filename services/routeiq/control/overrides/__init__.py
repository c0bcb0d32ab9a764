"""Overrides of the LLM Gateway API: which model serves a customer (contract, section 4)."""
