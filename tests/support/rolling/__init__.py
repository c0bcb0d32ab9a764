"""A whole fleet that is rolled out to: NATS, an object store, config-sync, gateways and routings, and its clients.

`world.py` starts it, `traffic.py` asks it all the while, `witness.py` judges the answers."""
