"""A project as text for ``projects.toml``. Pure."""

from typing import Any

from qumulo_changelist.errors import UsageError
from qumulo_changelist.projects.file import FILE_NAME, parse_projects
from qumulo_changelist.projects.project import Project


def render_project(project: Project) -> str:
    """Return the table of a project with one source, which reads as the same project.

    Of its options, only the policy is written.

    Raises:
        UsageError: the file cannot hold one of the values.
    """
    import tomli_w

    (source,) = project.sources
    table: dict[str, Any] = {
        "path": source.path,
        "mapped_path": source.mapped_path,
        "guid": source.guid,
        "index": int(source.index) if source.index == str(int(source.index)) else source.index,
        "deletes": project.options.deletes or None,
        "policy": project.policy,
        "config": project.config,
        "transport": project.transport,
    }
    given = {key: value for key, value in table.items() if value not in (None, "")}
    text = tomli_w.dumps({"projects": {project.name: given}})
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{FILE_NAME} is UTF-8, and a value is not: {given!r:.300}") from None
    found, problems = parse_projects(text, FILE_NAME)
    if problems or found.get(project.name) != project:
        reason = problems[0].message if problems else "it would be read as a different one"
        raise UsageError(f"the project {project.name!r:.300} cannot be written: {reason}")
    return text
