# SPDX-License-Identifier: Apache-2.0
"""A hook of MkDocs: files outside of docs/ that pages link to become pages of the site, so that no link leads out of it.

Markdown is shown as it is, other text as a listing, pictures are copied. Knows only MkDocs and this repository.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

BELOW = "repository"
SHOWN = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".xml": "xml", ".toml": "toml", ".sh": "bash", ".rst": "rst", ".json": "json"}
LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(#[^)\s]*)?(?=\))")
ALWAYS = ("CONTRIBUTING.md", "QUALITY_DECLARATION.md", "SECURITY.md", "CHANGELOG.rst")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages, and the pages that are added, lead to."""
    root, docs = _root(config), Path(config.docs_dir).name
    wanted = list(ALWAYS)
    for file in list(files):
        if file.is_documentation_page():
            wanted += targets(file.content_string, PurePosixPath(docs, file.src_uri).parent)
    added: set[str] = set()
    while wanted:
        name = wanted.pop()
        path = root / name
        if name in added or name.startswith(f"{docs}/") or not path.is_file():
            continue
        added.add(name)
        if path.suffix == ".md":
            text = path.read_text("utf-8")
            wanted += targets(text, PurePosixPath(name).parent)
            files.append(File.generated(config, placed(name), content=text))
        elif path.suffix in SHOWN or not path.suffix:
            files.append(File.generated(config, f"{placed(name)}.md", content=listing(name, path.read_text("utf-8"))))
        else:
            files.append(File.generated(config, placed(name), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to files of the repository lead to the pages made of them."""
    docs, here = Path(config.docs_dir).name, page.file.src_uri
    was = here.removeprefix(f"{BELOW}/") if here.startswith(f"{BELOW}/") else f"{docs}/{here}"

    def moved(match: re.Match[str]) -> str:
        name = normpath(str(PurePosixPath(was).parent / match[1]))
        inside = name.removeprefix(f"{docs}/") if name.startswith(f"{docs}/") else None
        found = [inside] if inside is not None else [placed(name), f"{placed(name)}.md"]
        for uri in found:
            if files.get_file_from_path(uri) is not None:
                return relpath(uri, str(PurePosixPath(here).parent)) + (match[2] or "")
        return match[0]

    return LINK.sub(moved, markdown)


def placed(name: str) -> str:
    """Where a file of the repository lies in the site, which has no hidden folders."""
    return f"{BELOW}/" + re.sub(r"(^|/)\.", r"\1dot-", name)


def targets(text: str, folder: PurePosixPath) -> Iterator[str]:
    """Files that the links of a page in ``folder`` name, by their path in the repository."""
    for match in LINK.finditer(text):
        yield normpath(str(folder / match[1]))


def listing(name: str, text: str) -> str:
    """A page with one file in it, which the search leaves out."""
    fence = "`" * 6
    return f"---\nsearch:\n  exclude: true\n---\n# {name}\n\n{fence}{SHOWN.get(Path(name).suffix, 'text')}\n{text.rstrip()}\n{fence}\n"


def _root(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent
