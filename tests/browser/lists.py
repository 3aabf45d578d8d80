"""What a list looks like on the screen of a laptop."""

from __future__ import annotations

from playwright.sync_api import Page

from stateset.lib.admin import theme

LINE = 40
# Rows of several lines, but those with a text that is to be read whole.
FAULTS = """height => {
  const list = document.querySelector("#result_list");
  if (!list) return [];
  const found = [...list.querySelectorAll("tr.data-row:not(:has(.ss-text))")]
    .filter(row => row.getBoundingClientRect().height > height)
    .map(row => "more than a line: " + row.innerText.replace(/\\s+/g, " "));
  const over = list.scrollWidth - list.parentElement.clientWidth;
  return over > 0 ? [...found, `too wide by ${over}`] : found;
}"""


def faults(page: Page) -> list[str]:
    """Return each row of the shown list that breaks into lines, and a list too wide."""
    return list(page.evaluate(FAULTS, LINE)) if theme.IS_THEMED else []
