import shutil

import pytest

from routeiq.routing.training.train import train
from tests.support.artifacts import ENCODER
from tests.support.trained import wide_rows, write_jsonl


@pytest.fixture(scope="package")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    return train([write_jsonl(folder / "rows.jsonl", wide_rows(500))], folder / "artifact", encoder=ENCODER).out


@pytest.fixture
def artifact_dir(original, tmp_path):
    """A copy of a good artifact that a test may damage."""
    return shutil.copytree(original, tmp_path / "artifact")
