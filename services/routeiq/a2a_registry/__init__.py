"""The A2A registry: agents, cards, JSON-RPC invocation and streaming, tasks, activity."""
