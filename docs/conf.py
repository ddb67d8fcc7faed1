"""The site: ``sphinx-build -W docs build/site``, or ``python tools/site.py`` for the same with links checked.

Pages of the reference and of the venues are written from the package before Sphinx reads the folder. Market files are
looked for in ``SHORTGAMMA_MARKET``; without them pages run on the simulated market, and say so.
"""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
# kernels of the notebooks find the helpers of the pages
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH", "")]))
os.environ.setdefault("SHORTGAMMA_MARKET", str(HERE.resolve().parents[1] / "shared" / "market"))

from _pages import write_reference, write_schemas, write_venues  # noqa: E402

import shortgamma  # noqa: E402

warnings.filterwarnings("ignore", category=shortgamma.PlausibilityWarning)
write_reference(HERE / "reference" / "families")
write_venues(HERE / "venues" / "pages")
write_schemas(HERE / "_static" / "schemas")

project = "shortgamma"
author = "The shortgamma developers"
copyright = f"2026, {author}"
version = release = shortgamma.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = [
    "_build", "gallery/*", "sg_execution_times.rst", "gallery_pages/sg_execution_times.rst",
    *(f"gallery_pages/*.{ending}" for ending in ("ipynb", "py", "json", "md5", "zip", "codeobj.json")),
]  # fmt: skip
root_doc = "index"
default_role = "py:obj"
templates_path = ["_templates"]

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "auto"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True

sphinx_gallery_conf = {
    "examples_dirs": ["gallery"],
    "gallery_dirs": ["gallery_pages"],
    "filename_pattern": r"/.*\.py",
    "ignore_pattern": r"__init__\.py",
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "plot_gallery": True,
    "image_scrapers": ("_pages.figures",),
    "within_subsection_order": "FileNameSortKey",
    "copyfile_regex": r"",
}
suppress_warnings = ["config.cache", "mystnb.unknown_mime_type"]

html_theme = "pydata_sphinx_theme"
html_title = "shortgamma"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_nav_level": 1,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "header_links_before_dropdown": 6,
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "changelog": [], "citing": []}
