"""Models that are added by API, and all that there are, as LiteLLM's clients manage and read them (litellm.md, 1.4)."""
