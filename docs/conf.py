"""How Sphinx makes the documentation a site, and the manual pages: ``nox -s docs``, without a network."""

project = "rim-router"
author = "the maintainers of rim-router"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["_build"]

# Links as GitHub has them: to files, and to headings by their text.
myst_heading_anchors = 4
# Consoles and tables whose first line says more than the language.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "rim-router"
html_copy_source = False
html_static_path = ["_static"]
# So that the search finds an error by a line that is pasted from a terminal.
html_js_files = ["search.js"]
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}

man_pages = [
    ("reference", "rim-router", "routes each of pip's packages to one index", [author], 1),
    ("how-to", "rim-router-how-to", "what to do with rim-router", [author], 7),
]
