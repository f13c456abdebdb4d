# SPDX-License-Identifier: Apache-2.0
"""Characters of an utterance: made plain before words are looked for, and told by script. Knows no words."""

import re
import unicodedata

HAN = re.compile(r"[\u4e00-\u9fff]")
TERMINAL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")  # ECMA-48 control sequences, as in "\x1b[31m"


def normalise(text: str) -> str:
    """NFKC, lower case, one space between words; without control sequences, zero-width and bidi characters and pictographs."""
    folded = unicodedata.normalize("NFKC", TERMINAL.sub(" ", text).replace("°", " degrees ").replace("º", " degrees ")).casefold()
    kept = []
    for c in folded:
        category = unicodedata.category(c)
        if category in ("Cc", "Zl", "Zp", "Zs"):
            kept.append(" ")
        elif category[0] != "C" and category not in ("So", "Sk", "Me") and not 0xFE00 <= ord(c) <= 0xFE0F:
            kept.append("'" if c in "’‘`" else c)
    spaced = re.sub(r"\s+", " ", "".join(kept)).strip()
    return re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", spaced)


def is_chinese(text: str) -> bool:
    """Whether there is any Chinese character in a text."""
    return HAN.search(text) is not None


def is_known(c: str) -> bool:
    """Whether a letter belongs to a script that orders are understood in."""
    return "\u4e00" <= c <= "\u9fff" or "\u3400" <= c <= "\u4dbf" or c in "〇々" or "LATIN" in unicodedata.name(c, "")
