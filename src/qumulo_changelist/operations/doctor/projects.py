"""Checks of projects before a cluster is asked: what they say, and who can read that."""

import os
from collections.abc import Sequence
from functools import partial

from qumulo_changelist.config.exposure import REMEDY, describe_readers
from qumulo_changelist.errors import UsageError
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.doctor.checks import Examination, Finding
from qumulo_changelist.operations.project.exposed import files_with_secrets
from qumulo_changelist.operations.project.run import check_project
from qumulo_changelist.projects.project import Project


def examine_projects(
    examination: Examination, projects: Sequence[Project], files: Sequence[str]
) -> list[Project]:
    """Check projects and the files that define them; return the projects that can be run.

    Args:
        examination: takes the checks.
        projects: the projects.
        files: the files that may define them; those that do not exist do not matter.
    """
    for file in files_with_secrets(files):
        examination.check("projects-file", file, partial(_look_at_file, file))
    return [
        project
        for project in projects
        if examination.check("project", project.name, partial(_look_at, project))
    ]


def _look_at(project: Project) -> Finding:
    try:
        check_project(project)
    except UsageError as error:
        error.hint = "Correct it in projects.toml, or on the command line."
        raise
    return Finding("its lists can be made, as far as its keys show")


def _look_at_file(file: str) -> Finding:
    if readers := describe_readers(os.stat(to_bytes(file))):
        return Finding(
            f"a notify_url in it may be a secret, and {readers}",
            warning=True,
            hint=f"{REMEDY.capitalize()}.",
        )
    return Finding("only its user")
