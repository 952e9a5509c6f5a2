"""Whether a project can be added to a file of projects."""

from qumulo_changelist.errors import UsageError
from qumulo_changelist.projects.file import (
    ProjectCheck,
    default_paths,
    parse_projects,
    read_text,
)
from qumulo_changelist.projects.project import Project


def check_addition(path: str, block: str, check: ProjectCheck = Project.check) -> None:
    """Make sure that a file of projects can be read with a further project, as well as without it.

    Args:
        path: the file, which need not exist.
        block: the project in TOML.
        check: see ``parse_projects``.

    Raises:
        UsageError: something in the project, or in what it has in common with others, is wrong.
        ProjectFileError: the file, or that of the machine, cannot be read.
    """
    machine, own = default_paths()
    others: dict[str, Project] = {}
    if path == own:
        others, _ = parse_projects(read_text(machine, is_needed=False), machine)
    text = read_text(path, is_needed=False)
    before = {problem.message for problem in parse_projects(text, path, others, check)[1]}
    for problem in parse_projects(f"{text}\n{block}", path, others, check)[1]:
        if problem.message not in before:
            raise UsageError(
                f"{path} would be refused with this project: {problem.message}",
                hint="Use a different name, GUID or index, or change that file by hand.",
            )
