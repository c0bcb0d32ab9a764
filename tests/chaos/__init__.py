"""`make chaos`: whatever is killed, every request that reached an upstream is in the ledger once, at a fair price."""
