# SPDX-License-Identifier: Apache-2.0
"""A run as one HTML file that needs nothing else: tables and pictures inside it."""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

STYLE = """
:root{color-scheme:dark}*{box-sizing:border-box}
body{margin:0;background:#0b1016;color:#e6edf3;font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1080px;margin:0 auto;padding:40px 24px 64px}h1{font-size:30px;margin:0 0 4px}
h2{font-size:19px;margin:40px 0 12px}p.lead{color:#8795a5;margin:0 0 28px;max-width:70ch}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px}
.card{background:#121a23;border:1px solid #263241;border-radius:10px;padding:14px 16px}
.card b{display:block;font-size:23px}.card span{color:#8795a5;font-size:12px;text-transform:uppercase;letter-spacing:.06em}
.card.good b{color:#4ade80}.card.bad b{color:#f87171}
img{width:100%;height:auto;border-radius:10px;border:1px solid #263241;display:block}
figure{margin:0 0 18px}figcaption{color:#8795a5;font-size:13px;padding-top:6px}
table{border-collapse:collapse;width:100%;font-size:14px}td,th{text-align:left;padding:7px 10px;border-bottom:1px solid #263241}
a{color:#38d6e8;text-decoration:none}
th{color:#8795a5;font-weight:600}td{font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}
"""


def save_report(
    path: Path,
    *,
    title: str,
    lead: str,
    cards: Sequence[tuple[str, str, bool | None]],
    animation: Path | None = None,
    pictures: Sequence[tuple[str, Image.Image]] = (),
    tables: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> None:
    """Write the report.

    Args:
        path: the .html file.
        title: heading.
        lead: one sentence under it.
        cards: label, value, and whether that is good (None: neither).
        animation: a GIF to put inside.
        pictures: caption and picture.
        tables: heading -> rows of equal keys.
    """
    parts = [f"<h1>{html.escape(title)}</h1><p class=lead>{html.escape(lead)}</p>", _cards(cards)]
    if animation is not None:
        parts.append(_figure("", "image/gif", animation.read_bytes()))
    if pictures:
        parts.append("<h2>On the way</h2>")
        parts += [_figure(caption, "image/png", _png(picture)) for caption, picture in pictures]
    for heading, rows in (tables or {}).items():
        parts.append(f"<h2>{html.escape(heading)}</h2>{_table(rows)}")
    _save(path, title, parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a report: heading, a sentence, tables (caption, rows of equal keys), pictures (caption, picture)."""

    title: str
    text: str = ""
    tables: Sequence[tuple[str, Sequence[Mapping[str, Any]]]] = ()
    pictures: Sequence[tuple[str, Image.Image]] = ()


def save_sections(path: Path, *, title: str, lead: str, sections: Sequence[Section]) -> None:
    """Write a report of sections, with their list at the top."""
    links = " · ".join(f"<a href='#s{i}'>{html.escape(s.title)}</a>" for i, s in enumerate(sections))
    parts = [f"<h1>{html.escape(title)}</h1><p class=lead>{html.escape(lead)}</p><p class=lead>{links}</p>"]
    for i, section in enumerate(sections):
        parts.append(f"<h2 id='s{i}'>{html.escape(section.title)}</h2>")
        parts += [f"<p class=lead>{html.escape(section.text)}</p>"] if section.text else []
        parts += [f"<figure>{_table(rows)}<figcaption>{html.escape(caption)}</figcaption></figure>" for caption, rows in section.tables]
        parts += [_figure(caption, "image/png", _png(picture)) for caption, picture in section.pictures]
    _save(path, title, parts)


def _save(path: Path, title: str, parts: Sequence[str]) -> None:
    page = (
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _cards(cards: Sequence[tuple[str, str, bool | None]]) -> str:
    mood = {True: " good", False: " bad", None: ""}
    cells = [
        f"<div class='card{mood[good]}'><span>{html.escape(label)}</span><b>{html.escape(value)}</b></div>"
        for label, value, good in cards
    ]
    return f"<div class=cards>{''.join(cells)}</div><br>"


def _figure(caption: str, kind: str, data: bytes) -> str:
    inside = base64.b64encode(data).decode()
    said = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f"<figure><img alt='{html.escape(caption, quote=True)}' src='data:{kind};base64,{inside}'>{said}</figure>"


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.quantize(192).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "<p class=lead>none</p>"
    head = "".join(f"<th>{html.escape(str(key))}</th>" for key in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row.values()) + "</tr>" for row in rows
    )
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
