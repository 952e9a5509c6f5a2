"""What public clients, written by others, send to a cluster and expect from it."""

from __future__ import annotations

import ast
import http.client
import json
import re
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.routing import compile_path

from qumulo_emulator.api.routes import ENDPOINTS
from qumulo_emulator.api.unsupported import is_unsupported
from tests.emulator.trees import lay_out
from tests.emulator.wire import attributes, create_snapshot, file_url, get, pages, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qumulo_emulator.running import Emulator, ThreadedEmulator

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/qumulo/rest"
SDK = {
    "current": Path(sys.prefix, PACKAGES),
    "5.1": REPOSITORY / ".qq/5.1.0.1" / PACKAGES,
}
METHODS = {"GET", "PUT", "POST", "PATCH", "DELETE"}
# URLs that the SDK completes in a way that this test does not see: `copy-chunk`, and aggregates.
UNFINISHED = {("POST", "/v1/files/1"), ("GET", "/v1/files/1/1")}


# Bodies


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "/v1/session/login", {"username": "admin", "password": None}),
        ("POST", "/v3/snapshots/", {"name_suffix": "s"}),
        ("POST", "/v2/snapshots/", {"name": "s"}),
        ("PATCH", "/v3/snapshots/{snapshot}", {"expiration": ""}),
        ("PUT", "/v2/snapshots/{snapshot}", {"expiration": ""}),
        ("POST", "/v1/files/{folder}/entries/", {"action": "CREATE_FILE", "name": "new"}),
        ("PATCH", "/v1/files/{folder}/info/attributes", {"mode": "0755"}),
        ("POST", "/v1/files/try-resolve", {"ids": ["2"]}),
        ("POST", "/v1/auth/access-tokens/", {"user": {"name": "admin"}}),
        ("PUT", "/v1/cluster/settings", {"cluster_name": "mine"}),
    ],
)
def test_unknown_fields_of_a_request_are_ignored(
    emulator: ThreadedEmulator, folder: Path, method: str, url: str, body: dict[str, object]
) -> None:
    path = f"/{folder.name}"
    number = create_snapshot(emulator, "v3", path)["id"] if "{snapshot}" in url else None
    url = url.format(snapshot=number, folder=attributes(emulator, path)["id"])
    if "password" in body:
        body["password"] = emulator.password
    sent = {"unheard of": {"of": [1]}, **body, "sent by a later release": None}
    status, reply = emulator.request(method, url, sent)
    assert status == 200, reply


def test_unknown_fields_of_a_fault_are_refused(
    emulator: ThreadedEmulator,
) -> None:
    answer = emulator.request("POST", "/emulator/faults", {"status": 500, "tmies": 1})
    assert refusal(answer) == (400, "decode_error")


# Answers


def test_logical_datablocks_are_a_string_equal_to_datablocks(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"a": 4097, "d": {}})
    number = create_snapshot(emulator, "v3", f"/{folder.name}")["id"]
    for query in ("", f"?snapshot={number}"):
        assert attributes(emulator, f"/{folder.name}/a", query)["logical_datablocks"] == "2"
        for entry in get(emulator, file_url(f"/{folder.name}", f"/entries/{query}"))["files"]:
            assert entry["logical_datablocks"] == entry["datablocks"]


def raw_answer(emulator: Emulator, method: str, url: str) -> tuple[int, bytes]:
    """Return the status and the unparsed body of an answer."""
    context = ssl.create_default_context(cafile=emulator.certificate)
    connection = http.client.HTTPSConnection(emulator.host, emulator.port, context=context)
    connection.request(method, url, headers={"Authorization": f"Bearer {emulator.login()}"})
    with connection.getresponse() as response:
        answer = response.status, response.read()
    connection.close()
    return answer


def test_a_delete_is_answered_with_null(emulator: ThreadedEmulator, folder: Path) -> None:
    lay_out(folder, {"a": 1, "b": 1})
    path = f"/{folder.name}"
    numbers = [create_snapshot(emulator, "v3", path)["id"] for _ in range(2)]
    user = {"user": {"name": "admin"}}
    token = emulator.request("POST", "/v1/auth/access-tokens/", user)[1]["id"]
    for url, status in (
        (f"/v3/snapshots/{numbers[0]}", 202),
        (f"/v2/snapshots/{numbers[1]}", 200),
        (file_url(f"{path}/a"), 200),
        (file_url(path, "/entries/b"), 200),
        (f"/v1/auth/access-tokens/{token}", 200),
    ):
        answered, body = raw_answer(emulator, "DELETE", url)
        assert (answered, json.loads(body)) == (status, None)


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_the_diff_of_one_file_is_empty_or_a_501(
    emulator: ThreadedEmulator, folder: Path, version: str
) -> None:
    lay_out(folder, {"same": 1, "longer": 1})
    older = create_snapshot(emulator, "v3", f"/{folder.name}")["id"]
    lay_out(folder, {"longer": 2})
    newer = create_snapshot(emulator, "v3", f"/{folder.name}")["id"]
    url = f"/{version}/snapshots/{newer}/changes-since/{older}/files/%2F{folder.name}%2F"
    assert get(emulator, f"{url}same") == {"entries": [], "paging": {"next": ""}}
    answer = emulator.request("GET", f"{url}longer")
    assert refusal(answer) == (501, "emulator_not_supported_error")


