"""What others learn of a run: a notification and metrics, also of a run that fails."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from qumulo_changelist.version import __version__
from tests.end_to_end.files import write_files
from tests.end_to_end.site import GUID, CommandResult, Site
from tests.quick import quick_command

COMMAND = Path(sys.executable).parent / "qumulo-changelist"


class Posts(HTTPServer):
    """A server that accepts everything."""

    received: list[dict[str, object]]


class _Accept(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Posts)
        self.server.received.append(
            json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        )
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def posts() -> Iterator[Posts]:
    with Posts(("127.0.0.1", 0), _Accept) as server:
        server.received = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(site: Site, *arguments: str) -> CommandResult:
    done = subprocess.run(
        [quick_command("qumulo-changelist"), *arguments],
        capture_output=True,
        env=site.variables(),
        cwd=site.folder,
        text=True,
        timeout=120,
    )
    return CommandResult(done.returncode, done.stdout, done.stderr)


def metrics(site: Site) -> dict[str, dict[str, float]]:
    """The values by project and name."""
    found: dict[str, dict[str, float]] = {}
    text = (site.folder / "q.prom").read_text(encoding="utf-8")
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = sample.name.removeprefix("qumulo_changelist_")
            found.setdefault(sample.labels["project"], {})[name] = sample.value
    return found


def test_each_run_is_posted_and_measured_whether_it_succeeds_or_not(
    site: Site, posts: Posts
) -> None:
    site.configure(QumuloTransport="rest")
    write_files(site.mount, "a.mov", "b.mov")
    (site.folder / "projects.toml").write_text(
        f"""
        [defaults]
        notify_url = "http://127.0.0.1:{posts.server_port}/s3cret"
        metrics_file = "{site.folder}/q.prom"
        [projects.good]
        path = "{site.source}"
        guid = "{GUID}"
        [projects.bad]
        path = "{site.source}/missing"
        guid = "{GUID}"
        index = 2
        """
    )
    site.environment["QUMULO_CHANGELIST_PROJECTS"] = str(site.folder / "projects.toml")

    done = run(site, "run", "--all", "--json")
    assert done.code == 66, done.messages

    good, bad = posts.received
    answer = json.loads(done.output)
    printed = answer["projects"]
    assert good.pop("host") == bad.pop("host")
    extra = {"run": answer["run"], "version": __version__, "exit_code": 0}
    assert [good, bad] == [{**printed[0], **extra}, {**printed[1], **extra, "exit_code": 66}]
    measured = metrics(site)
    assert measured["good"]["last_run_files"] == 2
    assert measured["good"]["pending_lists"] == 1
    assert measured["bad"]["last_run_exit_code"] == 66
    assert run(site, "commit", "good").code == 0
    committed = metrics(site)["good"]
    assert committed["pending_lists"] == 0
    assert committed["committed_snapshot_timestamp_seconds"] > 1e9
    shown = run(site, "projects", "list", "--json")
    assert "s3cret" not in shown.output + shown.messages + done.messages


def test_a_report_that_fails_fails_no_run_and_shows_no_secret(site: Site, posts: Posts) -> None:
    site.configure(QumuloTransport="rest")
    port = posts.server_port
    posts.server_close()
    own = ("--project", "show", "--source", site.source, "--guid", GUID)
    reports = ("--notify-url", f"http://127.0.0.1:{port}/s3cret", "--metrics-file", "no/q.prom")

    done = run(site, "run", *own, *reports, "--commit")

    assert done.code == 0, done.messages
    assert f"http://127.0.0.1:{port} could not be notified: Connection refused" in done.messages
    assert "no metrics were written: no/q.prom cannot be written" in done.messages
    assert "s3cret" not in done.messages
    assert not posts.received
    file = site.folder / "wrong.toml"
    file.write_text(f'[projects.show]\npath = "/p"\nguid = "{GUID}"\nnotify_url = "ftp://h/s3cret"')
    wrong = run(site, "projects", "check", "--projects", str(file))
    assert wrong.code == 23
    assert "line 4: notify_url: it has to be a URL" in wrong.messages
    assert "s3cret" not in wrong.messages
    refused = run(site, "run", *own, "--notify-url", "ftp://h/s3cret")
    assert refused.code == 2
    assert "s3cret" not in refused.messages


def test_a_dry_run_reports_nothing(site: Site, posts: Posts) -> None:
    site.configure(QumuloTransport="rest")
    url = f"http://127.0.0.1:{posts.server_port}/"
    own = ("--project", "show", "--source", site.source, "--guid", GUID)

    done = run(site, "run", *own, "--notify-url", url, "--metrics-file", "q.prom", "--dry-run")

    assert done.code == 0, done.messages
    assert not posts.received
    assert not (site.folder / "q.prom").exists()


def test_what_is_on_a_list_is_printed_before_the_command_is_given_it(site: Site) -> None:
    site.configure(QumuloTransport="rest")
    own = ("--project", "show", "--source", site.source, "--guid", GUID)

    done = run(site, "run", *own, "--", "sh", "-c", "echo the archiver is at work")

    assert done.code == 0, done.messages
    full, summary, archiver, committed = done.messages.splitlines()
    assert "FULL LIST" in full
    assert summary.startswith("show: changed: 0 files")
    assert archiver == "the archiver is at work"
    assert committed.startswith(f"{site.source}: committed")


def test_a_run_is_reported_although_its_result_cannot_be_printed(site: Site) -> None:
    site.configure(QumuloTransport="rest")
    own = ("--project", "show", "--source", site.source, "--guid", GUID, "--metrics-file", "q.prom")

    done = subprocess.run(
        ["sh", "-c", 'exec "$0" "$@" >&-', str(COMMAND), "run", *own, "--commit"],
        env=site.variables(),
        cwd=site.folder,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 4, done.stderr
    assert metrics(site)["show"]["pending_lists"] == 0
