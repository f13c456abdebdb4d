# SPDX-License-Identifier: Apache-2.0
"""What people wrap around an order: hesitation, address, politeness, reasons for haste. Taken off before patterns are tried.

Only words that change nothing about what is asked; a negation is never filler. English and Chinese.
"""

import re

_NAME = r"robot|buddy|dude|mate|pal|my friend|friend|sir|guys?|everyone|folks|john|machine"
_NOT_SIDE = "".join(f"(?<!{w} )" for w in ["turn", "rotate", "spin", "face", "look", "steer", "veer", "bear", "go", "swing", "hang", "make", "take", "a", "the", "to", "your", "hard", "sharp", "slight", "more", "degrees", "bit"])
_YOU = r"(?:you|we|i|us|the robot)"
_WISH = (
    r"(?:can|could|would|will|might|may)(?: you| we)(?: mind| be able to| be so kind as to| like to| care to| want to| kindly| possibly| perhaps| please)*"
    r"|(?:i|we)(?: am|'m|m| was| were| are|'re)? (?:just )?(?:wondering|hoping|thinking)(?: if| that| whether)?(?: maybe)?(?: you| we)?(?: could| can| would| might)?"
    r"|(?:would|is|will|might) (?:it|that) be (?:ok|okay|alright|possible|too much)(?: for you)?(?: to| if you(?: could)?)"
    r"|is it (?:ok|okay|possible)(?: for you)?(?: to| if you)"
    r"|it(?: would|'d| will|'ll)? be (?:really |so |very )?(?:great|nice|good|lovely|helpful|cool|best|awesome|wonderful|better|kind)(?: of you)?(?: if (?:you|we)(?: could| would| can)?| to)"
    r"|(?:i|we)(?:'d| would|'ll| will| do)? (?:really )?(?:appreciate it|be (?:glad|grateful|happy|thankful)|love(?: it)?|like(?: it)?|prefer(?: it)?)(?: if you(?: could| would| can)?| for you to| you to| to)"
    r"|(?:i|we)(?: really|'d| would| just)* (?:want|need|wish|expect|ask|require|like)(?: for)? you (?:to(?: be able to)?)"
    r"|(?:i|we)(?: am|'m| are|'re)?(?: gonna| going to) (?:need|want|ask) you to"
    r"|(?:i|we)(?: really|'d| would)? (?:want|need|wish|like) to(?= (?:go|get|be|find|head|drive|reach|visit|see|follow|turn|move|approach|look|locate)\b)"
    rf"|{_YOU}(?: should| must| need to| needs to| have to| has to| ought to|'ve got to| have got to| gotta|(?: had|'d)? better(?! not)| might want to| might as well| can| could|'re to| are to|'re supposed to| are supposed to)(?: just| now)*(?! not)"
    r"|shall we|how about (?:you|we|if you)?|what (?:about|if)(?: you| we)?|why (?:don'?t you|don'?t we|not)"
    r"|do you (?:mind(?: if you)?|think you (?:can|could))|do me a favou?r and|be so kind as to|be a dear and"
    r"|your (?:next )?(?:job|task|mission|order) is to|the (?:next )?(?:job|task|plan|idea) is to|(?:it'?s |it is )?time (?:for you )?to"
    r"|(?:i|we) (?:think|guess|believe|suggest|say|suppose)(?: that)?|let'?s|let us|(?:please )?feel free to|go ahead and|go on and"
    r"|(?:just )?(?:try|remember|be sure|be certain|make sure|take care|be careful)(?: that)?(?: to| and)(?! (?:not|avoid)\b)|make sure(?: that)? (?:you|to)|be careful(?: and)?|be sure"
    r"|whatever (?:you do|happens)|if you (?:can|could|would|don'?t mind|please|like|want|wouldn'?t mind)"
)
EN_ANYWHERE = re.compile(
    r"\b(?:u+m+|u+h+|e+rm*|h+m+|mm+|ah+|oh|please|kindly|just|actually|basically|really|literally|perhaps|maybe|possibly|you know(?! where)|i mean|kind of|sort of|kinda|sorta"
    r"|like(?= (?:a\b|an\b|about\b|\d|one\b|two\b|three\b|four\b|five\b|six\b|seven\b|eight\b|nine\b|ten\b|fifteen\b|twenty\b|thirty\b|forty\b|fifty\b|sixty\b|ninety\b|half\b|so\b|go\b|turn\b|move\b))"
    r"|(?<=so )like|(?<!what )like(?=$))\b[\s,]*"
)
EN_BEFORE = re.compile(
    rf"(?:(?:hey|hi|hello|yo|ok|okay|now|well|so|and|then|right then|alright|all right|right(?= ?,)|yes|yeah|yep|sure|great|good|fine|cool|listen|look(?= ?,)|look here|come on|excuse me|sorry|thanks|thank you|no(?=[ ,]+(?:a (?:bit|little)|more|left|right|further|turn|wait)\b)|i (?:said|meant|mean)(?! (?:it|that))|first|next(?! (?:to|stop|destination))|afterwards|quickly|slowly|carefully|immediately|gently|once more)"
    rf"(?: there(?=[ ,]+(?:{_NAME})\b))?|always|pretty|from here|{_NAME}|{_WISH})(?![\w'])[\s,.:!;]*"
)
EN_AFTER = re.compile(
    rf"[\s,.!?;:]*(?:\b(?:now|next|{_NOT_SIDE}right now|for me|for us|quickly|slowly|carefully|immediately|gently|at once|thanks|thank you|thx|cheers|(?<!the )(?<!my )(?<!a )(?<!that )(?<!your )(?:robot|buddy|dude|mate|pal|sir)|will you|would you|will ya|can you|could you|won'?t you|would ya|by now|already|over there|this time|instantly"
    r"|right away|straight away|in place|on the spot|ok|okay|alright|yeah|then|asap|quick|fast|if you (?:can|could|would|will|don'?t mind|want|like)|when(?:ever)? you (?:can|get a chance|are ready|'re ready|have time)"
    r"|as (?:fast|quick|quickly|soon|carefully) as (?:you can|possible|you could)|in a hurry|without delay|i think|i guess|or something|from here|(?:by )?yourself|again))?[\s,.!?;:]*$"
)
_PAST = {
    "went": "go", "drove": "drive", "came": "come", "got": "get", "took": "take", "made": "make", "found": "find", "ran": "run", "brought": "bring",
    "stood": "stand", "led": "lead", "kept": "keep", "left": "leave", "swung": "swing", "rode": "ride", "put": "put", "met": "meet", "spun": "spin", "held": "hold",
}  # fmt: skip
_DOUBLED = re.compile(r"(?P<stem>[a-z]*[aeiou])(?P<last>[bdgmnprt])(?P=last)ed")

