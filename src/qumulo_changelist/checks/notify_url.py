"""Whether a run can be posted to a URL, and what of it may be shown: it often contains a secret."""

from urllib.parse import SplitResult, urlsplit

from qumulo_changelist.errors import UsageError

_SCHEMES = ("http", "https")


def check_notify_url(url: str) -> None:
    """Make sure that something can be posted to a URL.

    Raises:
        UsageError: it is not an http or https URL with a host; the message does not contain it.
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError("a URL has only printable ASCII characters, and no spaces")
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise UsageError("this is not a URL such as https://example.com/hook") from None
    if parts.scheme not in _SCHEMES or not has_host:
        raise UsageError("it has to be a URL that begins with https:// or http:// and a host")
    if "@" in parts.netloc:
        raise UsageError("a URL with a user name or a password is not supported")


def shown_address(url: str) -> str:
    """Return what messages may contain of a URL: its scheme, host and port."""
    parts: SplitResult = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
