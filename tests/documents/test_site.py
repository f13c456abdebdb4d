# SPDX-License-Identifier: Apache-2.0
"""The site is built without a warning, fetches nothing, and every link of it leads somewhere; so does every link of the sources."""

import ast
import os
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.documents.fences import PAGES, ROOT
from tests.test_architecture import imports

MARKDOWN = [*PAGES, ROOT / "models" / "base" / "README.md", ROOT / "models" / "tiny" / "README.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
EXTERNAL = re.compile(r"https?://[\w.-]+\.[a-z]{2,}(?:[/?#][^\s<>\"]*)?")


class Page(HTMLParser):
    """Anchors of a page, where it leads, what it fetches, and pictures that say nothing to those who cannot see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.leads: list[str] = []
        self.fetches: list[str] = []
        self.mute: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: value or "" for name, value in attrs}
        self.anchors |= {had[name] for name in ("id", "name") if name in had}
        if tag == "a" and "href" in had:
            self.leads.append(had["href"])
        elif tag == "link" or "src" in had:
            self.fetches.append(had.get("href") or had.get("src", ""))
        if tag == "img" and not had.get("alt"):
            self.mute.append(had.get("src", ""))


def headings(text: str) -> set[str]:
    """Anchors that GitHub and the site make of a page's headings."""
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", h.lower()).strip()) for h in re.findall(r"^#+ (.+)$", plain, re.MULTILINE)}


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text("utf-8")):
        if ":" in link:
            assert EXTERNAL.fullmatch(link), link
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in headings(target.read_text("utf-8")), link


def test_rosdoc2_stands_in_for_every_library_that_no_ros_machine_has() -> None:
    settings = ast.parse((ROOT / "docs" / "rosdoc2" / "conf.py").read_text("utf-8"))
    (listed,) = [node.value for node in settings.body if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "LIBRARIES"]
    manifest = ET.parse(ROOT / "package.xml").getroot()  # noqa: S314 - our own file
    known = {"mm_nav", "numpy", "compression", *sys.stdlib_module_names, *ast.literal_eval(listed), *(e.text for e in manifest.iter("exec_depend"))}
    found = {name for path in (ROOT / "mm_nav").rglob("*.py") for name in imports(path.read_text("utf-8"))}
    assert found - known == set()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    pytest.importorskip("mkdocs", reason="documents extra not installed: pip install mm_nav[docs]")
    out = tmp_path_factory.mktemp("site")
    (options,) = re.findall(r"^\t(.*)\$\(BIN\)/mkdocs (build.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    environment = dict(pair.split("=") for pair in options[0].split())
    command = [sys.executable, "-m", "mkdocs", *options[1].split(), "--site-dir", str(out)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr + done.stdout == ""
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Every page of it."""
    return {path: Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(pages: dict[Path, Page]) -> None:
    assert len(pages) > 40


@pytest.mark.slow
def test_nothing_is_fetched_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    assert [url for page in pages.values() for url in page.fetches if re.match(r"(?:https?:)?//", url)] == []
    for sheet in site.rglob("*.css"):
        assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)\s]+", sheet.read_text("utf-8")) == [], sheet.name


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere(pages: dict[Path, Page]) -> None:
    lost = []
    for path, page in pages.items():
        if path.name == "404.html":  # its links are from the root of a web server
            continue
        for link in internal(page):
            name, _, anchor = link.partition("#")
            target = (path.parent / urllib.parse.unquote(name)).resolve() if name else path
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (anchor and target in pages and urllib.parse.unquote(anchor) not in pages[target].anchors):
                lost.append(f"{path.name}: {link}")
    assert lost == []


def internal(page: Page) -> Iterator[str]:
    """Links within the site; those that lead out of it are checked for form alone."""
    for link in page.leads:
        if link.startswith(("http:", "https:")):
            assert EXTERNAL.fullmatch(link), link
        elif not link.startswith(("mailto:", "javascript:")):
            yield link


@pytest.mark.slow
def test_pictures_say_what_they_show(pages: dict[Path, Page]) -> None:
    assert {path.name: page.mute for path, page in pages.items() if page.mute} == {}


@pytest.mark.slow
def test_both_themes_can_be_chosen(site: Path) -> None:
    text = (site / "index.html").read_text("utf-8")
    assert 'data-md-color-scheme="default"' in text
    assert 'data-md-color-scheme="slate"' in text
