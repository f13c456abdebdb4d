# SPDX-License-Identifier: Apache-2.0

"""Sentence patterns of commands, English and Chinese: each full match is one order. Patterns only, no decisions."""

import re

from mm_nav.core import lexicon as lex

EN_UNIT_M = r"(?P<unit>m|meters?|metres?|cm|centimet(?:er|re)s?|km|kilomet(?:er|re)s?|feet|foot|ft|steps?)?"
EN_TIME = r"(?P<unit>s|secs?|seconds?|min|mins|minutes?|h|hours?)?"
DEG = r"(?P<unit>degrees?|degs?|rad|radians?|turns?)?"
_N = lex.NUMBER
EN_TURN = [
    re.compile(p)
    for p in (
        rf"(?:turn|rotate|spin|go|face|look|steer|bear)?\s*(?:to (?:the|your) )?(?P<side>left|right)(?:\s+(?:by |for )?{_N}\s*{DEG})?",
        rf"(?:turn|rotate|spin)\s+(?:by )?{_N}\s*{DEG}\s*(?:to (?:the|your) )?(?P<side>left|right|clockwise|counter-?clockwise)",
        rf"(?:turn|rotate|spin)\s+(?P<side>clockwise|counter-?clockwise|anti-?clockwise)(?:\s+(?:by )?{_N}\s*{DEG})?",
        r"(?:turn|spin|rotate|face) (?P<around>around|round|about|back|the other way)|(?:make |do )?(?:a )?(?P<uturn>u-?\s?turn)",
    )
]
EN_AHEAD = r"forwards?|ahead|straight(?: on| ahead| forward)?|onwards?"
EN_BACK = r"backwards?|back(?: up)?"
EN_MOVE = [
    re.compile(p)
    for p in (
        rf"(?:(?:move|drive|go|walk|roll|come|step|travel|reverse)\s+)?(?P<way>{EN_AHEAD}|{EN_BACK})(?:\s+(?:by |for )?{_N}\s*{EN_UNIT_M})?",
        rf"(?P<way>advance|reverse|retreat)(?:\s+(?:by |for )?{_N}\s*{EN_UNIT_M})?",
        rf"(?:move|drive|go|walk|roll)\s+{_N}\s*{EN_UNIT_M}\s*(?P<way>{EN_AHEAD}|{EN_BACK})?",
    )
]
EN_WAIT = re.compile(rf"(?:wait|pause|stay|hold|stand by)(?: here| there| still)?(?:\s+(?:for )?(?:about )?{_N}\s*{EN_TIME})?(?: a (?:moment|bit|while))?")
EN_FOLLOW = re.compile(r"(?:keep |start )?(?:follow(?:ing)?|chase|chasing|track(?:ing)?|accompany|go after|come after|stay (?:with|behind|close to)|walk with|tail)\s+(?P<what>.+)")
EN_LOOK = re.compile(r"(?:look(?:ing)? (?:around )?for|find|search(?:ing)? (?:around )?for|search|locate|seek|where is|where's|where are|detect|spot)\s+(?P<what>.+)")
EN_GO = re.compile(
    r"(?:(?:go|drive|head|move|navigate|travel|walk|roll|run|get|come|proceed|advance|return|steer|make|find|ride|rush|hurry|sail)"
    r"(?: (?:your|the|a|its|my|our) way)?(?: (?:me|us|yourself|it))?(?: (?:and|to) (?:stand|wait|park|stay))?"
    r"(?: (?:over|up|on|back|straight|out|across|down|along|forward|directly|all the way|right|there))*"
    r"|(?:take|bring|lead|guide|drive|carry|show|escort)(?: (?:me|us|yourself|it|the robot))?(?: the way)?(?: (?:over|up|back))?)"
    r" (?:to|towards?|for|near|next to|by|beside|at|close to|in front of|until you reach|into|onto|where)\s+(?P<what>.+)"
    r"|(?:approach|reach|visit|meet|(?:stand|park|wait|stay) (?:near|next to|by|beside|at|close to|in front of))\s+(?P<direct>.+)"
)
EN_AVOID = re.compile(
    r"(?:avoid(?: (?:going|driving|getting|coming) (?:near|close to|to|towards?))?|(?:keep|stay|steer|move|get|drive|back) (?:well |far )?(?:away|clear|off|back) (?:from|of)"
    r"|keep (?:your |a |some )*distance (?:from|to)|keep off|shun|evade"
    r"|(?:do not|don'?t|never)(?: ever)? (?:(?:go|drive|move|come|get|head|travel|walk|navigate|run)(?: anywhere)?(?: too)? (?:near|close to|to|towards?|into)"
    r"|approach|touch|hit|bump into))\s+(?P<what>.+)"
)
ZH_N = lex.NUMBER
ZH_TURN = [
    re.compile(p)
    for p in (
        rf"(?:原地)?(?:向|往|朝)?(?P<side>左|右)(?:边|侧|手边)?(?:转弯|旋转|转动|转向|转|拐弯|拐|打)(?:个弯)?(?:{ZH_N}\s*(?P<unit>度|圈|°|degrees?))?",
        rf"(?:原地)?(?:转弯|旋转|转|拐)(?:向|到)?(?P<side>左|右)(?:边|侧)?(?:{ZH_N}\s*(?P<unit>度|圈))?",
        rf"(?:原地)?(?P<side>顺时针|逆时针)(?:方向)?(?:旋转|转动|转)(?:{ZH_N}\s*(?P<unit>度|圈))?",
        r"(?:原地)?(?P<around>掉头|掉个头|调头|转身|转过身来?|向后转|往后转|转半圈)|(?:原地)?(?P<circle>转一圈|转个圈|转圈)",
    )
]
ZH_MOVE = re.compile(
    rf"(?:(?:向|往|朝)?(?P<way>前|后)(?:面|方)?(?:进|退|走|开|移动|移|行驶|行|挪|倒|跑|直行)?|(?P<plain>直走|直行|倒车|倒退|退后|退|倒))(?:了)?"
    rf"(?:{ZH_N}\s*(?P<unit>米|公尺|厘米|公里|m|步)?)?"
)
ZH_WAIT = re.compile(rf"(?:原地|在这里|在这儿|稍)?(?:等待|等候|等等|等)(?:一会儿?|片刻|一下)?(?:{ZH_N}\s*(?P<unit>秒钟?|分钟?|小时|s))?")
ZH_FOLLOW = re.compile(r"(?:跟着|跟随|跟上|跟住|跟在|跟踪|尾随|追上|追着|追)(?P<what>.+?)(?:后面|身后|走|移动)?$")
ZH_LOOK = re.compile(r"(?:寻找|查找|搜索|搜寻|找一下|找一找|找找|找到|找出|去找|找|看看哪里有|哪里有)(?P<what>.+?)(?:在哪里?儿?)?$")
ZH_GO = re.compile(
    r"(?:带我去|带我到|带我们去|领我去|导航到|导航去|行驶到|行驶至|移动到|移动至|移到|挪到|前进到|前往|开车去|开到|开去|开往|开向|驶向|驶到|走到|走向|走去"
    r"|跑到|跑去|跑向|来到|回到|到达|抵达|靠近|接近|去到|去一下|去看看|去|停到|过到|到)(?P<what>.+)"
)  # fmt: skip
ZH_TOWARD = re.compile(r"(?:向|朝着?|往)(?P<what>.+?)(?:那里|那边|那儿)?(?:开过去|走过去|移动过去|前进|移动|行驶|靠近|开|走|驶)(?:去|过去)?$")
ZH_AVOID = re.compile(
    r"(?:远离|避开|绕开|躲开|避让|回避|(?:不要|别|不许|不准|不能|禁止|勿)(?:再)?(?:太)?(?:靠近|接近|走近|碰到?|撞到?|去|到|往|驶向|开到|走到|开向))(?P<what>.+?)(?:那里|那边|那儿)?(?:去|走|开)?"
    r"|(?:离|跟|与|和)(?P<far>.+?)(?:保持距离|远一?点儿?|远一?些)"
)