# URLs


@pytest.mark.parametrize("api", ["/api", ""])
def test_old_clients_may_put_api_before_every_url(
    emulator: ThreadedEmulator, folder: Path, api: str
) -> None:
    lay_out(folder, {str(number): 1 for number in range(5)})
    body = {"username": "admin", "password": emulator.password}
    assert emulator.request_as(None, "GET", f"{api}/v1/version")[0] == 200
    assert emulator.request_as(None, "POST", f"{api}/v1/session/login", body)[0] == 200
    found = list(pages(emulator, f"{api}{file_url(f'/{folder.name}', '/entries/?limit=3')}"))
    assert [entry["name"] for page in found for entry in page["files"]] == list("01234")
    assert found[0]["paging"]["next"].startswith("/v1/files/")
    assert emulator.request("GET", f"{api}/v3/snapshots/?filter=all")[0] == 200
    assert refusal(emulator.request("GET", f"{api}/v2/nfs/exports/"))[0] == 501
    for unknown in (
        f"{api}/v1/nowhere",
        f"{api}/v1",
        "/api/emulator/faults",
        "/api/api/v1/version",
    ):
        assert refusal(emulator.request("GET", unknown)) == (404, "http_not_found_error")
    emulator.fault(path="/v1/version", status=503, times=1)
    assert emulator.request("GET", f"{api}/v1/version")[0] == 503


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/v1/network/static-ip-allocation"),
        ("GET", "/v1/network/floating-ip-allocation"),
        ("GET", "/v2/network/connections/"),
        ("PATCH", "/v2/network/interfaces/1"),
        ("GET", "/v1/cluster/object-backed/protection/fault-tolerance"),
        ("POST", "/v1/cluster/node-replacement-plan/"),
        ("GET", "/v1/cluster/node-replacement-plan/"),
        ("POST", "/v1/cluster/halt"),
        ("POST", "/v1/cluster/reboot"),
        ("POST", "/v1/files/%2Fd/delete-tree"),
        ("GET", "/v1/files/2/delete-tree/status"),
        ("GET", "/v1/files/data/capacity/?path=%2F&by_owner=true"),
        ("GET", "/v3/cluster/calculate-supported-protection-info"),
    ],
)
def test_an_unsupported_request_of_a_cluster_is_501(
    emulator: ThreadedEmulator, method: str, url: str
) -> None:
    answer = emulator.request(method, url)
    assert refusal(answer) == (501, "emulator_not_supported_error")
    assert f"{method} {url.partition('?')[0]}" in answer[1]["description"]


@pytest.mark.parametrize("generation", SDK)
def test_every_request_of_the_sdk_is_served_or_501(
    generation: str,
) -> None:
    requests = set(requests_in(SDK[generation]))
    # The search must have found these.
    assert {("POST", "/v1/session/login"), ("GET", "/v1/files/1/info/attributes")} <= requests
    assert len(requests) > 200
    assert {request for request in requests if not is_known(*request)} == UNFINISHED


def is_known(method: str, url: str) -> bool:
    """Return whether the emulator serves a URL or answers 501, perhaps with an id appended."""
    spellings = (url, f"{url}/", url.rstrip("/"), f"{url}/1", f"{url}1", f"{url}1/networks/1")
    served = [compile_path(known.path)[0] for known in ENDPOINTS if known.method == method]
    return any(
        is_unsupported(method, spelling) or any(path.fullmatch(spelling) for path in served)
        for spelling in spellings
    )


def requests_in(package: Path) -> Iterator[tuple[str, str]]:
    """Yield the methods and URLs in each function of the SDK, with 1 for each value."""
    for file in package.glob("*.py"):
        module = ast.parse(file.read_text(encoding="utf-8"))
        constants = {
            node.targets[0].id: text
            for node in module.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and (text := written(node.value))
        }
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef):
                nodes = list(ast.walk(function))
                named = [constants.get(node.id) for node in nodes if isinstance(node, ast.Name)]
                urls = {url for url in (*map(url_in, nodes), *named) if url and url[:2] == "/v"}
                for method in METHODS.intersection(map(written, nodes)):
                    yield from ((method, url.partition("?")[0]) for url in urls)


def written(node: ast.AST) -> str | None:
    """Return the text of a string in the source."""
    if isinstance(node, ast.JoinedStr):
        return "".join(written(part) or "1" for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{[^}]*\}|%[sd]", "1", node.value)
    return None


def url_in(node: ast.AST) -> str | None:
    """Return the URL that an expression of the SDK makes."""
    match node:
        case ast.Call(func=ast.Name("build_files_uri"), args=[ast.List(parts)], keywords=keywords):
            version: Any = 1
            for keyword in keywords:
                if keyword.arg == "api_version" and isinstance(keyword.value, ast.Constant):
                    version = keyword.value.value
            return f"/v{version}/files/" + "/".join(written(part) or "1" for part in parts)
        case ast.Constant() | ast.JoinedStr():
            return written(node)
    return None
