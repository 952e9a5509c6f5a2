"""README and docs: links lead somewhere, tables agree with the code, and pages need no network."""

import argparse
import functools
import re
from pathlib import Path

import pytest
from docs import picture, tables
from docs.extension import PARTS, complete, imports
from docs.extension.accessible import make_accessible
from docs.extension.command_lines import all_parsers
from docs.extension.fields import field_docstrings
from docs.extension.links import DOCS, REPOSITORY, Link, find_links, rebase
from docs.extension.offline import find_loads

from qumulo_changelist import errors
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.operations.lists.receipt import Receipt
from qumulo_changelist.projects import keys
from qumulo_changelist.projects.file import parse_projects

FILES = [
    *sorted(REPOSITORY.glob("*.md")),
    *(path for path in sorted(DOCS.rglob("*.md")) if "_build" not in path.parts),
    REPOSITORY / "examples/README.md",
    REPOSITORY / "src/qumulo_emulator/README.md",
]
MADE = {name: make for name, make in PARTS.items() if name != "library"}


def path_id(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@functools.cache
def text_of(path: Path) -> str:
    """Return a file, with what is made in it if it is a page."""
    text = path.read_text(encoding="utf-8")
    return complete(text, path) if path.is_relative_to(DOCS) else text


@functools.cache
def anchors_of(path: Path) -> set[str]:
    """Return the anchors of the headings of a file, as a forge makes them."""
    text = re.sub(r"^ *```.*?^ *```[ \t]*$", "", text_of(path), flags=re.DOTALL | re.MULTILINE)
    found: set[str] = set()
    for heading in re.findall(r"^#{1,4} +(.+)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = next(n for n in range(99) if (f"{anchor}-{n}" if n else anchor) not in found)
        found.add(f"{anchor}-{number}" if number else anchor)
    return found


# Promises


def test_every_test_that_a_table_of_promises_names_exists() -> None:
    threats = re.findall(r"`tests/([^`]+)`", text_of(REPOSITORY / "SECURITY.md"))
    faults = re.findall(r"`((?:parts|end_to_end)/[^`]+)`", text_of(DOCS / "reliability.md"))

    assert len(threats) > 40
    assert len(faults) > 60
    for path in {*threats, *faults}:
        assert re.search(r"^(async )?def test_", text_of(REPOSITORY / "tests" / path), re.MULTILINE)


# Links


@pytest.mark.parametrize("path", FILES, ids=path_id)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(path: Path) -> None:
    lost = []
    for link in find_links(path.read_text(encoding="utf-8")):
        target = (path.parent / link.path).resolve() if link.path else path
        has_anchor = not link.anchor or link.anchor in anchors_of(target)
        if not target.exists() or not has_anchor:
            lost.append(link)

    assert lost == []


@pytest.mark.parametrize("path", FILES, ids=path_id)
def test_every_picture_exists(path: Path) -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", path.read_text(encoding="utf-8"))

    assert [one for one in pictures if not (path.parent / one).is_file()] == []


@pytest.mark.parametrize("path", FILES, ids=path_id)
def test_every_link_to_the_network_is_a_whole_url(path: Path) -> None:
    links = re.findall(r"\]\((\w+:[^)]*)\)", path.read_text(encoding="utf-8"))

    assert [link for link in links if not re.fullmatch(r"https://[\w.-]+(/[^\s]*)?", link)] == []


def test_a_link_to_a_file_of_another_folder_leads_to_its_page() -> None:
    text = "See [`x`](docs/design.md#choices), [us](CONTRIBUTING.md), [all](src), <https://a.b>.\n"
    page = DOCS / "how-to" / "page.md"

    shown = rebase(text, REPOSITORY / "README.md", page)

    assert shown == (
        "See [`x`](../design.md#choices), [us](../contributing.md), all, <https://a.b>.\n"
    )


def test_what_is_typed_is_no_link() -> None:
    text = "[a](b.md#c)\n\n```text\n[d](e.md)\n```\n\n[f](https://g.h) ![i](j.png) [k](#l)\n"

    assert list(find_links(text)) == [Link("a", "b.md", "c"), Link("k", "", "l")]


# What is made from the code


@pytest.mark.parametrize("parser", all_parsers().values(), ids=all_parsers())
def test_every_option_says_what_it_means(parser: argparse.ArgumentParser) -> None:
    assert [action.dest for action in parser._actions if not action.help] == []


@pytest.mark.parametrize(
    ("part", "program"),
    [("commands", "qumulo-c"), ("known commands", "qumulo_"), ("emulator options", "qumulo-e")],
)
def test_the_reference_has_every_option_of_every_command(part: str, program: str) -> None:
    made = PARTS[part]()

    for name, parser in all_parsers().items():
        if name.startswith(program):
            assert f"\n{name}" in made
            for option in re.findall(
                r"^  (?:-\w, )?(--[\w-]+)", parser.format_help(), re.MULTILINE
            ):
                assert re.search(rf"^(`[^`]+`, )*`{option}\b", made, re.MULTILINE) or option in (
                    "--help"
                )


def test_the_reference_shows_nothing_of_the_machine_that_makes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {name: make() for name, make in MADE.items()}
    for name in ("QUMULO_CHANGELIST_CONFIG", "QUMULO_CHANGELIST_PROJECTS", "HOME", "COLUMNS"):
        monkeypatch.setenv(name, "37")

    assert {name: make() for name, make in MADE.items()} == before
    assert "/root/" not in "".join(before.values())


def test_every_key_of_projects_toml_is_explained() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (.+?) \| .*? \| (.+) \|$", PARTS["keys of projects.toml"](), re.MULTILINE
    )

    assert {name for name, _, _ in rows} == set(keys.PROJECT_KEYS)
    assert not any("object at" in value for _, value, _ in rows)


def test_the_tables_of_what_is_stored_have_every_field() -> None:
    receipt, journal = PARTS["receipt"](), PARTS["journal"]()

    for name in Receipt.__struct_encode_fields__:
        assert f"| `{name}` |" in receipt
    for name in (*Run.__struct_fields__, *(state.value for state in RunState)):
        assert f"| `{name}` |" in journal


def test_the_docstring_of_a_field_is_the_text_after_it() -> None:
    assert field_docstrings(Run)["newer"] == "The id of the newer snapshot; null if unknown."
    assert field_docstrings(Run)["started"] == ""


def test_the_table_of_imports_shows_the_arrows_of_the_picture_and_no_circle() -> None:
    header, _, *rows = imports.draw_matrix().splitlines()[2:]
    columns = [cell.strip(" `") for cell in header.split("|")[2:-1]]
    shown = {
        (cells[1].strip(" `"), to): cell.strip()
        for cells in (row.split("|") for row in rows)
        for to, cell in zip(columns, cells[2:-1], strict=True)
        if cell.strip()
    }

    arrows = picture.arrows(picture.read_modules())
    assert shown == {arrow: "○" if is_role else "●" for arrow, is_role in arrows.items()}
    order = [columns.index(part) for part, _ in shown if part in columns]
    assert order == sorted(order)
    assert all(part not in columns[columns.index(to) :] for part, to in shown)


# What is written by hand


def test_the_page_on_configuration_names_every_key() -> None:
    page = (DOCS / "reference/configuration.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \| (?:required|default|only)", page, re.MULTILINE)

    source = (REPOSITORY / "src/qumulo_changelist/config/keys.py").read_text(encoding="utf-8")
    assert sorted(named) == sorted(set(re.findall(r'"(Qumulo\w+|FastScan\w+)"', source)))


@pytest.mark.parametrize("page", tables.TABLES, ids=lambda page: page.name)
def test_a_table_that_is_made_from_the_code_is_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text == tables.embed(text, tables.TABLES[page]())


def test_the_page_on_exit_codes_names_every_one() -> None:
    page = (DOCS / "reference/exit-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d, ]+) \|", page, re.MULTILINE)
    named = {int(code) for row in rows for code in row.split(",")}

    kinds = [kind for kind in vars(errors).values() if hasattr(kind, "exit_code")]
    assert {kind.exit_code for kind in kinds} | {0, 1, 129, 130, 143} == named


@pytest.mark.parametrize("path", FILES, ids=path_id)
def test_examples_can_be_copied(path: Path) -> None:
    """What is in TOML defines projects without a problem, and what is in Python can be parsed."""
    text = path.read_text(encoding="utf-8")
    for language, block in re.findall(
        r"^```(toml|python)\n(.*?)^```", text, re.DOTALL | re.MULTILINE
    ):
        if language == "python":
            compile(block, path, "exec")
        elif "[projects." in block:
            projects, problems = parse_projects(block, str(path))
            assert projects
            assert problems == []


# The built pages


@pytest.mark.parametrize(
    "text",
    [
        '<script async src="https://cdn.example/x.js"></script>',
        "<link rel=stylesheet href='//cdn.example/x.css'>",
        '<link href="https://fonts.example" rel="preconnect">',
        "@import 'https://fonts.example/css';",
        "@font-face { src: url(https://fonts.example/x.woff2) }",
        '<img alt="" src="http://example.com/x.png">',
    ],
)
def test_a_page_that_would_load_from_the_network_is_found(text: str) -> None:
    assert find_loads(text)


def test_a_link_that_one_may_follow_is_no_load() -> None:
    text = '<a href="https://example.com">x</a><img src="x.png"><link rel="next" href="x.html">'

    assert find_loads(text) == []


def test_what_scrolls_is_reached_by_the_keyboard_and_headings_have_a_level() -> None:
    page = (
        '<p class="caption" role="heading"><span>Begin</span></p>'
        '<div class="highlight"><pre>x</pre></div><div class="table-wrapper docutils">'
    )

    assert make_accessible(page) == (
        '<p class="caption" role="heading" aria-level="2"><span>Begin</span></p>'
        '<div class="highlight"><pre tabindex="0">x</pre></div>'
        '<div tabindex="0" class="table-wrapper docutils">'
    )


def test_what_the_program_needs_is_installed_where_pages_are_built() -> None:
    """Pages import the code, so a new dependency goes into requirements-docs.txt, too."""
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    pinned = (REPOSITORY / "requirements-docs.txt").read_text(encoding="utf-8")

    (needed,) = re.findall(r"^dependencies = \[\n(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    names = set(re.findall(r'^    "([\w-]+)', needed, re.MULTILINE))
    assert len(names) > 5
    assert names <= set(re.findall(r"^([\w-]+)==", pinned, re.MULTILINE))
