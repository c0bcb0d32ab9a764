"""Fail when branch coverage of a part that must be covered falls below its floor. Reads the last run's data."""

from __future__ import annotations

import io
import sys

from coverage import Coverage

FLOORS = {
    "services/routeiq/gateway/pipeline/*": 90.0,
    "services/routeiq/gateway/upstream/http*": 97.0,
    "services/routeiq/routing/*": 90.0,
}


def main() -> None:
    coverage = Coverage()
    coverage.load()
    failed = False
    for pattern, floor in FLOORS.items():
        percent = coverage.report(include=[pattern], file=io.StringIO())
        print(f"branch coverage of {pattern}: {percent:.1f} % (floor {floor:.0f} %)")
        failed |= percent < floor
    sys.exit(failed)


if __name__ == "__main__":
    main()
