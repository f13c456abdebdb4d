# SPDX-License-Identifier: Apache-2.0
"""Sentence patterns of commands, English and Chinese: each full match is one order. Patterns only, no decisions.

English verbs may come as "swing" or "swinging" ("would you mind swinging by the crate").
"""

import re

from mm_nav.core import lexicon as lex

_N = lex.NUMBER
_LITTLE = r"(?: (?:a (?:little|bit|tad|touch)(?: (?:bit|more|further))?|slightly|some|some more|further|more|again|there))?"


def _verbs(words: str) -> str:
    """Alternatives of a list of verbs, each also in its -ing form."""
    forms = []
    for word in words.split():
        stem = word.removesuffix("e") if word.endswith("e") and not word.endswith("ee") else word
        doubled = word + word[-1] if re.fullmatch(r"[a-z]*[^aeiou][aeiou][bdgmnprt]", word) else word
        forms += [word, *{f"{stem}ing", f"{doubled}ing"}]
    return "|".join(sorted(forms, key=len, reverse=True))


# ---------------------------------------------------------------- turning and moving

EN_UNIT_M = r"(?P<unit>m|meters?|metres?|cm|centimet(?:er|re)s?|km|kilomet(?:er|re)s?|feet|foot|ft|steps?|paces?)?(?P<half> and a half)?"
EN_TIME = r"(?P<unit>s|secs?|seconds?|min|mins|minutes?|h|hours?)?"
DEG = r"(?P<unit>degrees?|degs?|rad|radians?|turns?)?"
_TURN = _verbs("turn rotate spin go face look steer bear hang make take swing pivot veer curve swivel twist wheel do point")
_CLOCK = r"clockwise|(?:counter|anti)-?\s?clockwise"
_TO_SIDE = r"(?:(?:to|towards?|on|over to) )?(?:(?:the|your|its|my) )?"
EN_TURN = [
    re.compile(p)
    for p in (
        (rf"(?:(?:{_TURN})\s+)?(?:(?:yourself|around|round|over) )?(?:(?:a|another) )?{_TO_SIDE}(?P<side>left|right|{_CLOCK})(?:-?hand)?(?: side)?(?: turn)?"
        rf"(?:\s+(?:by |for |about )?{_N}\s*{DEG})?{_LITTLE}"),
        rf"(?:{_TURN})\s+(?:yourself )?(?:by |about )?{_N}\s*{DEG}\s*{_TO_SIDE}(?P<side>left|right|{_CLOCK})(?: side)?",
        rf"(?:(?:give me|do|make) )?(?:a )?(?P<share>quarter|half|full)[- ]turn {_TO_SIDE}(?P<side>left|right|{_CLOCK})",
        (rf"(?:{_TURN}) (?:yourself )?(?P<around>around|round|about|back|the other way)|about[- ](?:face|turn)(?P<about>)"
        r"|(?:make |do |take )?(?:a )?(?P<uturn>u-?\s?turn|180|one[- ]eighty|half turn)"),
        rf"(?:(?:{_TURN}) )?(?:a )?(?P<circle>full circle|full turn|360|complete turn|pirouette)",
    )
]
EN_AHEAD = r"forwards?|ahead|straight(?: on| ahead| forward)?|onwards?|up"
EN_BACK = r"backwards?|back(?: up| off| away)?|in reverse|rearwards?"
_MOVE = _verbs("move drive go walk roll come step travel reverse scoot inch nudge creep edge scooch keep advance shuffle pull")
EN_MOVE = [
    re.compile(p)
    for p in (
        rf"(?:a (?:little|bit)(?: (?:bit|further|more))? )(?P<way>{EN_AHEAD}|{EN_BACK})",
        rf"(?:(?:{_MOVE})\s+)?(?:(?:going|moving|driving) )?(?:yourself )?(?:directly )?(?P<way>{EN_AHEAD}|{EN_BACK})(?:\s+(?:by |for )?{_N}\s*{EN_UNIT_M})?{_LITTLE}",
        rf"(?P<way>advance|reverse|retreat)(?:\s+(?:by |for )?{_N}\s*{EN_UNIT_M})?{_LITTLE}",
        rf"(?:(?:{_MOVE}|take)\s+)?(?:by )?{_N}\s*{EN_UNIT_M}\s*(?P<way>{EN_AHEAD}|{EN_BACK})",
        rf"(?:{_MOVE})\s+{_N}\s*{EN_UNIT_M}(?P<way>)",
    )
]
EN_WAIT = [
    re.compile(p)
    for p in (
        (rf"(?:wait|waiting|pause|pausing|stay|staying|hold|hang on|hang tight|stand by|remain|rest)(?: here| there| still| put| where you are| your position| position)?"
        rf"(?:\s+(?:for )?(?:about |another )?{_N}\s*{EN_TIME})?(?: (?:for )?(?:a|just a) (?:moment|bit|while))?(?: (?:until|till) .+)?"),
        rf"give (?:me|us) {_N}\s*{EN_TIME}",
        r"give (?:me|us) a (?:moment|bit|while)",
    )
]

