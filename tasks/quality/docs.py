"""Data Docs: one page for every delivery that was judged, and an index of them."""

import json
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    expectationSuiteValidationResultSchema,
)
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from tasks.records import Delivery

_BEACON = re.compile(r"<img[^>]*great-expectations-web-assets[^>]*>")
"""Great Expectations' logo is fetched from its maker with the time of rendering."""


@dataclass(frozen=True)
class DataDocs:
    """A folder of pages, `<table>/<partition>-<first 8 of sha256>.html`, under an `index.html`."""

    folder: Path

    def page(self, delivery: Delivery) -> Path:
        """Where the delivery's page is, or would be."""
        name = f"{delivery.partition}-{delivery.sha256[:8]}.html"
        return self.folder / delivery.table / name

    def write(self, delivery: Delivery, page: str) -> Path:
        """Put a page where the delivery's is."""
        path = self.page(delivery)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
        return path

    def list(self) -> None:
        """Write the index: it names every page, so it is written once after many of them."""
        if self.folder.exists():
            (self.folder / "index.html").write_text(self._index(), encoding="utf-8")

    def _index(self) -> str:
        tables = sorted(path for path in self.folder.iterdir() if path.is_dir())
        sections = "".join(_section(table) for table in tables)
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Data docs</title>'
            "<style>body{font:16px system-ui;margin:2rem;max-width:60rem}"
            "li{display:inline-block;margin:0 1rem .3rem 0}</style>"
            f"<h1>Data docs</h1>{sections}</html>\n"
        )


def _section(table: Path) -> str:
    pages = sorted((path.name for path in table.glob("*.html")), reverse=True)
    links = "".join(
        f'<li><a href="{escape(table.name)}/{escape(page)}">{escape(page[:-5])}</a></li>'
        for page in pages
    )
    return f"<h2>{escape(table.name)}</h2><p>{len(pages)} deliveries judged</p><ul>{links}</ul>"


def rendered(result: ExpectationSuiteValidationResult) -> str:
    """A page of what was found, values escaped."""
    # The renderer escapes nothing, and does not know numpy's numbers: plain and escaped before.
    plain = _escaped(json.loads(json.dumps(result.to_json_dict())))
    document = ValidationResultsPageRenderer().render(
        expectationSuiteValidationResultSchema.load(plain)
    )
    return _BEACON.sub("", str(_view().render(document)))


@cache
def _view() -> DefaultJinjaPageView:
    """One for all pages: a new one would compile its templates again, half of a page's time."""
    return DefaultJinjaPageView()


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {escape(str(key)): _escaped(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_escaped(each) for each in value]
    return value
