#!/usr/bin/env python3
"""A Parquet list, read with DuckDB: how much changed in each folder of the base path.

Usage: query_parquet.py LIST, a list that was written with `--format parquet`.
"""

import sys

import duckdb

ROWS = """
SELECT regexp_extract(path, '^/([^/]*)/', 1) AS folder,
       count(*) FILTER (change IN ('created', 'modified')) AS written,
       sum(size) FILTER (change IN ('created', 'modified')) AS bytes,
       count(*) FILTER (change = 'moved') AS moved,
       count(*) FILTER (change = 'deleted') AS deleted
FROM read_parquet(?)
WHERE kind = 'file'
GROUP BY folder
ORDER BY bytes DESC NULLS LAST, folder
"""

print(f"{'written':>8} {'bytes':>16} {'moved':>8} {'deleted':>8}  folder")
for folder, written, size, moved, deleted in duckdb.execute(ROWS, [sys.argv[1]]).fetchall():
    print(f"{written:>8} {size or 0:>16,} {moved:>8} {deleted:>8}  {'/' + folder!a}")
