#!/usr/bin/env python3
"""The library in ten lines: list what changed between two snapshots.

Usage: list_changes.py OLDER NEWER BASE_PATH, with the ids of two snapshots.
"""

import os
import sys

from qumulo_changelist import ChangelistRequest, generate_changelist, read_settings

older, newer, base_path = sys.argv[1:]
settings = read_settings(os.environ.get("QUMULO_CHANGELIST_CONFIG"), transport="rest")
request = ChangelistRequest(
    project="show1", guid="5f1c9a52", source_index="1", older=int(older), newer=int(newer),
    base_path=base_path, metadata="rest", deletes=True,
)  # fmt: skip
result = generate_changelist(request, settings)
totals = result.totals
print(f"{result.path}: {totals.files} files, {totals.size} bytes; {totals.deleted_files} deleted")
