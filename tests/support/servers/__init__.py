"""Real servers for tests: PostgreSQL, Valkey and NATS, as wheels bring them. Nothing here is a stand-in.

`server.py` says how one is started, killed and restarted; `tests/support/stores.py` has the fixtures."""
