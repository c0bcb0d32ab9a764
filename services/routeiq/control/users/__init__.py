"""Users, as LiteLLM's clients manage them (litellm.md, 1.2)."""
