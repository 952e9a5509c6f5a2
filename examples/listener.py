#!/usr/bin/env python3
"""A listener: every event of a run as a line of JSON, for a log that other programs read.

Usage: listener.py PROJECT, with a project of projects.toml. The last lines are its results.
"""

import json
import os
import sys

import msgspec

from qumulo_changelist import (
    RunRequest,
    events,
    read_projects,
    read_settings,
    run_project,
)


def log(what: str, **facts: object) -> None:
    print(json.dumps({"what": what, **facts}), flush=True)


def listener(event: events.Event) -> None:
    if not isinstance(event, events.Progressed):  # several a second
        log(type(event).__name__, **msgspec.to_builtins(event))


settings = read_settings(os.environ.get("QUMULO_CHANGELIST_CONFIG"), transport="rest")
project = read_projects(os.environ.get("QUMULO_CHANGELIST_PROJECTS"))[sys.argv[1]]
result = run_project(RunRequest(project=project, commit=True), settings, listener)
for one in result.sources:
    made = one.result.path if one.result else None
    log("ended", source=one.source, list=made, error=str(one.failure or ""))
sys.exit(result.exit_code)
