"""The vendor's real ``qq``, of today and of an earlier generation, as folders for the PATH."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.quick import REPOSITORY, quick_programs

INSTALLED = {
    "qq of today": Path(sys.executable).parent,
    "qq before 6.2.2": REPOSITORY / ".qq" / "5.1.0.1" / "bin",
}
"""The folders of ``qq`` as it was installed."""


class _Quick(Mapping[str, Path]):
    def __getitem__(self, generation: str) -> Path:
        python = str(INSTALLED[generation] / "python3")
        return quick_programs(python, "qq_server", ("qq",))

    def __iter__(self) -> Iterator[str]:
        return iter(INSTALLED)

    def __len__(self) -> int:
        return len(INSTALLED)


QQ: Mapping[str, Path] = _Quick()
"""Folders with the same ``qq``, which starts at once; see :mod:`tests.quick`."""
