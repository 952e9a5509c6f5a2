"""The events of a project's cycle, in words."""

import shlex
import time
from collections.abc import Callable
from typing import Any

from qumulo_changelist import events
from qumulo_changelist.cli.moments import describe_local_time
from qumulo_changelist.cli.summary import summarize
from qumulo_changelist.durations import describe_duration
from qumulo_changelist.wording import count


def _run_recovered(event: events.RunRecovered) -> str:
    if event.is_committed:
        return f"{event.source}: an interrupted commit of snapshot {event.snapshot} is complete now"
    left = "" if event.snapshot is None else f"; it had taken snapshot {event.snapshot}"
    return f"{event.source}: the last run was interrupted{left}, and its list was not finished"


def _commits_disagree(event: events.CommitsDisagree) -> str:
    if event.shown is None:
        return (
            f"{event.source}: the cluster does not show that snapshot {event.known} was committed; "
            "this machine's own record is used"
        )
    chosen = min(event.known, event.shown)
    return (
        f"{event.source}: this machine has snapshot {event.known} as committed, and the cluster "
        f"shows {event.shown}; the older one, {chosen}, is used, so that nothing is missed. "
        f"If one archive is meant: `qumulo-changelist adopt {shlex.quote(event.project)}` takes "
        "what the cluster shows"
    )


def _base_chosen(event: events.BaseChosen) -> str:
    taken = f", taken {describe_local_time(event.taken)}" if event.taken else ""
    return f"{event.source}: changes since snapshot {event.snapshot} ({event.name}{taken})"


def _base_expires(event: events.BaseExpires) -> str:
    return (
        f"{event.source}: snapshot {event.snapshot}, from which changes are listed, expires in "
        f"{_time_left(event.expires)}; if this list is not committed before that, the next one is "
        f"a full list. {_how_to_keep(event.snapshot)}"
    )


def snapshot_expires(event: events.SnapshotExpires) -> str:
    """Return in words that a snapshot expires that a list is made from."""
    return (
        f"snapshot {event.snapshot} expires in {_time_left(event.expires)}, and the list cannot be "
        f"made without it. {_how_to_keep(event.snapshot)}"
    )


def _time_left(expires: int) -> str:
    return describe_duration(max(expires / 1e9 - time.time(), 0))


def _how_to_keep(snapshot: int) -> str:
    return f"To keep it: `qq snapshot_modify_snapshot -i {snapshot} -e ''`"


def _filters_widened(event: events.FiltersWidened) -> str:
    return (
        f"{event.source}: the filters may let more pass than when snapshot {event.snapshot} was "
        "listed; what passes only now is listed only if it changed since. To list all of it once: "
        f"`qumulo-changelist run {shlex.quote(event.project)} --full`"
    )


def _full_list_needed(event: events.FullListNeeded) -> str:
    adopt = ""
    if event.adoptable is not None:
        adopt = (
            f". The cluster shows that a different machine committed snapshot {event.adoptable}: "
            "if both serve the same archive, `qumulo-changelist adopt "
            f"{shlex.quote(event.project)}` before the next run"
        )
    return f"{event.source}: FULL LIST of everything, not only of changes: {event.reason}{adopt}"


def _list_made(event: events.ListMade) -> str:
    from qumulo_changelist.checks.proof import Proof  # few commands make a list

    proof = Proof(*event.proof) if event.proof else None
    return summarize(
        event.project,
        event.totals,
        proof,
        moves=event.moves,
        deletes=event.deletes,
        filtered=event.filtered,
    )


def _commit_withheld(event: events.CommitWithheld) -> str:
    return (
        f"{event.source}: not committed, since {count(event.unreadable, 'entry')} could not be "
        'read; the next run lists the same changes again (metadata = "rest" or "snapshot" reads '
        "files as the snapshot has them, also if they are gone since). To commit nevertheless: "
        f"`qumulo-changelist commit {shlex.quote(event.project)} --snapshot {event.snapshot}`"
    )


CYCLE_WORDS: dict[type, Callable[[Any], str]] = {
    events.ProjectAwaited: lambda e: f"waiting: the project {e.project} is being run by {e.holder}",
    events.SourceBegun: lambda e: f"{e.project}: {e.source}",
    events.RunRecovered: _run_recovered,
    events.RunContinued: lambda e: (
        f"{e.source}: going on with snapshot {e.snapshot} ({e.name}) of an earlier run, of "
        "which parts are kept; what changed since then is for the next run"
    ),
    events.CommitLost: lambda e: (
        f"{e.source}: a commit of snapshot {e.snapshot} was interrupted, and the cluster no longer "
        "has the snapshot: the list does not count as committed"
    ),
    events.CommitsDisagree: _commits_disagree,
    events.BaseChosen: _base_chosen,
    events.BaseExpires: _base_expires,
    events.FiltersWidened: _filters_widened,
    events.FullListNeeded: _full_list_needed,
    events.SnapshotTaken: lambda e: f"{e.source}: took snapshot {e.snapshot} ({e.name})",
    events.NothingNewer: lambda e: (
        f"{e.source}: nothing to list: {e.snapshot} is the newest snapshot of the policy "
        f"{e.policy}, and it is committed"
    ),
    events.ListMade: _list_made,
    events.ListHanded: lambda e: f"running {shlex.join(e.command)}",
    events.PartFailed: lambda e: f"{e.what}: {e.message}" + (f"\n{e.hint}" if e.hint else ""),
    events.CommitWithheld: _commit_withheld,
    events.ListCommitted: lambda e: (
        f"{e.source}: committed; the next run begins from snapshot {e.snapshot}"
    ),
    events.SnapshotRemoved: lambda e: f"removed snapshot {e.snapshot} ({e.name})",
    events.NotificationFailed: lambda e: (
        f"{e.address} could not be notified: {e.reason}; the run itself is not affected"
    ),
    events.MetricsUnwritten: lambda e: (
        f"no metrics were written: {e.reason}; the run itself is not affected"
    ),
    events.SnapshotKept: lambda e: f"snapshot {e.snapshot} ({e.name}) stays: {e.reason}",
}
"""What each event says."""

CYCLE_DETAILS = (
    events.SourceBegun,
    events.SnapshotTaken,
    events.ListHanded,
    events.SnapshotRemoved,
)
"""Events that only explain how a run works."""

CYCLE_NOTES = (
    events.ProjectAwaited,
    events.BaseChosen,
    events.NothingNewer,
    events.ListMade,
    events.ListCommitted,
)
"""Events that say that all goes as it should."""
