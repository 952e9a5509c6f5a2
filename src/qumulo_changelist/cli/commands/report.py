"""``qumulo-changelist report``: a page to look at of what a list contains."""

import argparse
import os
from typing import TYPE_CHECKING

from qumulo_changelist.cli import arguments, common
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.errors import UsageError
from qumulo_changelist.names import to_bytes, to_text

if TYPE_CHECKING:
    from qumulo_changelist.operations.report.making import Report

DESCRIPTION = """\
Write a report of a list as one HTML file, which needs no network: what changed and where, what was
deleted and moved, what could not be read, how it compares with earlier runs, and the tapes or the
cloud storage that it takes.

What is reported is the last list of each source of a project, a list, or the list of a receipt;
without a name, the project that ran last. It is read again, and no cluster is asked.
"""
EXAMPLES = """\
  qumulo-changelist report show1
  qumulo-changelist report show1 --output /srv/reports/show1.html --price-per-tb "21 USD"
  qumulo-changelist report /tmp/sdna-scan-files/5f1c9a52/1-files.xml
  qumulo-changelist report show1 --terminal
"""

_NO_LIST = "`qumulo-changelist run PROJECT` makes one; or name the file of a list."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    parser.add_argument(
        "target", metavar="PROJECT|RECEIPT|LIST", nargs="?", default="", type=arguments.path,
        help="what to report (default: the project that ran last)",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=arguments.path,
        help="the page (default: NAME-report.html in this folder)",
    )  # fmt: skip
    parser.add_argument(
        "--terminal", action="store_true", help="print the same facts as text, and write no page"
    )
    parser.add_argument(
        "--price-per-tb", metavar="PRICE", type=arguments.price, dest="price",
        help='what a TB (10^12 bytes) of cloud storage costs a month, such as "21 USD"',
    )  # fmt: skip
    common.add_state_option(parser.add_argument_group("projects"))
    common.add_output_options(parser)


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Write or print the report, and return the exit code."""
    from qumulo_changelist.operations.report.making import make_report

    is_text = options.terminal or options.json
    if is_text and options.output is not None:
        raise UsageError("--output is for a page, and --terminal and --json write none")
    if not is_text:
        _check(options.output or "report.html")
    try:
        report = make_report(
            options.target, price=options.price, state=options.state or "", listener=screen
        )
    except UsageError as error:
        error.hint = error.hint or _NO_LIST
        error.project = options.target
        raise
    if options.json:
        from qumulo_changelist.cli.report_json import describe_report as describe

        print_answer(describe(report), "", as_json=True)
    elif options.terminal:
        from qumulo_changelist.cli.report_words import describe_report

        print_answer({}, describe_report(report), as_json=False, is_styled=True)
    else:
        _write(report, options.output or _file_name(report))
    return 0


def _check(path: str) -> None:
    from qumulo_changelist.report_page.file import check_page

    check_page(path)


def _write(report: "Report", path: str) -> None:
    from qumulo_changelist.report_page.file import write_page

    write_page(report, path)
    print_answer(
        {}, to_text(os.fsencode(os.path.abspath(os.fsdecode(to_bytes(path))))), as_json=False
    )


def _file_name(report: "Report") -> str:
    name = report.name.replace("/", "-").replace(", ", "-")
    return f"{name[:100].lstrip('.') or 'list'}-report.html"
