"""Python twins of the programs in `native`, for machines without a compiler."""
