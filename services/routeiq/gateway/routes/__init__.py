"""What the gateway itself answers, one file per endpoint family."""
