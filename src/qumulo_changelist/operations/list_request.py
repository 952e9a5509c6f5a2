"""From a source of a project to the request for its list."""

from typing import Any

from msgspec.structs import asdict

from qumulo_changelist.operations.request import ChangelistRequest, usable_cores
from qumulo_changelist.projects.project import Project, Source


def make_request(
    project: Project, source: Source, older: int | None, newer: int
) -> ChangelistRequest:
    """Return the request for what changed in a source.

    Args:
        project: the project, whose options it has.
        source: one of its sources.
        older: the id of the older snapshot; None for a full list.
        newer: the id of the newer one.
    """
    options: dict[str, Any] = {
        name: value for name, value in asdict(project.options).items() if value is not None
    }
    options.setdefault("metadata", "mount" if source.mapped_path else "rest")
    options.setdefault("workers", usable_cores())
    return ChangelistRequest(
        project=project.name,
        guid=source.guid,
        source_index=source.index,
        base_path=source.path,
        mapped_path=source.mapped_path,
        older=older,
        newer=newer,
        **options,
    )
