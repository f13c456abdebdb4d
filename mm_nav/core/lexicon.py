# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: SIM905  (word lists read better as one string)
"""Words and numbers that commands are made of, in English and Chinese, and stop words in more languages.

Tables and number reading only; what an utterance asks for is decided in mm_nav.core.command.
"""

import re

# ---------------------------------------------------------------- stop

STOP_ANYWHERE = re.compile(
    r"\b(?:stop|stopp|stopping|halt|freeze)\b|停下|停止|暂停|别动|站住|刹车|停{2,}|(?:^|[^\u4e00-\u9fff]|了|快|给我|你|马上|立刻|赶紧|请)停(?:吧|啊|了|一停|下|住)?$"
)  # the word counts wherever it stands: a false stop costs a second, a missed one more

STOP_ALONE = frozenset(
    (
        "停|停一停|停车|停住|停吧|停一下|不要动|不许动|急停|紧急停车|别动了|不要再动|不要再动了|别再动了|别走了|别再走了|不要走了|不要再走|不要再走了|别再开了|不要再开了|到此为止|"  # Chinese
        "hold it|hold it right there|hold it there|hold on|hold on a moment|hold on a second|hold on a minute|stand still|don't move|do not move|not another step|no further|cease|cease all motion|cease moving|stand down|knock it off|"
        "cut it out|emergency|abort|cancel|enough|whoa|"  # English
        "anhalten|stehenbleiben|stehen bleiben|bleib stehen|halte an|halt an|stoppen|nothalt|"  # German
        "arrête|arrete|arrête-toi|arrête toi|arrêtez|arretez|arrêtez-vous|arrêt|"  # French
        "para|pare|parar|alto|detente|deténgase|detengase|párate|parate|basta|"  # Spanish, Portuguese
        "ferma|fermati|fermo|fermarsi|alt|pára|parado|"  # Italian, Portuguese
        "止まれ|止まって|止まってください|とまれ|とまって|ストップ|停止して|止めて|"  # Japanese
        "정지|멈춰|멈춰요|멈추세요|멈춰라|스톱|서|그만|"  # Korean
        "стоп|стой|стойте|остановись|остановитесь|остановка|"  # Russian
        "توقف|قف|توقفي|قفي|أوقف|"  # Arabic
        "dur|durun|durdur|"  # Turkish
        "sta stil|stil|stilstaan|"  # Dutch
        "stój|stoj|zatrzymaj|zatrzymaj się|zatrzymaj sie"  # Polish
    ).split("|")
)

# the same words said again and again, in scripts that set no spaces; no bare 停 may begin another word (停车场)
STOP_REPEATED = re.compile("(?:" + "|".join(sorted((w for w in STOP_ALONE if not w.isascii() and " " not in w), key=len, reverse=True)) + ")+")

# ---------------------------------------------------------------- fillers and articles

EN_ARTICLE = re.compile(r"(?:the|a|an|that|this|those|these|my|your|our|some|any)\s+")
EN_NEAR = re.compile(r"(?:next to|near to|close to|in front of|near|beside|by|at|to|towards?)\s+")
EN_NEGATION = re.compile(
    r"\b(?:not|never|don'?t|do n't|doesn'?t|didn'?t|won'?t|can'?t|cannot|mustn'?t|shouldn'?t|isn'?t|aren'?t|wasn'?t"
    r"|avoid|except|without|neither|nor|no)\b"
)
FORBIDS = re.compile(
    r"不|别|勿|禁止|莫|甭|没|远离|避|躲|绕|离.*远|距离|小心|当心|危险"
    r"|\b(?:\w+n't|dont|wont|cant|not|never|no|nor|none|nothing|nobody|nowhere|neither|without|except|avoid\w*|away|clear|off|out of|back from|far from|keep back|stay back|dodge|shun|evade|leave|alone|careful|beware|forbidden|prohibited"
    r"|off[- ]limits|refrain|danger\w*|hazard\w*|unsafe|distance|steer|least|anything but|instead|rather than|forget|cancel|quit|enough)\b",
    re.ASCII,  # so that a Chinese character ends an English word
)
EN_SECOND_ORDER = re.compile(
    r"\b(?:then|and(?: then)?(?: please)?|,|or)\s+(?:go|drive|head|move|turn|rotate|wait|follow|come|return|look|find|back|left|right"
    r"|forwards?|backwards?|navigate|approach)\b|\bor (?:to )?the\b"
)
EN_NOT_A_THING = re.compile(  # a phrase that begins or ends so names nothing that stands somewhere
    r"(?:i|you|we|he|she|they|it|what|why|how|who|when|which|if|me|us|him|them|yet|be|up|forward|think)\b.*|to .*|.*\b(?:yesterday|tomorrow|tonight|last (?:night|week|year|month|time)|ago|before|recently|from"
    r"|time|idea|problem|reason|truth|joke|news|way|fun|weather|answer|question|job|doubt|luck|love|money|peace|happiness|meaning|point|work|plan|meeting|word|words|mind|website|internet|instagram|late|hell|school|business|movie|history|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
)
EN_APART = re.compile(r"\b(?:around (?!the corner|here)|away|clear of|far from|out of the way|keep off|distance)\b")  # no thing to go to
EN_NAMELESS = frozenset(
    "it him her them me us you there here one thing something someone somewhere anywhere that this these those "
    "一点 一些 一点点 一点儿 点 牢 往 向 到 在 去 词 话 题 人家 "
    "left right forward forwards backward backwards ahead back straight around up down the a an".split()
)

