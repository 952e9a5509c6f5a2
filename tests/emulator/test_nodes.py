"""The cluster itself: one node and one network interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulator.wire import get, refusal

if TYPE_CHECKING:
    from qumulo_emulator.running import ThreadedEmulator


@pytest.mark.parametrize(
    "path",
    ["/v1/cluster/nodes/{}", "/v2/network/interfaces/{}", "/v2/network/interfaces/{}/status/"],
)
def test_there_is_only_node_1_and_interface_1(emulator: ThreadedEmulator, path: str) -> None:
    assert get(emulator, path.format(1))
    missing = emulator.request("GET", path.format(2))
    assert refusal(missing) == (404, "http_not_found_error")
