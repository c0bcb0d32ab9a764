"""A package, so that its one fleet ends with its last test."""
