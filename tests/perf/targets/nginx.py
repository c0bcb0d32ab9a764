"""nginx as a plain reverse proxy: what passing bytes on costs at least. From PATH, else out of Debian's package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.perf import machine
from tests.perf.children import Child, Children
from tests.perf.targets.target import Phase, Ports, Target, Workload
from tests.support.ports import free_port

CACHE = Path(os.environ.get("BENCH_CACHE_DIR") or Path.home() / ".cache" / "routeiq-bench")
PACKAGES = ("nginx", "nginx-common")


class Unavailable(RuntimeError):
    """A peer that this machine cannot have, and why."""


def program() -> Path:
    """Where nginx is. Fetches and unpacks Debian's package into the cache, which needs no root. Raises Unavailable."""
    found, cached = shutil.which("nginx"), CACHE / "nginx" / "usr" / "sbin" / "nginx"
    if found:
        return Path(found)
    if not cached.exists():
        _fetch(CACHE / "nginx")
    if subprocess.run([str(cached), "-v"], capture_output=True, check=False).returncode:
        raise Unavailable(f"{cached} does not run here: libraries are missing (libpcre2-8-0, libssl3). Install nginx.")
    return cached


def _fetch(folder: Path) -> None:
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Unavailable("nginx is not in PATH, and this is no Debian to fetch its package from. Install nginx.")
    folder.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(
        ["apt-get", "download", *PACKAGES], cwd=folder, capture_output=True, text=True, check=False
    )
    packages = list(folder.glob("*.deb"))
    if fetched.returncode or not packages:
        raise Unavailable(f"apt-get download nginx failed (apt-get update first?): {fetched.stderr.strip()[-200:]}")
    for package in packages:
        subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True)
        package.unlink()


def version() -> str:
    said = subprocess.run([str(program()), "-v"], capture_output=True, text=True, check=True).stderr
    found = re.search(r"nginx/(\S+)", said)
    return found[1] if found else said.strip()


def start(children: Children, upstream: Ports) -> tuple[Child, Ports]:
    """Raises: Unavailable.  NotStarted."""
    ports = {route: free_port() for route in upstream}
    config = children.folder / "nginx.conf"
    config.write_text(document(ports, upstream, children.folder))
    command = [str(program()), "-p", str(children.folder), "-e", "stderr", "-c", str(config)]
    child = children.start("nginx", machine.on_target_core(*command))
    for port in ports.values():
        child.wait_port(port)
    return child, ports


def document(ports: Ports, upstream: Ports, folder: Path) -> str:
    """One worker, kept-alive upstream connections, nothing buffered, no access log."""
    servers = "\n".join(_server(str(route), port, upstream[route]) for route, port in ports.items())
    temporary = "\n".join(
        f"  {name}_temp_path {folder}/nginx-{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 16m;
  client_body_buffer_size 256k;
{temporary}
{servers}
}}
"""


def _server(name: str, port: int, upstream: int) -> str:
    return f"""  upstream {name} {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://{name};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}"""


def plain(child: Child, ports: Ports) -> Target:
    return Target("nginx", ports, child.pid, version=version())


def long(child: Child, ports: Ports, workload: Workload) -> Target:
    return Target(
        "nginx, 100 KiB", ports, child.pid, (Phase.MAX, Phase.SLOW), workload=workload, baseline="direct, 100 KiB"
    )
