"""Write `services/routeiq/api` from `protos/`. With --check, fail if what is committed differs.

The generated files are committed, so that installing needs no compiler. Run through `make protos`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
API = Path("routeiq/api")
PACKAGE_DOC = '"""Generated protobuf code, written by tools/gen_protos.py; never edited."""\n'


def generate(out: Path) -> None:
    """Compile every .proto into `out`, as an importable package tree."""
    sources = [str(path) for path in sorted(PROTOS.rglob("*.proto"))]
    wellknown = str(files("grpc_tools") / "_proto")
    status = protoc.main(
        [
            "protoc",
            f"-I{PROTOS}",
            f"-I{wellknown}",
            f"--python_out={out}",
            f"--pyi_out={out}",
            f"--grpc_python_out={out}",
            *sources,
        ]
    )
    if status:
        raise SystemExit(status)
    for folder in [out / API, *(path for path in (out / API).rglob("*") if path.is_dir())]:
        (folder / "__init__.py").write_text(PACKAGE_DOC)


def tree(folder: Path) -> dict[str, bytes]:
    """Relative path -> content of every generated file."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.py*")) if p.suffix in (".py", ".pyi")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    target = ROOT / "services"
    with tempfile.TemporaryDirectory() as temporary:
        generate(Path(temporary))
        new = tree(Path(temporary) / API)
        if not check:
            for name, content in new.items():
                path = target / API / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        if tree(target / API) != new:
            sys.exit("services/routeiq/api differs from protos/: run `make protos`")


if __name__ == "__main__":
    main()
