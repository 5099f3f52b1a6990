# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the page with a real Chromium: pictures, errors of the console, accessibility, speed.

It runs in an environment of its own (requirements-see.txt). It reads {"urls": ..., "to": directory}
and prints rows. "begin" on its output asks for the play of the scene "live".
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
USABLE_S, WAIT_S = 0.5, 240.0
ROUNDS = 3
"""A measurement is taken again if it was too long: another program may have had the processor."""
STOPS = "'a, summary, [tabindex=\"0\"]'"
SAME = ("nodes", "links", "fencing", "availability", "outages")
Row = dict[str, Any]
VIEWS: dict[str, tuple[str, dict[str, Any]]] = {
    "normal": ("normal", {}),
    "during-a-failover": ("takeover", {}),
    "blocked": ("blocked", {}),
    "after-a-failover": ("failover", {}),
    "explained": ("failover", {}),
    "moving": ("moving", {}),
    "degraded": ("degraded", {}),
    "daemon-down": ("down", {}),
    "large": ("large", {}),
    "three-nodes": ("three", {}),
    "three-nodes-degraded": ("three-degraded", {}),
    "three-nodes-phone": ("three-degraded", {"viewport": PHONE, "is_mobile": True}),
    "phone": ("degraded", {"viewport": PHONE, "device_scale_factor": 2, "is_mobile": True}),
    "phone-dark": ("blocked", {"viewport": PHONE, "is_mobile": True, "color_scheme": "dark"}),
    "dark": ("degraded", {"color_scheme": "dark"}),
    "japanese": ("degraded", {"locale": "ja-JP"}),
    "explained-japanese": ("failover", {"locale": "ja-JP", "viewport": PHONE, "is_mobile": True}),
    "japanese-phone": ("failover", {"locale": "ja-JP", "viewport": PHONE, "is_mobile": True}),
    "without-javascript": ("degraded", {"java_script_enabled": False}),
    "reduced-motion": ("normal", {"reduced_motion": "reduce"}),
}


class Watch:
    """Notes what a page must not do."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).hostname != "127.0.0.1":
            self.errors.append(f"asks {request.url}")

    def _failed(self, request: Request) -> None:
        if not request.url.endswith("/events?lang=en") and "/events" not in request.url:
            self.errors.append(f"failed: {request.url}")


def until(page: Page, true: str) -> None:
    """Wait for a condition. The page's own policy forbids the way that Playwright has for it."""
    end = time.monotonic() + WAIT_S
    while not page.evaluate(true):
        if time.monotonic() > end:
            raise TimeoutError(true)
        page.wait_for_timeout(20)


@contextmanager
def opened(browser: Browser, **how: Any) -> Iterator[tuple[Page, Watch]]:
    """An empty page in a browser that knows nothing yet, and what it does wrong."""
    context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-US", **how})
    context.set_default_timeout(WAIT_S * 1000)
    page = context.new_page()
    try:
        yield page, Watch(page)
    finally:
        context.close()


def looked(browser: Browser, name: str, url: str, how: dict[str, Any], to: Path) -> Row:
    """One picture, and what is wrong with what it shows."""
    with opened(browser, **how) as (page, watch):
        figures, wrong = seen(page, name, url, to, how.get("java_script_enabled", True))
        wrong = [*watch.errors, *wrong]
    if wrong:
        figures["wrong"] = wrong[:10]
    return {"what": f"the page, {name}", "ok": not wrong, "figures": figures}


def seen(page: Page, name: str, url: str, to: Path, scripted: bool) -> tuple[Row, list[str]]:
    """Figures, and what is wrong, but for what the browser itself tells."""
    page.goto(url, wait_until="load")
    figures: Row = {"picture": f"{name}.png"}
    wrong: list[str] = []
    if scripted:
        until(page, "document.getElementById('live').textContent.trim() !== ''")
        if name.startswith("explained"):
            for summary in page.query_selector_all("summary"):
                summary.click()
        width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if width > 0:
            wrong.append(f"the page is {width} px wider than the window")
        found = Axe().run(page).response
        figures["axe"] = f"{len(found['passes'])} rules passed"
        wrong += [
            f"axe {one['impact']}: {one['id']} at {one['nodes'][0]['target']}"
            for one in found["violations"]
        ]
        figures["axe_unsure"] = sorted({one["id"] for one in found["incomplete"]})
    page.screenshot(path=to / f"{name}.png", full_page=name != "large")
    return figures, wrong