# ---------------------------------------------------------------- things to go to, follow, look for, avoid

EN_FOLLOW = re.compile(
    rf"(?:(?:keep|start|go|just) )?(?:(?:{_verbs('follow chase track accompany tail trail shadow escort pursue')})"
    r"|(?:go|come|run|walk|drive|move|head)(?:ing)? after|(?:stay|stick|keep|remain)(?:ing)?(?: right| close| directly)? (?:with|behind|close to|to|up with|pace with)"
    r"|(?:walk|go|come|drive|ride|tag|move|run)(?:ing)?(?: along)?(?: right| directly)? (?:with|behind)|keep(?:ing)? up with)\s+(?P<what>.+)"
    r"|go (?:wherever|where) (?P<direct>.+?) (?:goes|is going|walks|drives)"
)
EN_LOOK = re.compile(
    r"(?:search(?:ing)?(?: around| the [a-z]+| everywhere| this [a-z]+) for|scan(?:ning)? (?:the [a-z]+ )?for"
    rf"|(?:i am |i'm |we are )?look(?:ing)? (?:all )?(?:around )?for|(?:{_verbs('find locate seek detect spot search')})(?! (?:yourself|your way|a way|out))(?: me| us)?(?: for)?"
    r"|hunt(?:ing)? (?:for|down)"
    r"|(?:(?:any idea|tell me|show me|do you know|can you tell me|check|see|find out|figure out|work out) )?(?:where is|where's|where are)"
    r"|(?:see|check) (?:if|whether) (?:you|we) can (?:find|see|spot|locate)|go (?:and )?(?:look(?: around)? for|find(?! (?:your|a )(?:self|way|spot|place))|search for)"
    r"|(?:do|can|did|have) you (?:see|seen|spot|find|spotted|found)|(?:try to )?keep (?:an eye|a lookout) (?:out )?for"
    r"|(?:look|watch) out for(?! .*\b(?:away|clear)\b)|i (?:have )?lost|i can(?:no|')t find)\s+(?P<what>.+?)(?: (?:anywhere|somewhere|for me)| ?, ?(?:please )?find it)?"
    r"|(?:any idea|tell me|do you know|can you tell me|check|see|find out|figure out|work out) where (?P<direct>.+?) (?:is|are)(?: standing| hiding)?"
)
_GO = _verbs(
    "go drive head move navigate travel walk roll run get come proceed advance return steer make find ride rush hurry sail scoot swing pull hop zip zoom race "
    "sprint cruise dash drop stop park bring dart speed hike stroll wander trundle journey pop nip slide creep mosey march turn position place put send"
)
_PLACE = r"to|towards?|for|near|nearby|next to|by|beside|alongside|at|close to|in front of|until you reach|into|onto|up to|over to|in on|on"
EN_GO = re.compile(
    rf"(?:(?:{_GO})"
    r"(?: (?:your|the|a|its|my|our) way)?(?: (?:me|us|yourself|it))?(?: (?:a|some) (?:spot|place|space))?(?: (?:and|to) (?:stand|wait|park|stay)(?: yourself)?)?"
    r"(?: (?:over|up|on|back|straight|out|across|down|along|forward|directly|all the way|right|there|in|park|yourself|off))*"
    r"|(?:take|bring|lead|guide|drive|carry|show|escort)(?: (?:me|us|yourself|it|the robot))?(?: the way)?(?: (?:over|up|back))?"
    r"|(?:set|plot) (?:a )?course|(?:i|we) (?:need|want|would like) you(?: (?:over|to be|right))*|be|went|drove|(?:keep|continue)(?: (?:going|driving|moving|on))?|(?:find|get)(?: me| us)?"
    r" (?:a|the|some) (?:way|path|route)|(?:we|i) (?:need|want|have) to (?:get|go|be))"
    rf" (?:{_PLACE})\s+(?P<what>.+)"
    rf"|(?:{_verbs('approach reach visit meet')})(?: (?:me|us) (?:at|by|near))?\s+(?P<direct>.+)"
    r"|(?:stand|park|wait|stay|pull up)(?:ing)? (?:near|next to|by|beside|at|close to|in front of)\s+(?P<what2>.+)"
    r"|(?:(?:your|the|our) )?(?:destination|target|goal|next stop)(?: is| ?:)\s+(?P<named>.+)|go there ?: ?(?P<colon>.+)"
    r"|(?P<first>.+?)(?: ?, ?(?:please )?(?:go|drive|head|move) there| is where (?:i|we) (?:want|need) you(?: to (?:go|be))?)"
)
EN_AVOID = re.compile(
    r"(?:avoid(?:ing)?(?: (?:going|driving|getting|coming) (?:near|close to|to|towards?))?"
    r"|(?:keep|stay|steer|move|get|drive|back|remain)(?:ing)?(?: a?)?(?: (?:well|far|right|safely|good distance))? ?(?:away|clear|off|back|out)(?: (?:from|of))(?: the way of)?"
    r"|(?:keep|stay|remain)(?:ing)? at (?:a|some|a safe|a good) distance (?:from|to)"
    r"|keep(?:ing)? (?:your |a |some )?(?:safe |good )?distance (?:from|to)|keep off|shun|evade|leave"
    r"|(?:do not|don'?t|never|not)(?: you)?(?: ever| dare)?(?: to)? (?:(?:go|drive|move|come|get|head|travel|walk|navigate|run|drift|wander)(?: anywhere)?(?: too| so)? (?:near|close to|to|towards?|into)"
    r"|approach|touch|hit|bump into|run over))\s+(?P<what>.+?)(?: alone)?"
    r"|give (?P<berth>.+?) (?:a wide berth|(?:plenty of|some|lots of) (?:space|room))"
    r"|(?:watch|look) out for (?P<watched>.+?)(?: ?,)? and (?:stay|keep|steer) (?:away|clear)(?: (?:from|of) (?:it|them|him|her))?"
)

