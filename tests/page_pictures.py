"""Makes the guide's pictures of the page: `python tests/page_pictures.py` beside the tests.

Needs chromium, chromium-driver and selenium, as test_web_page.py does.
"""

from __future__ import annotations

import io
import math
import sys
import tempfile
import time
from pathlib import Path

from page_browser import DESKTOP, PHONE, Browser, Demo
from PIL import Image

from pi_reader.config import find_folders
from pi_reader.history import History

FOLDER = Path(__file__).resolve().parents[1] / "pi_reader" / "web"
COLOURS = 160  # of a picture: a third of the bytes, and hardly to be seen
GAP = 24  # pixels between two phones
SEED, NAME = "12", "pi-reader-7f3a"


def seen(browser: Browser) -> Image.Image:
    """What the browser shows."""
    browser.run("document.querySelector('header .name').textContent = arguments[0]", NAME)
    time.sleep(0.7)  # pictures and notes come to rest
    return Image.open(io.BytesIO(browser.driver.get_screenshot_as_png())).convert("RGB")


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """Pictures of one height beside each other."""
    width = sum(each.width for each in pictures) + GAP * (len(pictures) - 1)
    sheet = Image.new("RGB", (width, pictures[0].height), "white")
    left = 0
    for each in pictures:
        sheet.paste(each, (left, 0))
        left += each.width + GAP
    return sheet


def save(picture: Image.Image, name: str) -> None:
    """Write a picture, small."""
    few = picture.quantize(COLOURS, kmeans=2, dither=Image.Dither.NONE)
    few.save(FOLDER / name, optimize=True)
    print(f"{FOLDER / name}: {(FOLDER / name).stat().st_size / 1024:.0f} KB")


def remember(state: Path) -> None:
    """A day of a thermometer, as a box would have read it."""
    with History(find_folders(state).history) as history:
        for number in range(48):
            celsius = 21.0 + 2.6 * math.sin((number - 14) / 8) + 0.15 * (number % 3)
            when = time.time() - 1800 * (48 - number)
            history.add(f"{celsius:.1f}", number % 11 > 0, 0.97 - 0.004 * (number % 9), "", when)


def main() -> None:
    """Make them all."""
    with tempfile.TemporaryDirectory() as state:
        remember(Path(state))
        demo = Demo(Path(state), "--seed", SEED, "--difficulty", "0.35", "--stay", "20")
        browser = Browser(demo.url)
        try:
            browser.open(f"#code={demo.code}")
            for _ in range(3):  # pages, whose digits are taught as they were read
                browser.see(".digit")
                reading = browser.until("a reading", lambda: browser.ask("reading")["body"])
                browser.until(
                    "a number for it", lambda: browser.ask("reading")["body"]["event"] is not None
                )
                now = browser.ask("reading")["body"]
                text = "".join(letter for letter in now["text"] if letter in "0123456789?")
                browser.ask(f"readings/{now['event']}/labels", "POST", {"label": text})
                browser.until(
                    "another page",
                    lambda was=reading["event"]: (
                        browser.ask("reading")["body"]["event"] not in (None, was)
                    ),
                    60,
                )
            browser.see(".digit")
            phones = [seen(browser)]
            browser.press(".digit")
            phones.append(seen(browser))
            browser.press("dialog button", "Cancel")
            browser.go("learning")
            browser.see(".sheet img")
            phones.append(seen(browser))
            save(side_by_side(phones), "phone.png")
            browser.resize(DESKTOP, dark=True)
            browser.go("history")
            browser.see(".chart")
            save(seen(browser), "desktop.png")
            browser.resize(PHONE)
        finally:
            browser.close()
            demo.close()


if __name__ == "__main__":
    sys.exit(main())