def quick(browser: Browser, url: str) -> Row:
    """How soon the page can be read, and its script has run; nothing is in a cache."""
    tries: list[dict[str, float]] = []
    while len(tries) < ROUNDS and (not tries or tries[-1]["usable_median_s"] >= USABLE_S):
        tries.append(_quick(browser, url))
    best = min(tries, key=lambda one: one["usable_median_s"])
    figures = {**best, "limit_s": USABLE_S, "rounds": len(tries)}
    return {"what": "the page can be used", "ok": best["usable_median_s"] < USABLE_S,
            "figures": figures}  # fmt: skip


def _quick(browser: Browser, url: str) -> dict[str, float]:
    read, usable = [], []
    for _open in range(7):
        with opened(browser) as (page, _watch):
            page.goto(url, wait_until="load")
            until(page, "performance.getEntriesByName('first-contentful-paint').length > 0")
            paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            loaded = "performance.getEntriesByType('navigation')[0].loadEventEnd"
            read.append(page.evaluate(paint) / 1000)
            usable.append(max(read[-1], page.evaluate(loaded) / 1000))
    return {
        "usable_median_s": round(statistics.median(usable), 3),
        "usable_slowest_s": round(max(usable), 3),
        "read_median_s": round(statistics.median(read), 3),
    }


def live(browser: Browser, url: str, to: Path) -> Row:
    """A failover, seen in one open page that is never loaded again; the focus stays."""
    with opened(browser) as (page, watch):
        page.goto(url)
        until(page, "document.getElementById('live').textContent === 'Live'")
        page.evaluate("window.here = true")
        page.focus("#fencing .scroll")
        print("begin", flush=True)
        told = []
        began = time.monotonic()
        for title, name in (("Out of order", "live-1"), ("Needs attention", "live-2")):
            until(page, f"document.title.startsWith('{title}')")
            told.append(f"{title} after {time.monotonic() - began:.1f} s")
            page.screenshot(path=to / f"{name}.png")
        until(page, "document.getElementById('services').innerText.includes('running')")
        page.screenshot(path=to / "live-3.png")
        text = page.inner_text("#services")
        focus = page.evaluate("document.activeElement.closest('section')?.id")
        wrong = list(watch.errors)
        wrong += [] if "node2" in text and "running" in text else ["the new owner is not shown"]
        wrong += [] if page.evaluate("window.here === true") else ["the page was loaded again"]
        wrong += [] if focus == "fencing" else [f"the focus has moved to {focus}"]
    figures: Row = {"seen": told, **({"wrong": wrong} if wrong else {})}
    return {"what": "a failover in an open page", "ok": not wrong, "figures": figures}


def keyboard(browser: Browser, url: str) -> Row:
    """Every link and table is reached with the tabulator, in the order of the page."""
    with opened(browser) as (page, _watch):
        page.goto(url)
        until(page, "document.getElementById('live').textContent === 'Live'")
        count = page.evaluate(f"document.querySelectorAll({STOPS}).length")
        order = []
        for _stop in range(count):
            page.keyboard.press("Tab")
            order.append(
                page.evaluate(
                    f"[...document.querySelectorAll({STOPS})].indexOf(document.activeElement)"
                )
            )
    ok = order == list(range(count)) and count > 5
    return {"what": "the page by keyboard", "ok": ok, "figures": {"stops": count, "order": order}}


def same(browser: Browser, first: str, second: str) -> Row:
    """The pages of both nodes tell the same of both, of the services, and of what has happened."""
    told = []
    for url in (first, second):
        with opened(browser) as (page, _watch):
            page.goto(url)
            told.append({name: page.inner_text(f"#{name}") for name in SAME})
    other = [name for name in SAME if told[0][name] != told[1][name] or len(told[0][name]) < 20]
    figures: Row = {"sections": list(SAME), **({"wrong": other} if other else {})}
    return {"what": "both nodes show the same", "ok": not other, "figures": figures}


def main() -> None:
    """Look at everything."""
    given = json.loads(sys.stdin.readline())
    urls, to = given["urls"], Path(given["to"])
    to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        rows = [looked(browser, name, urls[scene], how, to) for name, (scene, how) in VIEWS.items()]
        rows.append(quick(browser, urls["normal"]))
        rows.append(keyboard(browser, urls["degraded"]))
        rows.append(same(browser, urls["normal"], urls["standby"]))
        rows.append(live(browser, urls["live"], to))
        version = browser.version
        browser.close()
    print(json.dumps({"rows": rows, "chromium": version}), flush=True)


if __name__ == "__main__":
    main()
