"""Follow every link inside the site, as it lies on disk: python docs/links.py docs/_build/html"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Links(HTMLParser):
    """Collects where a page leads, and the places in it that can be led to."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.places.add(value)
            elif name in ("href", "src") and value:
                self.targets.append(value)


def broken(site: Path) -> list[str]:
    """Return a line for each link that leads nowhere, or out of the site without https."""
    pages: dict[Path, Links] = {}
    for path in sorted(site.rglob("*.html")):
        pages[path] = Links()
        pages[path].feed(path.read_text(encoding="utf-8"))
    found = []
    for path, page in pages.items():
        for target in page.targets:
            url = urlsplit(target)
            if url.scheme in ("https", "mailto", "data"):
                continue
            file = (path.parent / unquote(url.path)).resolve() if url.path else path
            known = pages[file].places if file in pages else set()
            missing = not file.is_file() or (
                file in pages and url.fragment and unquote(url.fragment) not in known
            )
            if url.scheme or missing:
                found.append(f"{path.relative_to(site)}: {target}")
    return found


def main() -> int:
    site = Path(sys.argv[1]).resolve()
    found = broken(site)
    print("\n".join(found) or "all links inside the site lead somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
