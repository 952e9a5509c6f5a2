"""The table of formats: to add one, add its lines here."""

from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import NamedTuple

from qumulo_changelist.errors import InexpressibleError, MissingPackageError, UsageError
from qumulo_changelist.output.interface import ListFormat, ListReader
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.wording import how_to_install


class ListParameters(NamedTuple):
    """What a format needs besides the entries."""

    source_index: str
    run_time: int
    """Seconds since the epoch."""
    base_path: str = "/"
    """The directory on the cluster, an absolute path."""


class KnownFormat(NamedTuple):
    """A format that lists can be written in, and what it can express."""

    make: Callable[[ListParameters], ListFormat]
    make_reader: Callable[[ListParameters], ListReader] | None
    """Is given what is known of how the list was made. None if lists are never read again; then
    they are verified by their bytes alone, and no path on one can be explained."""
    ending: str
    """Of the list's file, such as ``xml``."""
    has_deletions: bool = True
    """Whether it can list what was deleted, itself or in the list beside it."""
    has_moves: bool = True
    """Whether it can give the old name of a moved file."""
    has_directories: bool = True
    has_attributes: bool = True
    """Whether it lists sizes, times and owners."""
    beside: str = ""
    """The format of a second list, of what was deleted alone; "" if there is none."""
    package: str = ""
    """The Python package that it needs; "" if it needs none."""
    extra: str = ""
    """The extra of this project that brings the package."""
    covers_deletions: bool = False
    """Whether the entry of a deleted directory stands for all that was deleted below it."""


def _make_ndjson(_: ListParameters) -> ListFormat:
    from qumulo_changelist.output.ndjson import Ndjson  # not at the top: most lists are XML

    return Ndjson()


def _make_csv(_: ListParameters) -> ListFormat:
    from qumulo_changelist.output.csv_list import CsvList

    return CsvList()


def _make_parquet(parameters: ListParameters) -> ListFormat:
    from qumulo_changelist.output.parquet import ParquetList

    return ParquetList(parameters.base_path)


def _make_classic(parameters: ListParameters) -> ListFormat:
    from qumulo_changelist.output.scan_xml_classic import make_classic

    return make_classic(parameters.source_index, parameters.run_time, parameters.base_path)


def _make_xml_reader(_: ListParameters) -> ListReader:
    from qumulo_changelist.output.scan_xml_reader import ScanXmlReader  # few programs read lists

    return ScanXmlReader()


def _make_ndjson_reader(_: ListParameters) -> ListReader:
    from qumulo_changelist.output.ndjson_reader import NdjsonReader

    return NdjsonReader()


def _make_csv_reader(_: ListParameters) -> ListReader:
    from qumulo_changelist.output.csv_list_reader import CsvListReader

    return CsvListReader()


def _make_parquet_reader(_: ListParameters) -> ListReader:
    from qumulo_changelist.output.parquet_reader import ParquetListReader

    return ParquetListReader()


def _make_classic_reader(parameters: ListParameters) -> ListReader:
    from qumulo_changelist.output.scan_xml_classic_reader import ScanXmlClassicReader

    return ScanXmlClassicReader(parameters.base_path)


def _names(
    name: str, *, deletes: bool = True, directories: bool = False, covers: bool = False
) -> KnownFormat:
    """Return a format of names alone, with a second list beside it if it ``deletes``."""

    def make(_: ListParameters) -> ListFormat:
        from qumulo_changelist.output.tools import NAME_LISTS

        return NAME_LISTS[name]

    def make_reader(_: ListParameters) -> ListReader:
        from qumulo_changelist.output.name_list_reader import NameListReader
        from qumulo_changelist.output.tools import NAME_LISTS

        return NameListReader(NAME_LISTS[name])

    return KnownFormat(
        make,
        make_reader,
        name,
        has_deletions=deletes,
        has_moves=False,
        has_directories=directories,
        has_attributes=False,
        beside=f"{name}-deleted" if deletes and not name.endswith("-deleted") else "",
        covers_deletions=covers,
    )


