"""A new directory for every test of the oracle."""

import os
from pathlib import Path

import pytest

from tests.oracle.share import Share


@pytest.fixture
def share(tmp_path: Path) -> Share:
    os.mkdir(tmp_path / "proj")
    return Share(str(tmp_path / "proj"))