# ---------------------------------------------------------------- Chinese

ZH_N = rf"(?:{_N})(?:\s*(?:来|多))?"
_ZH_LITTLE = r"(?:一?点点?儿?|一些|一下|少许|一小段)?"
_ZH_UNIT_M = r"(?P<unit>米|公尺|厘米|公里|m|步)?(?P<tenth>[一二三四五六七八九半]?)"
_ZH_TURN = r"转弯|旋转|转动|转向|转个?|拐弯|拐个?|打|偏|掉"
ZH_TURN = [
    re.compile(p)
    for p in (
        rf"(?:原地|车头|机头)?(?:再)?(?:向|往|朝|朝着)?(?P<side>左|右)(?:边|侧|手边|面)?(?:{_ZH_TURN})(?:个?弯|过去)?(?:{ZH_N}\s*(?P<unit>度|圈|°|degrees?))?{_ZH_LITTLE}",
        rf"(?:原地|车头)?(?:{_ZH_TURN})(?:向|到|往)?(?P<side>左|右)(?:边|侧|面)?(?:{ZH_N}\s*(?P<unit>度|圈))?{_ZH_LITTLE}",
        rf"(?:原地)?(?:沿)?(?P<side>顺时针|逆时针)(?:方向)?(?:旋转|转动|转)(?:{ZH_N}\s*(?P<unit>度|圈))?{_ZH_LITTLE}",
        r"(?:原地)?(?P<around>掉头|掉个头|调头|调个头|转身|转个身|转过身[来去]?|向后转|往后转|转半圈)|(?:原地)?(?P<circle>转一圈|转个圈|转圈)",
    )
]
ZH_MOVE = re.compile(
    rf"(?:再)?(?:(?:向|往|朝|笔直向)?(?P<way>前|后)(?:面|方|边)?(?:进|退|走|开|移动|移|行驶|行|挪动|挪|倒|跑|直行|滑)?|(?P<plain>直走|直行|一直走|倒车|倒退|倒着走|退后|往回退|退|倒))(?:了|个)?"
    rf"(?:一?点点?儿?|(?:{_N}\s*{_ZH_UNIT_M})?{_ZH_LITTLE})"
)
ZH_WAIT = re.compile(
    rf"(?:先)?(?:原地|在原地|在这里|在这儿|待在原地|稍)?(?:等待|等候|等等|等我|等|待命|待着)(?:我|着)?(?:一会儿?|片刻|一下|会儿)?(?:{_N}\s*(?P<unit>秒钟?|分钟?|小时|s))?"
)
ZH_FOLLOW = re.compile(
    r"(?:一直|始终)?(?:紧紧?)?(?:跟着|跟随|跟上|跟住|跟在|跟踪|跟紧|跟|尾随|追上|追着|追|陪着|陪同)(?P<what>.+?)(?:的?后面|身后|的?后头)?(?:一起)?(?:走|移动|前进)?$"
)
ZH_LOOK = re.compile(
    r"(?:去)?(?:寻找|查找|搜索|搜寻|找一下|找一找|找找|找到|找出|去找|找|看看哪里有|哪里有|有没有看[到见]|有没有看|看看|看见|你?看[到得]见?|搜)(?:一下|一个|一辆)?(?P<what>.+?)(?:在哪里?儿?|了吗|没有)?$|(?P<direct>.+?)(?:在哪里?儿?|在什么地方)$"
)
ZH_GO = re.compile(
    r"(?:把?我们?带[到去]|带我们?[去到]|领我去|导航[到去]|行驶[到至]|移动[到至]|移步到|移到|挪到|前进到|前往|开车去|开到|开去|开往|开向|驶向|驶到|走到|走向|走去|走近"
    r"|跑到|跑去|跑向|去一趟|来到|回到|到达|抵达|靠近|接近|去到|过去|去一下|去看看|去|停到|停在|过到|到|目的地[是:])(?P<what>.+)"
)  # fmt: skip
ZH_TOWARD = re.compile(
    r"(?:向着?|朝着?|往)(?P<what>.+?)(?:那里|那边|那儿|的方向)?(?:开过去|走过去|移动过去|前进|移动|行驶|靠近|靠拢|开|走|驶)(?:去|过去)?$"
)
_ZH_NOT = r"(?:不要|别|不许|不准|不能|不可以|禁止|勿|切勿|不得)"
ZH_AVOID = re.compile(
    rf"(?:远离|避开|绕开|躲开|躲避|避让|回避|绕过|{_ZH_NOT}(?:再)?(?:太|过于)?(?:靠近|接近|走近|碰到?|撞到?|撞上|去碰|去|到|往|驶向|开到|开往|走到|走向|开向|朝))(?P<what>.+?)(?:那里|那边|那儿|太近)?(?:去|走|开)?"
    r"|(?:离|跟|与|和)(?P<far>.+?)(?:保持(?:一定的?|安全)?距离|远一?点儿?|远一?些)"
)
