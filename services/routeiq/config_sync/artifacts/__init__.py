"""Router artifacts of the fleet: which were pushed, which one is wanted, and how they differ."""