_ZH_ADDRESS = r"机器人|小车|小机器人|小家伙|师傅|朋友|喂|嘿|嗨|哎|诶|你好|您好"
_ZH_WISH = (
    r"请问|请你|请您|请|麻烦(?:你|您)?(?:能)?|劳驾|拜托(?:你)?|辛苦你?|帮忙|帮我(?!找|看)|给我(?!停|站)|替我|为我|告诉我|出发(?=去|到)|开车(?=去|到|送|带)|咱们?|我们?(?:一起)?(?=去|出发|到|往|走|开|前往|回)|我(?:需要|要|想要|想让|希望|想请|得让|建议)(?:你|您)"
    r"|我们?(?:想|要|得|需要|应该|该)(?=去|到|回)|让你|要不(?:然)?|不如|最好|应该|得(?=去|到|往|向)|就(?!在)|你能不能|能不能|能否|可不可以|可否|能(?=帮|请|告诉|去|到|不|往|向|开|走|过)|可以|会不会|是否"
    r"|千万|一定要?|务必|记得|尽量|尽快|自行|自己|再次|直接|继续|先(?!生)|现在|马上|赶紧|赶快|立刻|立即|快点|快(?!递)|慢慢地?|慢点|小心地?(?=开|走|去|往|向)|你(?!的|前|后|左|右|旁|身|去哪)|您|把车(?=开|停|倒)"
)
ZH_BEFORE = re.compile(rf"(?:{_ZH_ADDRESS}|{_ZH_WISH}|嗯+|呃+|额|啊|哦|噢|那么|那个(?=你|请|去|到|往|向|开|走|左|右|麻烦|帮)|好的?(?=[,，你请去到往向开走停]|$)|走(?=咱|我们|你|去)|行(?=了|[,，])|ok|然后(?=你|请))[\s,。!、，]*")
ZH_AFTER = re.compile(r"(?:吧|吗|呢|啊|呀|哦|哈|啦|嘛|好吗|好不好|行吗|行不行|可以吗|谢谢你?|一下|好了|就行|就好|就可以了?|[,，]?快点|[,，]?好的)$")
_EDGE = " ,.!?;:，。、！？；：-\"'"


def bare_english(said: str) -> str:
    """The order alone: "um could you please go to the box as fast as you can" is "go to the box"."""
    said, before, asked = EN_ANYWHERE.sub("", said).strip(_EDGE) or said.strip(_EDGE), "", False
    while said != before:
        before = said
        m = EN_BEFORE.match(said)
        if m and m.end() < len(said):
            asked = asked or "if" in m.group().split() or m.group().startswith("what")
            said = said[m.end() :]
        said = EN_AFTER.sub("", said) or said
    return in_present(said) if asked else said


def bare_chinese(said: str) -> str:
    """As ``bare_english``, of Chinese."""
    said, before = said.strip(_EDGE), ""
    while said != before:
        before = said
        m = ZH_BEFORE.match(said)
        if m and m.end() < len(said):
            said = said[m.end() :]
        said = (ZH_AFTER.sub("", said) or said).strip(_EDGE)
    return said


def in_present(said: str) -> str:
    """ "if you drove there" asks to drive there: the verb at the beginning in its plain form."""
    verb, space, rest = said.partition(" ")
    if verb in _PAST and (verb != "left" or re.match(r"(?:the|that|this|those|these|my|a|an|him|her|them|it)\b", rest)):
        return _PAST[verb] + space + rest
    if m := _DOUBLED.fullmatch(verb):
        return m["stem"] + m["last"] + space + rest
    if verb.endswith("ed") and len(verb) > 4:
        plain = verb.removesuffix("ed")
        return (plain + "e" if plain.endswith(("v", "at", "c", "s", "dg", "rs")) and plain not in ("pas", "pres") else plain) + space + rest
    return said
