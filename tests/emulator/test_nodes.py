"""The cluster as such: one node and one interface, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qumulo_emulator.running import serve_in_thread

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "path",
    ["/v1/cluster/nodes/{}", "/v2/network/interfaces/{}", "/v2/network/interfaces/{}/status/"],
)
def test_a_node_or_an_interface_that_is_not_there_is_not_found(tmp_path: Path, path: str) -> None:
    with serve_in_thread(tmp_path) as emulator:
        there, _ = emulator.request("GET", path.format(1))
        missing, error = emulator.request("GET", path.format(2))
    assert (there, missing) == (200, 404)
    assert error["error_class"] == "http_not_found_error"
