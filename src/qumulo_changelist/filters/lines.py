"""A file of patterns: lines as in a .gitignore, of what to exclude. Pure."""

from qumulo_changelist.filters.filters import check_pattern
from qumulo_changelist.filters.patterns import strip_blanks
from qumulo_changelist.names import to_text


def parse_lines(content: bytes, file: str) -> tuple[str, ...]:
    """Return the patterns in a file, in their order; blank lines and comments are none.

    Args:
        content: what is in the file.
        file: where it comes from, for messages.

    Raises:
        UsageError: a line is malformed; the message names it.
    """
    patterns: list[str] = []
    text = to_text(content.removeprefix(b"\xef\xbb\xbf"))
    for number, line in enumerate(text.split("\n"), 1):
        pattern = strip_blanks(line.removesuffix("\r"))
        if pattern and not pattern.startswith("#"):
            check_pattern(pattern, f"{file}, line {number}:")
            patterns.append(pattern)
    return tuple(patterns)
