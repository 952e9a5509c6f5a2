"""What the README and the page on the library show is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

import qumulo_changelist
from tests.end_to_end.site import Site
from tests.quick import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DEMO = (REPOSITORY / "docs/demo.md").read_text(encoding="utf-8")
LIBRARY = (REPOSITORY / "docs/reference/library.md").read_text(encoding="utf-8")


def comparable_lines(text: str) -> list[str]:
    """Return the lines that every run of the demonstration prints, without what differs."""
    text = re.sub(r"qumulo-demo-(report-)?\w+", "qumulo-demo-", text)
    text = re.sub(r"\S*/qumulo-demo-", "/tmp/qumulo-demo-", text)
    text = re.sub(r"on port \d+", "on port", text)
    text = re.sub(r"show1-\d{10}-", "show1-", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", "", text)
    text = re.sub(r"\d seconds? old", "old", text)
    text = re.sub(r"file id \d+", "file id", text)
    text = re.sub(
        r'(size="\d+" mode="0x777"  type="F_DIR"|[ma]time="\d+"|(owner|group)="\d+")', "", text
    )
    return sorted(line for line in text.splitlines() if line)


def test_the_demonstration_prints_what_its_page_shows(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", DEMO, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=REPOSITORY,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout
    assert comparable_lines(done.stdout) == comparable_lines(shown)
    (report,) = tmp_path.glob("*/*")
    assert f"# Open it in a browser: {report.as_uri()}\n" in done.stdout
    assert b"A003_C002.mov" in report.read_bytes()


def test_what_the_readme_shows_of_the_demonstration_is_a_part_of_its_page() -> None:
    (shown,) = re.findall(r"make demo\n```.*?```text\n(.*?)```", README, re.DOTALL)
    assert f"\n{shown}" in DEMO
    assert "\n$ qumulo-changelist status\n" in shown


def test_the_python_in_the_library_makes_a_list(own_site: Site) -> None:
    """It runs as it stands, in the folder of the configuration; ``older=1`` is a real snapshot."""
    (code,) = re.findall(r"```python\n(.*?)```", LIBRARY, re.DOTALL)
    project = own_site.mounted("/projects/show1")
    project.mkdir(parents=True)
    own_site.source = "/projects/show1"
    assert own_site.snapshot() == 1
    (project / "A001_C001.mov").write_text("media")

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=own_site.configuration.parent,
        env=own_site.variables(),
        capture_output=True,
        text=True,
    )

    scan_list = own_site.folder / "work" / "sdna-scan-files" / "5f1c9a52" / "1-files.xml"
    assert done.stdout.splitlines() == ["changes: 1", f"{scan_list} 1 True"], done.stderr
    assert b'<file name="/A001_C001.mov" size="5" ' in scan_list.read_bytes()
    assert done.stderr == ""


def test_the_library_describes_everything_that_a_result_has() -> None:
    kind = qumulo_changelist.generate_changelist.__annotations__["return"]
    for name in (*kind.__struct_fields__, "is_complete"):
        assert f"`{name}`" in LIBRARY


def test_the_scripts_print_their_version(site: Site) -> None:
    for script in ("qumulo_create_snap.py", "qumulo_generate_changelist.py"):
        assert site.run(script, "--version").output.startswith(
            f"{script} {qumulo_changelist.__version__}"
        )


def test_the_commands_are_also_installed_by_name() -> None:
    for name in ("qumulo-create-snap", "qumulo-generate-changelist"):
        program = Path(sys.executable).with_name(name)
        done = subprocess.run([program, "--help"], capture_output=True, text=True)
        assert done.stdout.startswith(f"usage: {name}")
