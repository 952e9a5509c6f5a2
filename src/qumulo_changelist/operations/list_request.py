"""From a source of a project to the request for its list."""

from typing import Any

from msgspec.structs import asdict

from qumulo_changelist.operations.request import ChangelistRequest, usable_cores
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
        **request_options(project.options, source.mapped_path),
    )


def request_options(options: ListOptions, mapped_path: str | None) -> dict[str, Any]:
    """Return the fields of a request that options set, with the defaults of a project.

    Args:
        options: the options.
        mapped_path: where this machine mounts the source; None if it does not.
    """
    given = {name: value for name, value in asdict(options).items() if value is not None}
    default = {"metadata": "mount" if mapped_path else "rest", "workers": usable_cores()}
    return default | given
