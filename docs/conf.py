"""How the pages are built: see docs/README.md. Nothing is fetched, in the build or by a page that is read."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import matplotlib as mpl

import sipakit

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
mpl.use("agg")

project = "sipakit"
author = "sipakit developers"
project_copyright = author
version = release = sipakit.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "formulas",
    "house_docstrings",
    "listed",
    "markdown",
    "shown",
]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["_build", "README.md", "gallery/**/*.ipynb", "gallery/**/*.py", "gallery/**/*.md5"]
templates_path = ["_templates"]
default_role = "py:obj"  # `Shapley` in a docstring is a link
smartquotes = False  # quotes in docstrings are Python's
nitpicky = False  # single backticks also name parameters, which are no links

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings tell types and shapes
numpydoc_show_class_members = False  # the templates choose
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"__init__|network" if find_spec("torch") is None else r"__init__",
    "image_scrapers": ("scraper",),  # docs/_ext/scraper.py
    "ignore_repr_types": r"Display",
    "reset_modules": (),  # nothing of ours touches pyplot
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "min_reported_time": 1000,
    "plot_gallery": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "remove_config_comments": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "sipakit"
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_copy_source = False
html_show_sourcelink = False
html_sidebars = {"idea": [], "getting-started": [], "coming-from": [], "caveats": [], "choose": []}
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
