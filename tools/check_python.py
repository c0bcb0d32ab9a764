"""Say clearly why this Python cannot be used. Runs on any Python, however old, before anything is installed."""

import sys

NEEDED = (3, 11)


def main():
    if sys.version_info < NEEDED:
        found = ".".join(str(part) for part in sys.version_info[:3])
        wanted = ".".join(str(part) for part in NEEDED)
        sys.exit(
            "RouteIQ needs Python %s or newer, but %s is %s.\n"
            "Name another one: make PYTHON=/path/to/python%s ..." % (wanted, sys.executable, found, wanted)
        )
    try:
        import ensurepip
        import venv
    except ImportError:
        sys.exit(
            "%s has no venv or ensurepip. On Debian and Ubuntu: apt-get install python3-venv\n"
            "Or name another Python: make PYTHON=/path/to/python3.11 ..." % sys.executable
        )
    assert ensurepip and venv


if __name__ == "__main__":
    main()
