"""Import each service from a folder that holds only the parts it may use.

import-linter reads the imports; this runs them: a service that reaches for another one, or for a library that
belongs to another one, fails here as it would in its own image.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "services" / "routeiq"
SHARED = ("kit", "api", "config", "clients")
LITELLM = ("litellm",)
MACHINE_LEARNING = ("onnxruntime", "tokenizers", "numpy")
DATABASES = ("sqlalchemy", "alembic", "psycopg", "aiosqlite")
TRAINING = ("onnx", "sklearn", "safetensors", "pyarrow", "matplotlib")
EVERYWHERE = ("torch", "sentence_transformers", *LITELLM)
ENTRY = {
    "gateway": ("routeiq.gateway.app,routeiq.gateway.api", (*MACHINE_LEARNING, *TRAINING, *DATABASES)),
    "routing": ("routeiq.routing.app", (*TRAINING, *DATABASES, "aiohttp")),
    "control": (
        "routeiq.control.app,routeiq.control.migrations,routeiq.control.store.database",
        (*MACHINE_LEARNING, *TRAINING, "aiohttp"),
    ),
    "a2a_registry": ("routeiq.a2a_registry.app", (*MACHINE_LEARNING, *TRAINING)),
    "mcp_registry": ("routeiq.mcp_registry.app", (*MACHINE_LEARNING, *TRAINING)),
    "config_sync": ("routeiq.config_sync.app", (*MACHINE_LEARNING, *TRAINING, *DATABASES)),
}
PROGRAM = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
sys.path[:] = [p for p in sys.path if p != sys.argv[2]]
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in repr(f)]
for name in sys.argv[4].split(","):
    sys.modules[name] = None
for name in sys.argv[3].split(","):
    module = importlib.import_module(name)
    assert module.__file__.startswith(sys.argv[1]), module.__file__
"""


def check(service: str) -> str:
    """Empty when the service imports alone, else what went wrong."""
    modules, forbidden = ENTRY[service]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "routeiq"
        target.mkdir()
        shutil.copy(PACKAGE / "__init__.py", target)
        for part in (*SHARED, service):
            shutil.copytree(PACKAGE / part, target / part, ignore=shutil.ignore_patterns("__pycache__", "artifacts"))
        command = [
            sys.executable,
            "-c",
            PROGRAM,
            folder,
            str(PACKAGE.parent),
            modules,
            ",".join((*forbidden, *EVERYWHERE)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
        return done.stderr if done.returncode else ""


def main() -> None:
    failures = {service: error for service in ENTRY if (error := check(service))}
    for service, error in failures.items():
        print(f"{service} does not import alone:\n{error}")
    if not failures:
        print(f"{len(ENTRY)} services import alone")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