ZH_NEGATION = re.compile(r"^(?:不要|别再|别|勿|不准|不许|不能|不可以|不得|不用|禁止|不)|(?:不要|不准|不许|不能|禁止|不去|别去|除了|不是)")
ZH_ARTICLE = re.compile(r"^(?:(?:那|这|一)(?:个|辆|位|只|台|堆|些|名|把|条|张|块|摊|群|队|帮|伙|本|件|艘|架|盏|棵|座|扇|根|瓶|袋|双|间)|(?:那边|那里|这边|附近|对面|我|你|我们)的|(?:个|辆|位|趟|下)(?=[^人]))")
ZH_PLACE = re.compile(r"的?(?:那里|那儿|那边|这里|这儿|这边|旁边|身旁|身边|附近|前面|跟前|面前|边上|去|来|过去|过来|停车|看看|看一下|瞧瞧|等我|接我|找我|集合|见面|停靠|(?<=..)上|(?<=..)里|等着|下面|里面|里头|上面|对面|那头|这头|一下|那)$")

# ---------------------------------------------------------------- numbers

_UNITS = {w: i for i, w in enumerate(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)}  # fmt: skip
_TENS = {w: 10 * (i + 2) for i, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())}
_ZH_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
EN_WORD = "|".join((*_UNITS, *_TENS, "hundred", "half", "an?", "couple", "of", "and", "quarter"))
NUMBER = (
    r"(?P<number>[-+]?(?:\d+(?:[.,]\d+)?(?:e[-+]?\d+)?|nan|inf(?:inity)?)"
    rf"|(?:(?:{EN_WORD})\b[\s-]*)+|[零〇一二两三四五六七八九十百点半]+)"
)


def read_number(text: str) -> float | None:
    """The number that a match of ``NUMBER`` stands for, NaN and infinity included; None if it is no number."""
    text = text.strip().casefold()
    try:
        return float(text.replace(",", "."))
    except ValueError:
        pass
    return _read_chinese(text) if text and all(c in "点十百半" or c in _ZH_DIGITS for c in text) else _read_english(text)


def _read_english(text: str) -> float | None:
    total, seen = 0.0, False
    for word in re.split(r"[\s-]+", text):
        if word in _UNITS or word in _TENS:
            total += _UNITS.get(word, 0) + _TENS.get(word, 0)
        elif word == "hundred":
            total = max(total, 1.0) * 100
        elif word in ("half", "quarter"):
            total += 0.5 if word == "half" else 0.25
        elif word == "couple":
            total += 2
        elif word in ("a", "an"):
            seen = True
            continue
        elif word not in ("of", "and", ""):
            return None
        seen = seen or word not in ("of", "and", "")
    return (total or (0.0 if "zero" in text else 1.0)) if seen else None


def _read_chinese(text: str) -> float | None:
    whole, _, decimals = text.partition("点")
    half = 0.5 if whole.endswith("半") else 0.0
    whole = whole.removesuffix("半")
    total, digit = 0.0, -1
    for c in whole:
        if c in "十百":
            total += (1 if digit < 0 else digit) * (10 if c == "十" else 100)
            digit = -1
        elif c in _ZH_DIGITS:
            digit = _ZH_DIGITS[c] if digit < 0 else digit * 10 + _ZH_DIGITS[c]
        else:
            return None
    total += max(digit, 0) + half
    for place, c in enumerate(decimals, 1):
        if c not in _ZH_DIGITS:
            return None
        total += _ZH_DIGITS[c] * 10.0**-place
    return total
