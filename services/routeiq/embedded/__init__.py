"""The whole suite on one machine: the same six services, other addresses."""
