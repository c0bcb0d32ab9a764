"""The command line: one file per command."""

import sys

# structlog imports rich where it finds it, for tracebacks that no service prints: 4 MB and 40 ms of every process.
if "structlog" not in sys.modules and "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]  # how Python spells "cannot be imported"
    import structlog  # noqa: F401  # now, while it cannot find rich

    del sys.modules["rich"]
