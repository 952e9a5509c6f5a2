"""Puts the man pages into what hatch builds: the wheel installs them, and the sdist has them."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManPages(BuildHookInterface[Any]):
    """Makes the pages before a build, and removes them after it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the pages, and name them to the builder; an editable installation has none."""
        if version == "editable":
            return
        sys.path[:0] = [self.root, str(Path(self.root, "src"))]
        from manual.__main__ import main

        self._folder = tempfile.TemporaryDirectory(prefix="man-pages-")
        main(self._folder.name)
        key, target = {
            "wheel": ("shared_data", "share/man/man1"),
            "sdist": ("force_include", "man"),
        }[self.target_name]
        pages = sorted(Path(self._folder.name).iterdir())
        build_data[key].update({str(page): f"{target}/{page.name}" for page in pages})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the pages."""
        if version != "editable":
            self._folder.cleanup()
