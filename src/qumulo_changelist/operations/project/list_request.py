"""From a source of a project to the request for its list."""

from typing import Any

from msgspec.structs import asdict

from qumulo_changelist.operations.lists.request import ChangelistRequest, Metadata, usable_cores
from qumulo_changelist.projects.project import ListOptions, Project, Source


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
    return ChangelistRequest(
        project=project.name,
        guid=source.guid,
        source_index=source.index,
        base_path=source.path,
        mapped_path=source.mapped_path,
        older=older,
        newer=newer,
        **request_options(project.options, "mount" if source.mapped_path else "rest"),
    )


def request_options(options: ListOptions, metadata: Metadata) -> dict[str, Any]:
    """Return the fields of a request that options set, with the defaults of a project.

    Args:
        options: the options.
        metadata: where sizes, times and owners are read, if the options do not say so.
    """
    given = {name: value for name, value in asdict(options).items() if value is not None}
    return {"metadata": metadata, "workers": usable_cores()} | given
