"""A browser, a simulated box behind a wire that can be cut, and what is asked of every screen."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PATIENCE = 120.0  # seconds; what is waited for comes in one or two, unless the machine is busy

PHONE, SMALL, DESKTOP = (390, 844), (320, 568), (1280, 800)


def free_port() -> int:
    """A port that the system chose."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def until_open(port: int) -> None:
    """Wait until somebody listens on a port."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on port {port}")


class Wire:
    """Passes bytes on to a port of this machine, until it is cut.

    Its own name in them becomes that of the port: the box answers to no other.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listening.getsockname()[1])
        self._names = f"127.0.0.1:{self.port}".encode(), f"127.0.0.1:{target}".encode()
        self._is_cut = False
        self._ends: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break off what runs, and let nothing through."""
        self._is_cut = True
        for end in list(self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let through again."""
        self._is_cut = False

    def close(self) -> None:
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listening.accept()
                threading.Thread(target=self._pass_on, args=(caller,), daemon=True).start()

    def _pass_on(self, caller: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as ends:
            ends.enter_context(caller)
            if self._is_cut:
                return
            called = ends.enter_context(socket.create_connection(("127.0.0.1", self._target)))
            both = {caller: called, called: caller}
            self._ends |= both.keys()
            ends.callback(self._ends.difference_update, both)
            while True:
                for end in select.select(list(both), [], [])[0]:
                    content = end.recv(1 << 16)
                    if not content:
                        return
                    if end is caller:
                        content = content.replace(*self._names)
                    both[end].sendall(content)


class Demo:
    """`pi-reader demo --web` with its own state folder; code: the one that it printed last."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state = state
        self.port = free_port()
        command = [sys.executable, "-m", "pi_reader", "demo", "--web", "--no-open"]
        command += ["--port", str(self.port), "--state", str(state), *options]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []
        self._codes: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self.code = self.next_code()
        except AssertionError:
            self._end()
            raise
        self.wire = Wire(self.port)
        self.url = f"http://127.0.0.1:{self.wire.port}/"

    def next_code(self) -> str:
        """The next code that it prints, however busy the machine is, as long as the demo lives."""
        end = time.monotonic() + 3 * PATIENCE
        while time.monotonic() < end:
            is_over = self._process.poll() is not None  # before the look: its last word counts
            with contextlib.suppress(queue.Empty):
                return self._codes.get(timeout=0.5)
            if is_over:
                break
        raise AssertionError("no code came:\n" + "\n".join(self.lines[-20:]))

    def new_code(self) -> str:
        """A code that is asked for at the box itself, locked or not."""
        command = [sys.executable, "-m", "pi_reader", "web", "code", "--state", str(self.state)]
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE).stdout
        found = re.search(r"\b([0-9]{6})\b", said)
        assert found, said
        return found[1]

    def close(self) -> None:
        self.wire.close()
        self._end()

    def _end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError):  # closed at the end
            for line in self._process.stdout:
                self.lines.append(line.rstrip())
                if found := re.search(r"the code is ([0-9]{6})", line):
                    self._codes.put(found[1])


class Browser:
    """Chromium without a window."""

    def __init__(self, url: str) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        options.page_load_strategy = "eager"
        for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
            options.add_argument(f"--{flag}")
        options.add_experimental_option("prefs", {"intl.accept_languages": "en-GB"})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(
            options=options, service=Service(str(DRIVER), log_output=os.devnull)
        )
        self.driver.set_script_timeout(PATIENCE)
        self.url = url
        self.resize(PHONE)

    def close(self) -> None:
        self.driver.quit()

    # Going about

    def command(self, name: str, **values: Any) -> Any:
        """One of the browser's own commands (DevTools)."""
        return self.driver.execute_cdp_cmd(name, values)

    def resize(self, size: tuple[int, int], dark: bool = False) -> None:
        """Be a phone or a desktop, in the light or in the dark."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=size[0], height=size[1], deviceScaleFactor=1, mobile=size[0] < 700,
        )  # fmt: skip
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.command("Emulation.setEmulatedMedia", features=[theme, calm])

    def open(self, fragment: str = "#/now", language: str = "en", led: bool = True) -> None:
        """Come anew, as one who was led through the first visit, or was not."""
        self.driver.get(f"{self.url}api/1/session")  # of the same origin, and quick
        self.run(
            "localStorage.clear(); localStorage.language = arguments[0];"
            "if (arguments[1]) localStorage.led = '1'",
            language, led,
        )  # fmt: skip
        self.driver.get(f"{self.url}{fragment}")

    def go(self, screen: str) -> None:
        """Another screen, without coming anew."""
        self.run("location.hash = '#/' + arguments[0]", screen)

    def forget(self) -> None:
        """Be a browser that was never here."""
        self.command("Network.clearBrowserCookies")
        self.command("Network.clearBrowserCache")

    def run(self, script: str, *values: Any) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *values)

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
        """Ask the box as the page would: {status, body, etag}."""
        return self.driver.execute_async_script(
            """const [path, method, body, headers, done] = arguments;
            fetch("/api/1/" + path, {method, headers, body: body === null ? undefined : body})
                .then(async (answer) => done({status: answer.status, etag:
                    answer.headers.get("ETag"), body: await answer.json().catch(() => null)}))
                .catch((error) => done({status: 0, body: String(error)}));""",
            path, method, None if body is None else json.dumps(body),
            headers | ({} if body is None else {"Content-Type": "application/json"}),
        )  # fmt: skip

    # Looking

    def wait(self, what: str, script: str, *values: Any, seconds: float = PATIENCE) -> Any:
        """Wait until a script returns something; what: that is waited for, in words."""
        return self.until(what, lambda: self.run(script, *values), seconds)

    def until(self, what: str, get: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Ask again and again until there is something; what: that, in words."""
        from selenium.common.exceptions import StaleElementReferenceException

        end = time.monotonic() + seconds
        while True:
            # What is told may draw the page anew between a look and the next.
            with contextlib.suppress(StaleElementReferenceException):
                if found := get():
                    return found
            if time.monotonic() > end:
                seen = self.run("return document.body.innerText")
                raise AssertionError(f"{what} did not come within {seconds} s; seen:\n{seen}")
            time.sleep(0.05)

    def see(self, selector: str, text: str = "", seconds: float = PATIENCE) -> Any:
        """The first visible element that a selector names and that has this text."""
        return self.wait(
            f"{selector} {text!r}",
            """return [...document.querySelectorAll(arguments[0])].find((each) =>
                each.checkVisibility() && each.getAttribute("aria-disabled") !== "true"
                && each.textContent.includes(arguments[1]))""",
            selector, text, seconds=seconds,
        )  # fmt: skip

    def read(self, selector: str, text: str = "") -> str:
        """The words of the first of those."""
        return str(self.until("words", lambda: self.see(selector, text).text))

    def press(self, selector: str, text: str = "") -> None:
        """Tap the first of those, as a finger would: what covers it for good is an error."""
        from selenium.common.exceptions import ElementClickInterceptedException

        def tap() -> bool:
            found = self.see(selector, text)
            self.run("arguments[0].scrollIntoView({block: 'center'})", found)
            with contextlib.suppress(ElementClickInterceptedException):  # a note that goes by
                found.click()
                return True
            return False

        self.until(f"a tap on {selector} {text!r}", tap)

    def fill(self, selector: str, words: str) -> None:
        """Write into the first of those."""

        def write() -> bool:
            field = self.see(selector)
            field.clear()
            field.send_keys(words)
            return True

        self.until(f"words in {selector}", write)

    def type(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self) -> str:
        """What the keyboard is at: its words."""
        return str(
            self.run(
                "const e = document.activeElement; return e.getAttribute('aria-label')"
                " || e.innerText || e.id || e.tagName"
            )
        )

    def complaints(self) -> list[str]:
        """What the console said since it was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def faults(self) -> list[str]:
        """What is wrong with the page as it is: for eyes, ears and fingers."""
        found = self.run(CHECKS)
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        return [*found, *_nameless(nodes), *self._axe()]

    def _axe(self) -> list[str]:
        """What axe-core finds serious, where PI_READER_AXE names its file (npm pack axe-core)."""
        path = os.environ.get("PI_READER_AXE")
        if not path:
            return []
        self.command("Runtime.evaluate", expression=Path(path).read_text())  # past the page's CSP
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then((result) => done(result.violations))"
        )
        return [
            f"{one['id']}: {node['html'][:120]}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]


ROLES = {
    "button", "link", "textbox", "checkbox", "combobox", "spinbutton", "img", "image",
    "dialog", "progressbar", "meter", "navigation", "Date", "InputTime",
}  # fmt: skip


def _nameless(nodes: list[dict[str, Any]]) -> list[str]:
    """What has no name for those who hear the page."""
    return [
        f"has no name: {node['role']['value']} {node.get('properties')}"
        for node in nodes
        if not node.get("ignored")
        and node["role"]["value"] in ROLES
        and not node.get("name", {}).get("value")
    ]


CHECKS = r"""
const faults = [];
const root = document.querySelector("dialog[open]") ?? document.body;
if (document.documentElement.scrollWidth > innerWidth)
  faults.push(`scrolls sideways: ${document.documentElement.scrollWidth} of ${innerWidth}`);
if (!/^(en|de)$/.test(document.documentElement.lang)) faults.push("has no language");
if (document.querySelectorAll("h1").length !== 1) faults.push("should have one h1");
if (document.querySelectorAll("main").length !== 1) faults.push("should have one main part");
let level = root === document.body ? 0 : 1;
for (const heading of root.querySelectorAll("h1, h2, h3, h4")) {
  if (!heading.checkVisibility() || (root === document.body && heading.closest("dialog"))) continue;
  const next = Number(heading.tagName[1]);
  if (next > level + 1) faults.push(`skips a level: ${heading.outerHTML.slice(0, 80)}`);
  level = next;
}
const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
for (const id of ids) if (ids.filter((each) => each === id).length > 1) faults.push(`twice: ${id}`);
for (const name of ["aria-labelledby", "aria-describedby", "for"])
  for (const each of document.querySelectorAll(`[${name}]`))
    for (const id of each.getAttribute(name).split(" "))
      if (!ids.includes(id)) faults.push(`${name}: there is no ${id}`);
for (const each of document.querySelectorAll("img"))
  if (!each.hasAttribute("alt")) faults.push(`no alt: ${each.outerHTML.slice(0, 80)}`);
for (const each of document.querySelectorAll("[aria-hidden=true] :is(a, button, input)"))
  if (each.tabIndex >= 0) faults.push(`hidden, yet reached: ${each.outerHTML.slice(0, 80)}`);

const LINES = "p > a, li > a";  // within a text a link may be low
const REACHED = "a, button, input, select, summary, [tabindex='0']";
for (const each of root.querySelectorAll(REACHED)) {
  const box = each.getBoundingClientRect();
  if (!each.checkVisibility() || !box.width || each.matches(".skip, .mark, " + LINES)) continue;
  if (box.width < 24 || box.height < 24)
    faults.push(`small: ${box.width}x${box.height} ${each.outerHTML.slice(0, 80)}`);
}

const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
function rgba(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}
const over = (top, below) => below.map((each, at) =>
  at === 3 ? 255 : top[at] * top[3] / 255 + each * (1 - top[3] / 255));
function ground(element) {
  if (!element) return rgba(getComputedStyle(document.body).backgroundColor);
  const own = rgba(getComputedStyle(element).backgroundColor);
  return own[3] === 255 ? own : over(own, ground(element.parentElement));
}
function light(colour) {
  const [r, g, b] = colour.map((each) => {
    const share = each / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
const said = new Set();
const APART = ".hidden, .skip, .mark, .region, noscript, option, [aria-disabled=true]";
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || element.closest(APART)) continue;
  if (!element.checkVisibility({visibilityProperty: true})) continue;
  const style = getComputedStyle(element);
  const behind = ground(element);
  const ink = over(rgba(element instanceof SVGElement ? style.fill : style.color), behind);
  const [high, low] = [light(ink), light(behind)].sort((a, b) => b - a);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 600);
  const least = isLarge ? 3 : 4.5;
  const ratio = (high + 0.05) / (low + 0.05);
  const line = `pale: ${ratio.toFixed(2)} of ${least} ${element.outerHTML.slice(0, 80)}`;
  if (ratio < least && !said.has(line)) faults.push(line);
  said.add(line);
}
return faults;
"""
