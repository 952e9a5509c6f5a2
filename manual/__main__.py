"""Writes the man pages: `python -m manual FOLDER`."""

import sys
from pathlib import Path

from manual.pages import make_pages


def main(folder: str) -> None:
    """Write all pages into a folder, which is made if it is missing."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, text in make_pages().items():
        Path(folder, name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
