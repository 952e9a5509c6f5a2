"""Posting what a run did to a URL, such as that of a chat or of a monitoring system."""

import json
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from qumulo_changelist.checks.notify_url import check_notify_url, shown_address
from qumulo_changelist.events import Listener, NotificationFailed, ignore
from qumulo_changelist.machine.waiting import result_of_call
from qumulo_changelist.version import __version__

if TYPE_CHECKING:
    from urllib.request import OpenerDirector, Request

_TIMEOUT = 10
"""The number of seconds that the server may be silent, for each try."""

_MOST_SECONDS = 60.0
"""For a try in all."""

_WAITS = (0.5, 2.0)
"""The number of seconds before each further try."""

_TOO_MANY_REQUESTS = 429


def notify(url: str, content: Mapping[str, Any], listener: Listener = ignore) -> bool:
    """Post a value as JSON, together with this machine's name and the version of this package.

    It never fails because of the network or the server: it returns False, and the listener receives
    a ``NotificationFailed``. It is tried three times if that can help. Certificates are verified,
    and no redirect is followed, since what is posted would be lost on the way.

    Args:
        url: http or https; messages and events contain only its scheme and host.
        content: what to post.
        listener: receives the events.

    Raises:
        UsageError: nothing can be posted to such a URL.
    """
    check_notify_url(url)
    import socket  # most runs need none of these
    import urllib.request

    value = {**content, "version": __version__, "host": socket.gethostname()}
    # In ASCII: whoever logs or shows the text itself is sent nothing that controls a terminal.
    body = json.dumps(value).encode("ascii")
    request = urllib.request.Request(  # noqa: S310  # the scheme was checked
        url,
        body,
        {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"qumulo-changelist/{__version__}",
        },
        method="POST",
    )
    opener = _make_opener()
    for wait in (*_WAITS, None):
        reason, can_help = _post_in_time(opener, request)
        if not reason:
            return True
        if wait is None or not can_help:
            break
        time.sleep(wait)
    listener(NotificationFailed(shown_address(url), reason))
    return False


def _post_in_time(opener: "OpenerDirector", request: "Request") -> tuple[str, bool]:
    """Post, but no longer than a minute: a server may send a byte now and then for ever."""
    try:
        return result_of_call(partial(_post, opener, request), _MOST_SECONDS)
    except TimeoutError:
        return f"no complete answer for {_MOST_SECONDS:.0f} seconds", False


def _make_opener() -> "OpenerDirector":
    import ssl
    import urllib.request

    class NoRedirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args: object, **_named: object) -> None:
            return None  # then the redirect is an HTTPError

    secure = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    return urllib.request.build_opener(NoRedirects, secure)


def _post(opener: "OpenerDirector", request: "Request") -> tuple[str, bool]:
    """Return why nothing was accepted ("" if it was), and whether trying again can help."""
    import http.client
    import ssl
    import urllib.error

    try:
        with opener.open(request, timeout=_TIMEOUT):
            return "", False
    except urllib.error.HTTPError as error:
        with error:
            is_redirect = 300 <= error.code < 400
            words = "a redirect, which is not followed" if is_redirect else "no success"
            can_help = error.code == _TOO_MANY_REQUESTS or error.code >= 500
            return f"it answered with {error.code}: {words}", can_help
    except urllib.error.URLError as error:
        is_certificate = isinstance(error.reason, ssl.SSLCertVerificationError)
        return _describe(error.reason), not is_certificate
    except OSError as error:
        return _describe(error), True
    except http.client.HTTPException:
        return "it does not answer as HTTP asks for", True
    except ValueError:  # its message may contain the URL
        return "the URL cannot be used", False


def _describe(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer for {_TIMEOUT} seconds"
    return (reason.strerror if isinstance(reason, OSError) else "") or type(reason).__name__
