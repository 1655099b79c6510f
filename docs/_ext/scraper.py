"""Pictures of the gallery: `Display` objects of sipakit, which know nothing of pyplot."""

from __future__ import annotations

from typing import Any

from sphinx_gallery.scrapers import figure_rst

from sipakit.plots import Display


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the pictures that a block has made, and return how the page shows them."""
    names = block_vars["example_globals"]
    seen = block_vars.setdefault("displays_seen", [])
    found = [value for value in names.values() if isinstance(value, Display)]
    new = {id(one): one for one in found if not any(one is old for old in seen)}
    paths = []
    for display, path in zip(new.values(), block_vars["image_path_iterator"], strict=False):
        display.save(path, dpi=110)
        paths.append(path)
        seen.append(display)
    return figure_rst(paths, gallery_conf["src_dir"], " ".join(f"{one.title}." for one in new.values()))


def _get_sg_image_scraper() -> Any:
    """Return the scraper; sphinx-gallery asks a module for it by this name."""
    return scrape
