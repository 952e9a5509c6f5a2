"""CHANGELOG.md has the form of Keep a Changelog, and begins with the version of this package."""

import re
from pathlib import Path

from qumulo_changelist.version import __version__

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"
TYPES = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def test_every_version_has_a_date_and_changes_of_known_types() -> None:
    text = CHANGELOG.read_text(encoding="utf-8")

    versions = re.findall(r"^## (.*)", text, re.MULTILINE)
    released = [one for one in versions if one != "[Unreleased]"]
    assert released[0].startswith(f"[{__version__}] - ")
    for version in released:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", version), version
    assert set(re.findall(r"^### (.*)", text, re.MULTILINE)) <= set(TYPES)
