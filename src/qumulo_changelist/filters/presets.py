"""Presets: names for patterns that many lists leave out."""

from collections.abc import Mapping

PRESETS: Mapping[str, tuple[str, ...]] = {
    "@litter": (
        # macOS
        ".DS_Store",
        "._*",
        ".AppleDouble/",
        ".AppleDB/",
        ".AppleDesktop/",
        ".DocumentRevisions-V100/",
        ".Spotlight-V100/",
        ".TemporaryItems/",
        ".Trashes/",
        ".fseventsd/",
        # Windows
        "Thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "$RECYCLE.BIN/",
        "System Volume Information/",
        # Linux, and file servers
        ".Trash-*/",
        ".nfs????????????????*",
        "lost+found/",
        # Snapshots, as file servers and archivers show them
        "~snapshot/",
        ".snapshot/",
    ),
}
"""The patterns of each preset. Its name begins with ``@``."""
