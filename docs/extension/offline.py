"""Whether the built pages work without the network."""

import re
from pathlib import Path
from typing import Any

_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc\s*=\s*["']?(?:https?:)?//"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|icon|preconnect|modulepreload))[^>]*?"""
    r"""\bhref\s*=\s*["']?(?:https?:)?//""",
    re.IGNORECASE,
)
_STYLED = re.compile(r"""(?:@import|url\()\s*["']?(?:url\()?\s*["']?(?:https?:)?//""")


def find_loads(text: str) -> list[str]:
    """Return what a page or a style sheet would load from the network."""
    return [found[0] for pattern in (_LOADED, _STYLED) for found in pattern.finditer(text)]


def check_offline(app: Any, error: Exception | None) -> None:
    """Make sure that no built page loads anything from the network.

    Raises:
        SystemExit: one does; all of them are named.
    """
    if error:
        return
    found = [
        f"{path}: {load}"
        for path in sorted(Path(app.outdir).rglob("*"))
        if path.suffix in (".html", ".css")
        for load in find_loads(path.read_text(encoding="utf-8"))
    ]
    if found:
        raise SystemExit("\n".join(["the pages would load from the network:", *found]))
