"""The command line: one file per command."""

from routeiq.kit.lean import without

# structlog imports rich where it finds it, for tracebacks that no service prints (4 MB and 40 ms of every process), and
# greenlet, which the database brings, for a kind of context that nobody uses here (1 MB).
with without("rich", "greenlet"):
    import structlog  # noqa: F401  # now, while it finds neither
