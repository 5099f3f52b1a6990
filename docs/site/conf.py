# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of Sphinx for the documentation site."""

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

# Diagrams are drawn where Markdown is read as it stands; here their source is shown.
lexers["mermaid"] = TextLexer()

project = "failover.cluster"
author = "failover.cluster contributors"
copyright = author
extensions = ["myst_parser", "sphinx_antsibull_ext"]
myst_heading_anchors = 3
html_theme = "sphinx_ansible_theme"
html_title = "failover.cluster"
html_show_sphinx = False
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
root_doc = "index"