FORMATS: dict[str, KnownFormat] = {
    "xml": KnownFormat(
        lambda parameters: ScanXml(parameters.source_index, parameters.run_time),
        _make_xml_reader,
        "xml",
    ),
    "ndjson": KnownFormat(_make_ndjson, _make_ndjson_reader, "ndjson"),
    "csv": KnownFormat(_make_csv, _make_csv_reader, "csv"),
    "parquet": KnownFormat(
        _make_parquet, _make_parquet_reader, "parquet", package="pyarrow", extra="parquet"
    ),
    "xml-classic": KnownFormat(
        _make_classic, _make_classic_reader, "xml", has_moves=False, covers_deletions=True
    ),
    "rsync": _names("rsync", directories=True),
    "rsync-deleted": _names("rsync-deleted", directories=True, covers=True),
    "rclone": _names("rclone"),
    "rclone-deleted": _names("rclone-deleted"),
    "tar": _names("tar", deletes=False),
    "null": _names("null"),
    "null-deleted": _names("null-deleted"),
    "restic": _names("restic", deletes=False),
    "borg": _names("borg", deletes=False),
}
"""Every format, by its name."""


def register_format(name: str, known: KnownFormat) -> None:
    """Add a format of a program's own: lists can then be asked for by its name.

    Args:
        name: its name.
        known: how it is written and read, and what it can express.

    Raises:
        UsageError: there is a format of that name.
    """
    if name in FORMATS:
        raise UsageError(f"there is a format {name!r} already")
    FORMATS[name] = known


def selectable_formats() -> tuple[str, ...]:
    """Return the formats that can be asked for: all but those written beside another."""
    beside = {known.beside for known in FORMATS.values()}
    return tuple(name for name in FORMATS if name not in beside)


def formats_of_lists(formats: Iterable[str]) -> tuple[str, ...]:
    """Return the format of each list of a run: of a second list after that of the first.

    A second list is written by every run, empty if no deletions are wanted: whoever deletes what it
    names must never find that of an earlier run, since its names may be there again.

    Args:
        formats: what was asked for.
    """
    lists: list[str] = []
    for name in formats:
        beside = FORMATS[name].beside
        lists += [name, beside] if beside else [name]
    return tuple(lists)


def is_written_beside(name: str) -> bool:
    """Return whether lists of a format are only written beside those of another format."""
    return name not in selectable_formats()


def format_of(path: str) -> str:
    """Return the format of a list without a receipt, by the ending of its path; "" for none."""
    endings = {known.ending: name for name, known in reversed(FORMATS.items())}
    return endings.get(path.rpartition(".")[2], "")


def check_formats(formats: Sequence[str], *, deletes: bool, moves: bool) -> None:
    """Make sure that lists can be written in some formats, and express what is wanted.

    Raises:
        UsageError: one is unknown, or would be the same file as another.
        InexpressibleError: one cannot express what is wanted.
        MissingPackageError: a package is not installed.
    """
    if not formats:
        raise UsageError("a list needs a format")
    endings: dict[str, str] = {}
    for name in formats:
        if name not in selectable_formats():
            known = ", ".join(selectable_formats())
            raise UsageError(f"{name!r} is not a format: there are {known}")
        _check_expresses(name, deletes=deletes, moves=moves)
        ending = FORMATS[name].ending
        if ending in endings:
            both = dict.fromkeys((endings[ending], name))
            raise UsageError(f"two lists of a run cannot be the same file: {' and '.join(both)}")
        endings[ending] = name
        check_package(name)


def _check_expresses(name: str, *, deletes: bool, moves: bool) -> None:
    known = FORMATS[name]
    for is_wanted, is_expressed, what in (
        (deletes, known.has_deletions, "deletions"),
        (moves, known.has_moves, "moves"),
    ):
        if is_wanted and not is_expressed:
            raise InexpressibleError(f"a list in the format {name} cannot express {what}")


def check_package(name: str) -> None:
    """Make sure that the package is installed that a format needs, if any.

    Raises:
        MissingPackageError: it is not.
    """
    known = FORMATS[name]
    if known.package and not find_spec(known.package):
        raise MissingPackageError(
            f"the format {name} needs the package {known.package}, which is not installed",
            hint=how_to_install(known.extra),
        )
