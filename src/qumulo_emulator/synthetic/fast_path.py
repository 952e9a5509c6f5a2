"""The requests that a client makes by the million, answered faster than by the ordinary handlers.

Diffs, directories and the attributes of entries of a synthetic tree are assembled from bytes.
Everything else, including every error, is left to the ordinary application.
"""

from functools import lru_cache
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from qumulo_emulator.api.call import Call
from qumulo_emulator.api.context import Context
from qumulo_emulator.api.paging import paginate
from qumulo_emulator.errors import EmulatorError
from qumulo_emulator.names import join_path, split_path, to_text
from qumulo_emulator.synthetic.cluster import SyntheticCluster
from qumulo_emulator.synthetic.diff import SyntheticDiff
from qumulo_emulator.synthetic.renderer import DirectoryValues, Renderer
from qumulo_emulator.synthetic.tree import SyntheticTree

_FILES, _SNAPSHOTS = "/v1/files/", "/v2/snapshots/"
_ATTRIBUTES, _ENTRIES, _CHANGES = "/info/attributes", "/entries/", "/changes-since/"
_PLAIN_PARAMETERS = {"limit", "after", "snapshot"}
_MAX_CACHED = 4096
_MAX_ID_DIGITS = 20
_MIN_PIECE_BYTES = 32_768


class FastPath:
    """An ASGI application around the ordinary application.

    Args:
        ordinary: answers everything else.
        context: what all requests share.
        cluster: the context's cluster.
    """

    def __init__(self, ordinary: ASGIApp, context: Context, cluster: SyntheticCluster) -> None:
        self._ordinary = ordinary
        self._context = context
        self._cluster = cluster
        self._renderers = {escape: Renderer(escape=escape) for escape in (True, False)}
        self._values = lru_cache(_MAX_CACHED)(_directory_values)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        pieces = self._answer(scope) if scope["type"] == "http" else None
        if pieces is None:
            await self._ordinary(scope, receive, send)
            return
        length = sum(map(len, pieces))
        headers = [(b"content-length", b"%d" % length), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in pieces:
            length -= len(piece)
            more = length > 0
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    def _answer(self, scope: Scope) -> list[bytes] | None:
        """Return the body in pieces; None leaves the answer to the ordinary application."""
        path: str = scope["path"]
        if scope["method"] != "GET" or self._cluster.settings.missing_privileges:
            return None
        try:
            if path.startswith(_FILES):
                if path.endswith(_ATTRIBUTES):
                    return self._attributes(path, _query(scope))
                if path.endswith(_ENTRIES):
                    return self._entries(path, _query(scope))
            elif path.startswith(_SNAPSHOTS) and _CHANGES in path:
                return self._changes(path, _query(scope))
        except EmulatorError:
            # The ordinary handlers come to the same error, and answer with it.
            return None
        return None

    def _attributes(self, path: str, query: dict[str, str]) -> list[bytes] | None:
        tree = self._cluster.tree(_snapshot(query))
        above, _, name = _path(tree, path[len(_FILES) : -len(_ATTRIBUTES)]).rpartition("/")
        directory = self._values(self._renderer, tree, above)
        contents = directory.place.contents
        found = contents.find(name)
        if found is None or not above or not contents.rows[found[0]].exists(newer=tree.newer):
            return None
        known = self._renderer.attributes(directory, *found, newer=tree.newer)
        return [known[:-1] + b',"lock":null}']

    def _entries(self, path: str, query: dict[str, str]) -> list[bytes] | None:
        tree = self._cluster.tree(_snapshot(query))
        where = _path(tree, path[len(_FILES) : -len(_ENTRIES)])
        if not where or not query.keys() <= _PLAIN_PARAMETERS:
            return None
        renderer = self._renderer
        directory = self._values(renderer, tree, where)
        place = directory.place
        size = place.contents.child_count(newer=tree.newer)

        def take(after: str | None, limit: int) -> tuple[list[bytes], str | None]:
            begin = int(after or 0)
            end = min(begin + limit, size)
            found = list(renderer.listing(directory, begin, end, newer=tree.newer))
            return found, str(end) if end < size else None

        call = Call(self._context, path, {}, query, b"", None)
        files, paging = paginate(
            call, f"synthetic entries {place.id} {query.get('snapshot')}", take
        )
        head = b'{"path":"%b","id":"%d","child_count":%d,"files":[' % (
            directory.path,
            place.id,
            size,
        )
        return _join_page(head, files, renderer.text(paging))

    def _changes(self, path: str, query: dict[str, str]) -> list[bytes] | None:
        newer, _, older = path[len(_SNAPSHOTS) :].partition(_CHANGES)
        if not (newer.isdigit() and older.isdigit() and len(newer) + len(older) < _MAX_ID_DIGITS):
            return None
        found = self._cluster.diff(int(newer), int(older))
        if not isinstance(found, SyntheticDiff):
            return None

        def take(after: str | None, limit: int) -> tuple[list[bytes], str | None]:
            begin = int(after or 0)
            end = min(begin + limit, len(found))
            pieces = list(self._renderer.changes(found.top, begin, end))
            return pieces, str(end) if end < len(found) else None

        call = Call(self._context, path, {}, query, b"", None)
        entries, paging = paginate(call, f"synthetic diff {newer} {older}", take)
        return _join_page(b'{"entries":[', entries, self._renderer.text(paging))

    @property
    def _renderer(self) -> Renderer:
        return self._renderers[self._cluster.settings.escape]


def _join_page(head: bytes, entries: list[bytes], paging: bytes) -> list[bytes]:
    """Return a page in pieces that are large enough to send; removes the last entry's comma."""
    if entries:
        entries[-1] = entries[-1][:-1]
    pieces: list[bytes] = []
    small, size = [], 0
    for piece in (head, *entries, b'],"paging":%b}' % paging):
        small.append(piece)
        size += len(piece)
        if size > _MIN_PIECE_BYTES:
            pieces.append(b"".join(small))
            small, size = [], 0
    return [*pieces, b"".join(small)] if small else pieces


def _directory_values(renderer: Renderer, tree: SyntheticTree, path: str) -> DirectoryValues:
    return renderer.values_of(tree.place(split_path(path or "/")))


def _path(tree: SyntheticTree, ref: str) -> str:
    """Return the path for an id or an encoded path in a URL, without a trailing slash.

    It is empty for the root, and where slashes are not encoded, which makes the URL unknown.
    """
    if "/" in ref:
        return ""
    path = to_text(unquote_to_bytes(ref))
    if path.isdigit():
        path = join_path(tree.locate(path), directory=False)
    return path.rstrip("/")


def _query(scope: Scope) -> dict[str, str]:
    text = scope["query_string"].decode("latin-1")
    name, _, value = text.partition("=")
    if value.isdigit() and name == "snapshot":  # most requests have nothing else
        return {name: value}
    return dict(parse_qsl(text, keep_blank_values=True)) if text else {}


def _snapshot(query: dict[str, str]) -> int | None:
    text = query.get("snapshot")
    if text is None:
        return None
    # The ordinary handlers refuse what is not a number.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
