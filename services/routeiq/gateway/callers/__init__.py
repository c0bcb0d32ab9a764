"""Who calls: from a raw key to what its holder may do, without waiting in the common case."""
