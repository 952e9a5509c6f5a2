"""Files of a project."""

from pathlib import Path


def write_files(folder: Path, *names: str, size: int = 10) -> None:
    """Write files of a size in bytes, and make the directories above them."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
