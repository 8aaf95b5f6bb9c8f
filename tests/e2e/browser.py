"""The Prefect UI in a headless Chromium, as a person uses it: fields by their labels."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

OUTPUTS = Path(__file__).parents[2] / "test-outputs" / "ui"
"""Screenshots, for people to look at; not in git."""


@dataclass(frozen=True)
class Form:
    """A form of the UI, on a page or in a box over it."""

    page: Page

    def field(self, label: str) -> Locator:
        """The field under a label, which may go on with `(Optional)`."""
        named = re.compile(rf"^\s*{re.escape(label)}(\s|$)")
        labels = self.page.locator(".schema-form-property__label", has_text=named)
        return self.page.locator(".schema-form-property").filter(has=labels).last

    def fill(self, label: str, text: str) -> None:
        """Type into a field."""
        self.field(label).locator("textarea, input").first.fill(text)

    def choose(self, label: str, option: str) -> None:
        """Open a dropdown by keyboard, which a click would open and close, and pick."""
        self.field(label).locator("button.p-select-button__control").focus()
        self.page.keyboard.press("ArrowDown")
        self.page.locator(".p-pop-over-content").get_by_text(option, exact=True).last.click()

    def give(self, label: str, text: str) -> None:
        """Say that an optional value is given, which is the first of its kinds, and type it."""
        self.field(label).locator(".p-button-group button").first.click()
        self.fill(label, text)

    def submit(self) -> None:
        """Press the last button that says so: the one in front."""
        self.page.get_by_role("button", name="Submit", exact=True).last.click()


@dataclass(frozen=True)
class Browser:
    """A page, and where its screenshots go."""

    page: Page
    address: str

    def opened(self, path: str) -> Form:
        """The form at a path."""
        self.page.goto(f"{self.address}{path}")
        return Form(self.page)

    def sees(self, text: str) -> None:
        """Wait until a text is there to be seen."""
        self.page.get_by_text(text).first.wait_for()

    def shot(self, name: str) -> None:
        """Keep what is to be seen."""
        self.page.screenshot(path=OUTPUTS / f"{name}.png")


@contextmanager
def browser(address: str) -> Iterator[Browser]:
    """A browser on a server of ours, closed in the end; patient, as the machine is small."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1280, "height": 1500})
        page.set_default_timeout(90_000)
        yield Browser(page, address)
        chromium.close()


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise FileNotFoundError("no Chromium: apt-get install chromium")
    return found
