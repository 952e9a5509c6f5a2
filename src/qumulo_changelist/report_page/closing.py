"""The end of a page: what it takes to archive the data, and what the report was made from."""

from qumulo_changelist.operations.report.listed import ListReport
from qumulo_changelist.operations.report.making import Report
from qumulo_changelist.report_page.blocks import Block, Cell, Table, shown
from qumulo_changelist.wording import describe_size


def capacity_block(report: Report) -> Block | None:
    """Return the tapes, or the cloud storage, that the data needs; None if sizes are unknown."""
    need = report.capacity
    if not all(one.has_sizes for one in report.lists):
        return None
    rows = [
        [
            Cell(one.cartridge),
            Cell(describe_size(one.capacity_bytes), is_number=True),
            Cell(f"{one.bytes_per_second // 10**6} MB/s", is_number=True),
            Cell(f"{one.tapes:,}", is_number=True),
            Cell(describe_hours(one.hours), is_number=True),
        ]
        for one in need.tapes
    ]
    tables = [
        Table(
            "Tapes for what was written",
            ("Tape", "Holds", "Takes", "Tapes", "Time with one drive"),
            rows,
            "Native capacity and speed, without compression. The time is that of one drive at full "
            "speed: small files, and changing tapes, take longer.",
        )
    ]
    lead = f"{describe_size(need.bytes)} to write."
    if need.moved_bytes:
        lead += (
            f" {describe_size(need.moved_bytes)} were only moved and are not counted; an archive "
            "that does not follow moves writes them, too."
        )
    if need.cloud:
        currency = shown(need.cloud.currency)
        lead += (
            f" In cloud storage at {need.cloud.price_per_tb:g} {currency} a TB, they cost "
            f"{need.cloud.per_month:,.2f} {currency} a month."
        ).replace("  ", " ")
    return Block("capacity", "What it will take", lead, tables=tables)


def describe_hours(hours: float) -> str:
    """Return a duration in words: minutes if it is short, days if it is long."""
    if hours < 1:
        return f"{max(round(hours * 60), 1)} min" if hours else "0 min"
    if hours < 48:
        return f"{hours:.1f} hours"
    return f"{hours / 24:.1f} days"


def about_table(report: ListReport) -> Table:
    """Return what a report was made from."""
    receipt = report.receipt
    rows = [
        ("List", shown(report.list_path)),
        ("Its size and format", f"{describe_size(report.list_size)}, {report.format}"),
        ("Its SHA-256", report.sha256),
        ("Receipt", shown(report.receipt_path) if report.receipt_path else "none"),
    ]
    if report.project:
        rows.append(("Project", shown(report.project)))
    if report.base_path:
        rows.append(("Base path", shown(report.base_path)))
    for name, snapshot in (
        ("Older snapshot", report.older_snapshot),
        ("Newer snapshot", report.newer_snapshot),
    ):
        if snapshot:
            label = f", {shown(snapshot.name)}" if snapshot.name else ""
            taken = f", taken {moment(snapshot.taken)}" if snapshot.taken else ""
            rows.append((name, f"{snapshot.id}{label}{taken}"))
    if receipt:
        rows += [
            ("List made", f"{moment(receipt.started)} to {moment(receipt.ended)}"),
            ("By version", shown(receipt.version)),
            ("Files read from", f"{shown(receipt.metadata)}, over {shown(receipt.transport)}"),
            ("Left out", f"{receipt.left_out.count:,} links, pipes, sockets and devices"),
            ("Proved by the cluster's counts", "yes" if receipt.proof else "no"),
        ]
    cells = [[Cell(name), Cell(value, is_name=True)] for name, value in rows]
    return Table(f"The list of {shown(report.source or report.list_path)}", ("What", ""), cells)


def moment(time: str | None) -> str:
    """Return a time of a receipt as people read it, to the second."""
    return f"{time[:19].replace('T', ' ')} UTC" if time else "unknown"
