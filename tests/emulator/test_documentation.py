"""docs/emulator.md agrees with the code: its options, its settings, its faults."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from qumulo_emulator.faults import Fault
from qumulo_emulator.settings import Settings
from tests.emulator.process import PROGRAM

DOCUMENTATION = (Path(__file__).resolve().parents[2] / "docs/emulator.md").read_text("utf-8")


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_every_option_is_documented(command: str) -> None:
    shown = subprocess.run([PROGRAM, command, "--help"], capture_output=True, text=True, check=True)
    options = set(re.findall(r"^  (--[a-z-]+)", shown.stdout, re.MULTILINE))
    assert len(options) > 5
    assert {option for option in options if not re.search(f"`{option}[ `]", DOCUMENTATION)} == set()


def test_every_setting_and_every_field_of_a_fault_is_documented() -> None:
    for name in (*Settings.__struct_fields__, *Fault.__struct_fields__):
        assert re.search(rf"`\"?{name}[\"`]", DOCUMENTATION), name
