"""Open every page of the site in headless Chromium, without a network, and complain.

    pip install playwright; apt-get install chromium     # or any Chromium: CHROMIUM=/path
    python docs/look.py docs/_build/html [--pictures FOLDER] [--only course/06]

Each page is opened at 1280 and at 390 pixels, light and dark. Wrong are: an error of a script, a
request that leaves the site or finds nothing, a page wider than the screen, a formula that KaTeX
could not set, a picture that did not load, a slider that moves nothing, text too faint to read.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
PROBE = Path(__file__).with_name("look.js").read_text(encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("--pictures", type=Path, help="write a screenshot of every page there")
    parser.add_argument("--only", default="", help="pages whose path begins so")
    options = parser.parse_args()
    site = options.site.resolve()
    browser_path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not browser_path:
        print("no Chromium: set CHROMIUM, or install it")
        return 2
    pages = [
        path
        for path in sorted(site.rglob("*.html"))
        if path.relative_to(site).as_posix().startswith(options.only)
        and "_modules" not in path.parts
    ]
    wrong = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for width in WIDTHS:
            for scheme in SCHEMES:
                context = browser.new_context(
                    viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
                )
                page = context.new_page()
                page.set_default_timeout(120_000)  # of a busy machine
                for path in pages:
                    found = look(page, path)
                    name = path.relative_to(site).as_posix()
                    for what in found:
                        print(f"{name} at {width}, {scheme}: {what}")
                    wrong += len(found)
                    if options.pictures:
                        flat = name.replace("/", "-").removesuffix(".html")
                        target = options.pictures / f"{flat}-{width}-{scheme}.png"
                        page.screenshot(path=target, full_page=True)
                context.close()
        browser.close()
    print(f"{len(pages)} pages at {WIDTHS} pixels, {' and '.join(SCHEMES)}: {wrong} faults")
    return 1 if wrong else 0


def look(page: Page, path: Path) -> list[str]:
    """Return what is wrong with a page."""
    found: list[str] = []
    handlers = {
        "pageerror": lambda error: found.append(f"script: {error}"),
        "console": lambda m: found.append(f"console: {m.text}") if m.type == "error" else None,
        "requestfailed": lambda request: found.append(f"not loaded: {request.url}"),
    }
    for event, handler in handlers.items():
        page.on(event, handler)
    page.goto(path.as_uri(), wait_until="load")
    found += page.evaluate(PROBE)
    for event, handler in handlers.items():
        page.remove_listener(event, handler)
    return found


if __name__ == "__main__":
    sys.exit(main())
