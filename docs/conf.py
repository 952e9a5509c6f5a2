"""How the pages are built; ``make docs`` does it."""

import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from docs.extension import complete  # noqa: E402
from docs.extension.accessible import mend_pages  # noqa: E402
from docs.extension.library import name_listeners  # noqa: E402
from docs.extension.offline import check_offline  # noqa: E402

from qumulo_changelist.version import __version__  # noqa: E402

project = "qumulo-changelist"
author = "the authors of qumulo-changelist"
copyright = "Apache License 2.0"  # noqa: A001
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["deflist"]
# Headings have the anchors that forges give them, so that a link works here and there.
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
# Only what this project documents has to be found: other projects' pages are on the network.
nitpick_ignore_regex = [(r"py:.*", r"(?!qumulo_).*"), (r"py:.*", r"qumulo_changelist\..*\._.*")]

suppress_warnings = [
    "misc.highlighting_failure",  # DuckDB writes SQL that the highlighter does not know
    "ref.python",  # several values have a field `bytes`, like the type
]

html_theme = "furo"
html_title = f"qumulo-changelist {__version__}"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False


def _complete_page(app: Any, name: str, source: list[str]) -> None:
    source[0] = complete(source[0], Path(app.env.doc2path(name)))


class _FieldDocstrings:
    """Keeps napoleon away from the docstrings of fields, where it takes a colon for a type."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def keep(self, _app: Any, what: str, _name: str, *rest: Any) -> None:
        self._lines = list(rest[-1])

    def restore(self, _app: Any, what: str, _name: str, *rest: Any) -> None:
        if what == "attribute":
            rest[-1][:] = self._lines


def setup(app: Any) -> None:
    """Let pages contain what is made from the code, and nothing of the network."""
    name_listeners()
    fields = _FieldDocstrings()
    app.connect("autodoc-process-docstring", fields.keep, priority=400)
    app.connect("autodoc-process-docstring", fields.restore, priority=600)
    app.connect("source-read", _complete_page)
    app.connect("build-finished", mend_pages)
    app.connect("build-finished", check_offline)
