"""Files of a project, as many as a test wants."""

from pathlib import Path


def write_files(folder: Path, *names: str, size: int = 10) -> None:
    """Write files of so many bytes, and the directories that they lie in."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
