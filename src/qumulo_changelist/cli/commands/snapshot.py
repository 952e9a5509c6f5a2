"""``qumulo-changelist snapshot``: create, list, show and delete snapshots."""

import argparse
import time

from qumulo_changelist.cli import arguments, common, log_options, project_options
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.moments import describe_local_time, describe_time
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.durations import describe_duration
from qumulo_changelist.operations.snapshots.care import (
    SnapshotRole,
    delete_snapshots,
    list_snapshots,
)
from qumulo_changelist.operations.snapshots.choice import choose_snapshot
from qumulo_changelist.operations.snapshots.creation import SnapshotRequest, create_snapshot
from qumulo_changelist.projects.file import read_projects
from qumulo_changelist.wording import join_lines

DESCRIPTION = """\
Create, list, show and delete snapshots. `run` takes and removes its own; what is created here is
nobody's but yours, and is never removed by a run.
"""
EXAMPLES = """\
  qumulo-changelist snapshot list
  qumulo-changelist snapshot list show1
  qumulo-changelist snapshot create show1 --expire 30days
  qumulo-changelist snapshot create before-the-move --source /projects/show1
  qumulo-changelist snapshot show 21
  qumulo-changelist snapshot delete 21 before-the-move-1700000000
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    create = actions.add_parser("create", help="take a snapshot, and print its id")
    create.add_argument("name", metavar="NAME", type=arguments.path, help="a project, or any name")
    create.add_argument(
        "--source", metavar="PATH", type=arguments.path,
        help="the directory on the cluster (default: the sources of the project)",
    )  # fmt: skip
    create.add_argument(
        "--expire", metavar="TIME", type=arguments.duration, default=0,
        help="let the cluster remove it after this time, such as 30days (default: never)",
    )  # fmt: skip
    listed = actions.add_parser("list", help="list them, with what each is for")
    listed.add_argument(
        "name", metavar="PROJECT", nargs="?", type=arguments.path, default="",
        help="only those of this project",
    )  # fmt: skip
    show = actions.add_parser("show", help="show one")
    show.add_argument(
        "name", metavar="ID|NAME", type=arguments.path, help="the snapshot, as `list` names it"
    )
    delete = actions.add_parser("delete", help="delete some")
    delete.add_argument(
        "names", metavar="ID|NAME", nargs="+", type=arguments.path,
        help="the snapshots, as `list` names them",
    )  # fmt: skip
    delete.add_argument("--force", action="store_true", help="also what a project needs")
    for action in (create, listed, show, delete):
        common.add_project_options(action)
        common.add_cluster_options(action)
        common.add_output_options(action)
        log_options.add_options(action)


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Do what is asked, print it, and return the exit code."""
    actions = {"create": _create, "list": _list, "show": _show, "delete": _delete}
    actions[options.action](options, screen)
    return 0


def _create(options: argparse.Namespace, screen: Screen) -> None:
    project = None
    paths = [options.source]
    if options.source is None:
        project = project_options.named_project(read_projects(options.projects), options.name)
        paths = [source.path for source in project.sources]
    settings = common.find_settings(options, project)
    created = [
        create_snapshot(
            SnapshotRequest(project=options.name, source_path=path, expire=options.expire),
            settings,
            screen,
        )
        for path in paths
    ]
    answer = {
        "snapshots": [
            {"id": one.id, "name": one.label, "taken": describe_time(one.taken), "source": path}
            for one, path in zip(created, paths, strict=True)
        ]
    }
    print_answer(answer, "\n".join(str(one.id) for one in created), as_json=options.json)


def _list(options: argparse.Namespace, screen: Screen) -> None:
    roles = _roles(options, screen)
    if options.name:
        project = read_projects(options.projects).get(options.name)
        paths = [source.path.rstrip("/") for source in project.sources] if project else []
        roles = [
            one for one in roles if one.project == options.name or one.snapshot.source in paths
        ]
    answer = {"snapshots": [_describe(one) for one in roles]}
    text = join_lines(map(_line, roles)) or "no snapshots"
    print_answer(answer, text, as_json=options.json)


def _show(options: argparse.Namespace, screen: Screen) -> None:
    roles = {one.snapshot.id: one for one in _roles(options, screen)}
    chosen = roles[choose_snapshot(options.name, [one.snapshot for one in roles.values()]).id]
    described = _describe(chosen)
    width = max(map(len, described))
    text = join_lines(
        f"{key:<{width}}  {'' if value is None else value}" for key, value in described.items()
    )
    print_answer(described, text, as_json=options.json)


def _delete(options: argparse.Namespace, screen: Screen) -> None:
    deleted = delete_snapshots(
        options.names,
        common.find_settings(options),
        screen,
        state=options.state or "",
        force=options.force,
    )
    answer = {"deleted": [one.id for one in deleted]}
    text = join_lines(f"deleted snapshot {one.id} ({one.label})" for one in deleted)
    print_answer(answer, text, as_json=options.json)


def _roles(options: argparse.Namespace, screen: Screen) -> list[SnapshotRole]:
    settings = common.find_settings(options, is_question=True)
    return list_snapshots(settings, screen, state=options.state or "")


def _line(role: SnapshotRole) -> str:
    one = role.snapshot
    parts = [f"{one.id:>6}  {describe_local_time(one.taken)}  {one.source or '?'}  {one.label}"]
    parts += [
        word for word in (_purpose(role), _expiry(role), "locked" if one.is_locked else "") if word
    ]
    return "; ".join(parts)


def _purpose(role: SnapshotRole) -> str:
    if role.snapshot.by_policy:
        return f"policy {role.snapshot.policy}".rstrip()
    if role.marks is not None:
        return f"shows that {role.marks} is committed"
    return "committed" if role.is_committed else ""


def _expiry(role: SnapshotRole) -> str:
    expires = role.snapshot.expires
    left = expires / 1e9 - time.time()
    return f"expires in {describe_duration(left)}" if expires else ""


def _describe(role: SnapshotRole) -> dict[str, object]:
    one = role.snapshot
    return {
        "id": one.id,
        "name": one.label,
        "source": one.source or None,
        "taken": describe_time(one.taken),
        "expires": describe_time(one.expires),
        "locked": one.is_locked,
        "policy": one.policy or None,
        "being_deleted": one.is_going,
        "project": role.project or None,
        "committed": role.is_committed,
        "marks": role.marks,
        "needed_because": role.need or None,
    }
