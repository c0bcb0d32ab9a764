"""`python -m tools.images`: build the images of the services, the base of the test cluster, or its bundled servers.

python -m tools.images services [gateway ...] --registry registry.example/team --tag 1.2.3 --push
python -m tools.images base
python -m tools.images servers --archives build/images/archives
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import CalledProcessError

from tools.images import base, engine, making, servers, services
from tools.images.engine import Engine


def main() -> None:
    given = _parser().parse_args()
    try:
        chosen = engine.find(given.engine)
        started = time.monotonic()
        for name in given.build(chosen, given):
            _hand_out(name, chosen, given)
            print(f"{name}  {time.monotonic() - started:.1f} s", flush=True)
            started = time.monotonic()
    except engine.EngineMissing as error:
        sys.exit(str(error))
    except CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} ended with status {error.returncode}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.images")
    commands = parser.add_subparsers(required=True)
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--engine", default="", help="buildah, podman or docker, with options of its own")
    everywhere.add_argument("--archives", type=Path, help="a folder that each image is put into as a tar file, too")
    everywhere.add_argument("--push", action="store_true", help="push each image to its registry")

    command = commands.add_parser("services", parents=[everywhere], help="the six, or those that are named")
    command.add_argument("services", nargs="*", metavar="SERVICE", help=f"of {', '.join(services.ALL)}")
    command.add_argument("--registry", default="localhost", help="what stands before the name (localhost)")
    command.add_argument("--tag", default=making.release(), help="the release's version if there is none")
    command.add_argument("--base", default=services.BASE, help=f"what to build on ({services.BASE})")
    command.add_argument("--litellm", action="store_true", help="give the gateway LiteLLM; its tag ends in -litellm")
    command.add_argument("--plain", action="store_true", help="compile nothing, for an image whose source changes")
    command.set_defaults(build=_services)

    command = commands.add_parser("base", parents=[everywhere], help=f"{base.NAME}: Debian by mmdebstrap")
    command.set_defaults(build=_base)
    command = commands.add_parser("servers", parents=[everywhere], help="PostgreSQL, Valkey and NATS on that base")
    command.set_defaults(build=_servers)
    return parser


def _services(chosen: Engine, given: argparse.Namespace) -> Iterator[str]:
    unknown = [name for name in given.services if name not in services.ALL]
    if unknown:
        sys.exit(f"no service {', '.join(unknown)}: it is one of {', '.join(services.ALL)}")
    request = making.Request(given.registry, given.tag, given.base, given.litellm, given.plain)
    if request.base == base.NAME:
        base.ensure(chosen)
    for name in given.services or services.ALL:
        yield making.make(services.ALL[name], request, chosen)


def _base(chosen: Engine, _given: argparse.Namespace) -> Iterator[str]:
    yield base.ensure(chosen)


def _servers(chosen: Engine, _given: argparse.Namespace) -> Iterator[str]:
    yield from servers.build(chosen)


def _hand_out(name: str, chosen: Engine, given: argparse.Namespace) -> None:
    if given.archives and name != base.NAME:  # it is in each of the others, and nothing runs it alone
        chosen.save(name, given.archives / f"{archive_name(name)}.tar")
    if given.push:
        chosen.push(name)


def archive_name(image: str) -> str:
    """`routeiq-gateway` of `localhost/routeiq-gateway:test`."""
    return image.rpartition("/")[2].partition(":")[0]


if __name__ == "__main__":
    main()
