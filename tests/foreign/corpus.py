"""Examples of foreign bytes, a folder for each target: what is right, and what was wrong once."""

from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def examples(target: str) -> dict[str, bytes]:
    """Return the examples of a target, by the names of their files."""
    return {path.name: path.read_bytes() for path in sorted((FOLDER / target).iterdir())}
