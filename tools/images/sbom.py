"""An image's bill of materials, as SPDX 2.3. Its libraries are those of requirements/sbom.lock, hence a program apart.

It names the package, every Python distribution in the image, and Debian's packages where the base is ours; of another
base only its name. What it describes is the image, which contains all of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from license_expression import ExpressionError
from spdx_tools.common.spdx_licensing import spdx_licensing
from spdx_tools.spdx.model import (
    Actor,
    ActorType,
    CreationInfo,
    Document,
    ExternalPackageRef,
    ExternalPackageRefCategory,
    Package,
    Relationship,
    RelationshipType,
    SpdxNoAssertion,
)
from spdx_tools.spdx.writer.write_anything import write_file

from tools.images.locks import normalise

ROOT_ID = "SPDXRef-image"


@dataclass(frozen=True)
class Part:
    """One distribution of an image."""

    name: str
    version: str
    purl: str
    license: str = ""


def distributions(folder: Path) -> list[Part]:
    """Of Python, by their metadata in a folder that is on the image's path."""
    found = sorted(folder.glob("*.dist-info/METADATA"))
    return [_distribution(HeaderParser().parsestr(path.read_text("utf-8"))) for path in found]


def _distribution(metadata: Message) -> Part:
    name, version = str(metadata["Name"]), str(metadata["Version"])
    return Part(name, version, f"pkg:pypi/{normalise(name)}@{version}", str(metadata["License-Expression"] or ""))


def debian(manifest: Path) -> list[Part]:
    """What `tools/images/base.py` put into the base: a list of name, version and architecture."""
    rows = json.loads(manifest.read_text())
    return [Part(name, version, f"pkg:deb/debian/{name}@{version}?arch={arch}") for name, version, arch in rows]


def document(image: Part, base: str, parts: Iterable[Part], created: datetime) -> Document:
    """The same parts at the same time are the same document."""
    packages = [_package(image, ROOT_ID), _package(Part(base, "", ""), "SPDXRef-base")]
    packages += [_package(part, f"SPDXRef-{index}") for index, part in enumerate(parts)]
    contents = "\n".join(f"{one.name} {one.version}" for one in packages)
    info = CreationInfo(
        spdx_version="SPDX-2.3",
        spdx_id="SPDXRef-DOCUMENT",
        name=f"{image.name}-{image.version}",
        document_namespace=uuid5(NAMESPACE_URL, contents).urn,
        creators=[Actor(ActorType.TOOL, "routeiq-tools-images")],
        created=created.replace(tzinfo=None),
    )
    relations = [Relationship("SPDXRef-DOCUMENT", RelationshipType.DESCRIBES, ROOT_ID)]
    relations += [Relationship(ROOT_ID, RelationshipType.CONTAINS, one.spdx_id) for one in packages[1:]]
    return Document(info, packages=packages, relationships=relations)


def _package(part: Part, spdx_id: str) -> Package:
    reference = ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", part.purl)
    return Package(
        spdx_id=spdx_id,
        name=part.name,
        version=part.version or None,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        license_declared=_license(part.license),
        external_references=[reference] if part.purl else [],
    )


def _license(expression: str) -> Any:
    """Only what is one by SPDX' rules: older wheels put a whole text there."""
    try:
        return spdx_licensing.parse(expression, validate=True) if expression else SpdxNoAssertion()
    except ExpressionError:
        return SpdxNoAssertion()


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--created", required=True, type=datetime.fromisoformat)
    parser.add_argument("--debian", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("folders", nargs="+", type=Path)
    given = parser.parse_args(arguments)
    parts = [part for folder in given.folders for part in distributions(folder)]
    if given.debian:
        parts += debian(given.debian)
    image = Part(given.image, given.version, f"pkg:pypi/routeiq@{given.version}", "Apache-2.0")
    made = document(image, given.base, parts, given.created.astimezone(UTC))
    write_file(made, str(given.out))


if __name__ == "__main__":
    main(sys.argv[1:])
