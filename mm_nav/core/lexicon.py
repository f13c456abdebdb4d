# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: SIM905  (word lists read better as one string)
"""Words and numbers that commands are made of, in English and Chinese, and stop words in more languages.

Tables and number reading only; what an utterance asks for is decided in mm_nav.core.command.
"""

import re

# ---------------------------------------------------------------- stop

STOP_ANYWHERE = re.compile(
    r"\b(?:stop|stopp|stopping|halt|freeze)\b|停下|停止|暂停|别动|站住|刹车|停{2,}"
)  # the word counts wherever it stands: a false stop costs a second, a missed one more

STOP_ALONE = frozenset(
    (
        "停|停车|停住|停吧|停一下|不要动|不许动|急停|紧急停车|别动了|不要再动|不要再动了|别再动了|别走了|别再走了|不要走了|不要再走|不要再走了|别再开了|不要再开了|到此为止|"  # Chinese
        "hold it|hold on|hold on a moment|hold on a second|hold on a minute|stand still|don't move|do not move|not another step|no further|cease|cease all motion|cease moving|stand down|knock it off|"
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

# ---------------------------------------------------------------- fillers and articles

EN_BEFORE = re.compile(
    r"(?:please|robot|hey|hi|hello|ok|okay|now|well|so|just|kindly|quickly|slowly|carefully|immediately|next|first|alright|right(?= ?,)"
    r"|(?:can|could|would|will) (?:you|we)(?: mind)?|(?:please )?feel free to|(?:i would|i'd|we'd|we would) (?:appreciate it|be glad|love it|like it) if you(?: could)?"
    r"|whatever (?:you do|happens)|make sure(?: that)?(?: you)?(?: to)?|be (?:careful|sure)(?: (?:to|and))?|do me a favou?r and|if you (?:can|could|would|don'?t mind)|i (?:want|need|would like|wish) (?:you )?to|i'd like (?:you )?to|let'?s|let us"
    r"|you (?:should|must|can|need to|have to)|it'?s time to|try to|and then|go ahead and|be so kind as to|thanks|mind)\b[\s,.:!]*"
)
EN_AFTER = re.compile(
    r"[\s,.!?]*(?:\b(?:please|now|right now|for me|quickly|slowly|carefully|immediately|at once|thanks|thank you|robot"
    r"|will you|would you|can you|right away|in place|on the spot))?[\s,.!?]*$"
)
EN_ARTICLE = re.compile(r"(?:the|a|an|that|this|those|these|my|your|our|some|any)\s+")
EN_NEAR = re.compile(r"(?:next to|near to|close to|in front of|near|beside|by|at|to|towards?)\s+")
EN_NEGATION = re.compile(
    r"\b(?:not|never|don'?t|do n't|doesn'?t|didn'?t|won'?t|can'?t|cannot|mustn'?t|shouldn'?t|isn'?t|aren'?t|wasn'?t"
    r"|avoid|except|without|neither|nor|no)\b"
)
EN_SECOND_ORDER = re.compile(
    r"\b(?:then|and(?: then)?(?: please)?|,|or)\s+(?:go|drive|head|move|turn|rotate|wait|follow|come|return|look|find|back|left|right"
    r"|forwards?|backwards?|navigate|approach)\b|\bor (?:to )?the\b"
)
EN_NAMELESS = frozenset(
    "it him her them me us you there here one thing something someone somewhere anywhere that this these those "
    "left right forward forwards backward backwards ahead back straight around up down the a an".split()
)

ZH_BEFORE = re.compile(
    r"(?:请问|请你|请|麻烦你?|劳驾|咱们|我们|千万|一定要?|务必|帮忙|自行|自己|再次|你?过来|机器人|小车|你好|你|现在|马上|赶紧|赶快|立刻|快点|快|帮我|给我|我要你|我要|我想让你|我想要你|我想|让你"
    r"|能不能|可不可以|可以|能|先|慢慢地?|嘿|喂|好的|把车|自己|直接|继续)[\s,。!、]*"
)
ZH_AFTER = re.compile(r"(?:吧|吗|呢|啊|呀|哦|好吗|好不好|行吗|可以吗|谢谢|一下|好了|就行|就好)$")
ZH_NEGATION = re.compile(r"^(?:不要|别再|别|勿|不准|不许|不能|不可以|不得|不用|禁止|不)|(?:不要|不准|不许|不能|禁止|不去|别去|除了|不是)")
ZH_ARTICLE = re.compile(r"^(?:那|这|一)(?:个|辆|位|只|台|堆|些|名)|^(?:那边|那里|这边)的")
ZH_PLACE = re.compile(r"的?(?:那里|那儿|那边|这里|这儿|这边|旁边|身旁|身边|附近|前面|跟前|面前|边上|去|来|过去|过来|停车|看看|看一下|瞧瞧|等我|等着)$")

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
