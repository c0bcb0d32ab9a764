"""`POST /api/v1/generate`: the LLM Gateway API's way to a model (contract, section 4)."""
