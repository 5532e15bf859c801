"""How Sphinx builds these pages; docs/index.md says with which command."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[1]

project = "Firn"
author = "the Firn maintainers"
copyright = author
release = version = re.search(r"^project\(firn VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]

extensions = ["myst_parser"]
root_doc = "index"
exclude_patterns = ["_build", "plan.md"]
nitpicky = True

html_theme = "furo"
html_title = f"Firn {release}"
html_copy_source = False
html_show_sphinx = False

man_pages = [
    ("commands", "firn", "Apache Iceberg REST catalog", author, 1),
    ("configuration", "firn.conf", "configuration of firn", author, 5),
    ("errors", "firn-errors", "errors that firn answers", author, 7),
    ("operations", "firn-operations", "running firn in production", author, 7),
]
