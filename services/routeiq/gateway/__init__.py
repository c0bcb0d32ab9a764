"""The edge: authenticate, admit, choose, attempt, relay, meter. Every other path belongs to its own service."""
