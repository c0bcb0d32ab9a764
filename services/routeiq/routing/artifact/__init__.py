"""The artifact directory: its manifest, its verification, and the predictions of a loaded one."""

from routeiq.routing.artifact.loaded import Artifact, ShapeMismatch, calibrate
from routeiq.routing.artifact.loading import ArtifactInvalid, load_artifact, read_manifest, validate, verify
from routeiq.routing.artifact.manifest import Candidate, Manifest
from routeiq.routing.artifact.trust import Trust

__all__ = [
    "Artifact",
    "ArtifactInvalid",
    "Candidate",
    "Manifest",
    "ShapeMismatch",
    "Trust",
    "calibrate",
    "load_artifact",
    "read_manifest",
    "validate",
    "verify",
]
