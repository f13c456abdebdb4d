# SPDX-License-Identifier: Apache-2.0
"""Turns, moves and waits in any word order: a sentence that holds nothing but the words of one manoeuvre is that manoeuvre.

Since every word must be known, no thing, no negation and no second order can hide in such a sentence. The side and the
direction must be said, and said once. Words only; amounts become radians and metres in mm_nav.core.command.
"""
# ruff: noqa: SIM905  (word lists read better as one string)

import re
from dataclasses import dataclass

from mm_nav.core import lexicon as lex
from mm_nav.core.types import Intent


@dataclass(frozen=True, slots=True)
class Manoeuvre:
    """What was said: ``sign`` + is left or ahead; ``number`` as said, None where none was; ``share`` of a whole turn."""

    intent: Intent
    sign: float = 1.0
    number: str | None = None
    unit: str = ""
    share: float | None = None


_SMALL = ("a an the little bit tad touch some slightly more further slight small tiny quick sharp hard gentle full about around roughly approximately maybe say another "
          "to towards toward on in at over by for of and this that here there now again once way just your my its own our where same direction time next first")  # fmt: skip
_TURNING = (_SMALL + " turn turning turns rotate rotating spin spinning face facing look looking steer bear hang make take do doing pivot veer curve swivel twist wheel point go going "
            "swing round right left clockwise counterclockwise anticlockwise counter anti hand side lefthand righthand leftwards rightwards leftward rightward lefty righty body head nose front you yourself me give "
            "degree degrees deg degs rad radian radians keep keeping spot it so reverse then quarter half other opposite behind back came come u uturn 180 360 corner junction crossing intersection light lights circle complete all whole "
            "about-face about-turn u-turn left-hand right-hand").split()  # fmt: skip
_MOVING = (_SMALL + " move moving drive driving go going walk walking roll rolling come coming step stepping travel scoot inch nudge creep edge scooch keep keeping continue advance advancing shuffle pull proceed "
           "drop give few couple get getting back backing up off away reverse reversing retreat forward forwards ahead straight onward onwards backward backwards rearward rearwards closer nearer run slide push head heading "
           "directly it you yourself take m meter meters metre metres cm centimeter centimeters centimetre centimetres km feet foot ft step steps pace paces half quarter slowly carefully gently quickly me us").split()  # fmt: skip
_WAITING = (_SMALL + " wait waiting pause pausing stay staying hold holding hang hanging tight stand standing by remain rest up put still patiently position me us break give take need i back with not yet five "
            "moment minute minutes min mins second seconds sec secs s hour hours h while few couple horses where you are right exactly please longer let out one spot place back be ll i'll am i'm coming return soon get").split()  # fmt: skip
_EN = {name: frozenset(words) for name, words in (("turn", _TURNING), ("move", _MOVING), ("wait", _WAITING))}
_COUNT = frozenset(lex.EN_WORD.replace("an?", "a|an").split("|"))
_LEFT, _RIGHT = frozenset("left leftwards leftward lefty lefthand left-hand".split()), frozenset("right rightwards rightward righty righthand right-hand".split())
_ROUND = re.compile(r"\b(?:around|round|about)$|\b(?:other|opposite) (?:way|direction|side)\b|\bu-?\s?turn\b|\b180\b|\bone eighty\b|\bback\b|\bbehind\b|\babout[- ](?:face|turn)\b|\breverse direction\b|\bhalf (?:a )?(?:turn|circle)\b")
_CIRCLE = re.compile(r"\b(?:full|complete|whole) (?:circle|turn)\b|\b360\b|\bthree sixty\b|\bin (?:a )?circles?\b|\ball the way (?:around|round)\b")
_TURN_CUE = re.compile(r"\b(?:turn|turning|rotate|rotating|spin|spinning|face|facing|look|looking|steer|bear|hang|make|take|do|pivot|veer|curve|swivel|twist|wheel|point|go|swing|give|keep|reverse direction|u-?turn|about-?\w*|circle)\b")
_AHEAD = re.compile(r"\b(?:forwards?|ahead|straight|onwards?|advanc(?:e|ing)|closer|nearer)\b|^(?:move|scoot|inch|nudge|come|step|drive|roll|pull|creep|edge) up\b|\b(?:drive|go|keep|move|roll|walk|keep going|keep driving) on\b")
_ASTERN = re.compile(r"\b(?:back|backing|backwards?|reverse|reversing|retreat|rearwards?|away)\b")
_WAIT_CUE = re.compile(r"^not yet$|^take five$|\b(?:wait|waiting|paus(?:e|ing)|stay|staying|hang (?:on|tight|around|back)|hold(?:ing)?|stand(?:ing)? by|remain|rest|break)\b|^(?:give me|give us|i need|need|take|just)? ?(?:a|one|two|another)? ?(?:moment|minutes?|second|sec|while|few)")
_METRE = r"m|meters?|metres?|cm|centimet(?:er|re)s?|km|feet|foot|ft|steps?|paces?"
_UNIT = {
    Intent.TURN: r"degrees?|degs?|rad|radians?", Intent.MOVE_BY: _METRE, Intent.WAIT: r"s|secs?|seconds?|min|mins|minutes?|h|hours?",
}  # fmt: skip
_AMOUNT = {
    intent: re.compile(rf"(?<![\w.]){lex.NUMBER}\s*(?P<unit>{units})\b(?P<half> and a half)?") for intent, units in _UNIT.items()
}
_BARE = re.compile(r"(?<![\w.,-])(?P<number>\d+(?:[.,]\d+)?|(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|ten|fifteen|five)[\s-]?)+)(?![\w])")


def english(said: str) -> Manoeuvre | None:
    """The manoeuvre that is said; None where a word is left over, or side or direction are missing or contradict."""
    words = re.sub(r"(?<=\d)(?=[a-z])", " ", said.replace(",", " ").replace("wait for me", "wait")).split()
    plain = " ".join(words)
    if not words or len(words) > 16:
        return None
    if _only(words, "turn") and (found := _turn(plain, set(words))) is not None:
        return found
    if _only(words, "move") and not (_LEFT | _RIGHT) & set(words):
        ahead, astern = bool(_AHEAD.search(plain)), bool(_ASTERN.search(plain))
        if ahead != astern:
            return _counted(Intent.MOVE_BY, plain, 1.0 if ahead else -1.0)
        if not ahead and (found := _counted(Intent.MOVE_BY, plain, 1.0)).unit and re.match(r"move|drive|go|roll|walk|travel|scoot|come|advance|proceed|run", plain):
            return found
    if _only(words, "wait") and _WAIT_CUE.search(plain):
        return _counted(Intent.WAIT, plain, 1.0)
    return None


def loose_english(intent: Intent, said: str) -> Manoeuvre | None:
    """Side, direction and amount for a manoeuvre that is known to be meant; None where they are not said, or contradict."""
    if intent is Intent.TURN:
        return _turn(said, set(said.split()))
    ahead, astern = bool(_AHEAD.search(said)), bool(_ASTERN.search(said))
    if intent is Intent.MOVE_BY and ahead == astern:
        return None
    return _counted(intent, said, -1.0 if intent is Intent.MOVE_BY and astern else 1.0)


def _only(words: list[str], name: str) -> bool:
    return all(w in _EN[name] or w in _COUNT or re.fullmatch(r"\d+(?:\.\d+)?", w) or all(p in _COUNT for p in w.split("-")) for w in words)


def _turn(plain: str, words: set[str]) -> Manoeuvre | None:
    left, right = bool(_LEFT & words), bool(_RIGHT & words)
    clock = re.search(r"(?P<against>(?:counter|anti)[- ]?)?clockwise", plain)
    if clock is not None:
        left, right = (left or bool(clock["against"])), (right or not clock["against"])
    if left and right:
        return None
    sided = left or right
    if not sided and not _TURN_CUE.search(plain):
        return None
    if _CIRCLE.search(plain) and (not sided or "circle" in words or "360" in words):
        return Manoeuvre(Intent.TURN, -1.0 if right else 1.0, share=1.0)
    if not sided:
        return Manoeuvre(Intent.TURN, share=0.5) if _ROUND.search(plain) else None
    sign = 1.0 if left else -1.0
    if (share := re.search(r"\b(?P<share>quarter|half|full)(?: of)?(?: a)? (?:turn|circle)\b", plain)) is not None:
        return Manoeuvre(Intent.TURN, sign, share={"quarter": 0.25, "half": 0.5, "full": 1.0}[share["share"]])
    if re.search(r"\bright (?:around|round)$|\b(?:180|one eighty)$", plain) and not left:
        return Manoeuvre(Intent.TURN, sign, share=0.5)
    return _counted(Intent.TURN, plain, sign)


def _counted(intent: Intent, plain: str, sign: float) -> Manoeuvre:
    m = _AMOUNT[intent].search(plain)
    if m is None:
        m = _BARE.search(plain)
        return Manoeuvre(intent, sign, number=m["number"].strip() if m else None)
    number = m["number"].strip() + (" and a half" if m["half"] else "")
    return Manoeuvre(intent, sign, number=number, unit=m["unit"])


# ---------------------------------------------------------------- Chinese

_ZH_SMALL = "再 就 也 请 先 稍微 稍稍 稍 略微 大概 大约 差不多 约 一点点 一点儿 一点 一些 点儿 点 些 少许 一小段 一下 个 了 着 地 的 慢慢 轻轻 小幅 大幅 过去 过来 来 去 把 下 一 你 给我".split()
_ZH_COUNT = "零 〇 一 二 两 三 四 五 六 七 八 九 十 百 半 点 几 多".split()
_ZH_TOKENS = {
    "turn": "左边 右边 左侧 右侧 左手边 右手边 左面 右面 左 右 向 往 朝着 朝 到 原地 车头 车身 身子 身体 头 机头 方向盘 方向 转弯 旋转 转动 转向 转过 转 拐弯 拐 打 偏 摆 掉 弯 急 度 圈 掉头 调头 调转 掉转 回头 "
            "转身 转个身 身 后 后面 后方 反方向 相反 另一边 另一个 背后 顺时针 逆时针 下 下个 前面 路口 这里 这个 处 在 半 边 面 侧 回 看".split(),
    "move": "向 往 朝 前方 前面 前边 前 后方 后面 后边 后 进 退后 后退 倒退 倒车 退 走 开 进 前进 移动 移 行驶 行 挪动 挪 倒 跑 直行 直走 直 笔直 一直 滑 靠近 靠 近 回 米 公尺 厘米 公里 步 m 左右 的距离 距离 继续".split(),
    "wait": "等待 等候 等等 等我回来 等我 等一等 等 站在 站 这 那 再说 待命 待着 待 原地 在原地 在这里 在这儿 在那里 在那儿 在此 在 此 这里 这儿 那里 那儿 稍候 稍后 稍 一会儿 一会 会儿 会 片刻 我 秒钟 秒 分钟 分 小时 歇 休息 歇歇 别急 不急 着急 别走 别动地方 先别走 先别 "
            "马上 回来 我们 停留 保持 位置 不要急 候".split(),
}  # fmt: skip
_ZH_CHAIN = {name: tuple(sorted({*tokens, *_ZH_SMALL, *_ZH_COUNT}, key=len, reverse=True)) for name, tokens in _ZH_TOKENS.items()}
_ZH_NUMBER = r"(?P<number>\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百点半]+)"
_ZH_AMOUNT = {
    Intent.TURN: re.compile(_ZH_NUMBER + r"\s*(?P<unit>度|圈)"),
    Intent.MOVE_BY: re.compile(_ZH_NUMBER + r"\s*个?(?P<unit>米|公尺|厘米|公里|m|步)(?P<tenth>[一二三四五六七八九半]?)"),
    Intent.WAIT: re.compile(_ZH_NUMBER + r"\s*个?(?P<unit>秒钟?|分钟?|小时)"),
}


def chinese(said: str) -> Manoeuvre | None:
    """As ``english``, of Chinese."""
    if len(said) > 24:
        return None
    if (_chain(said, "turn") and re.search(r"转|拐|掉头|调头|打|偏|摆|回头|掉个头|调个头|度|看", said)) or re.fullmatch(r"再?(?:向|往|朝)?[左右](?:边|侧)?(?:一?点点?儿?|一些)?", said):
        return _turned(said)
    if _chain(said, "move"):
        ahead, astern = bool(re.search(r"前|直|进|靠近|过来", said)), bool(re.search(r"后|退|倒|回", said))
        if ahead != astern and re.search(r"走|开|进|退|移|挪|倒|行|跑|滑|来|靠近|点|米|步|回|去|一些", said):
            return _measured(Intent.MOVE_BY, said, 1.0 if ahead else -1.0)
    if _chain(said, "wait") and re.search(r"等|待命|待着|稍候|歇|休息|停留|候", said):
        return _measured(Intent.WAIT, said, 1.0)
    return None


def loose_chinese(intent: Intent, said: str) -> Manoeuvre | None:
    """As ``loose_english``, of Chinese."""
    if intent is Intent.TURN:
        return _turned(said)
    ahead, astern = bool(re.search(r"前|直|进|靠近", said)), bool(re.search(r"后|退|倒", said))
    if intent is Intent.MOVE_BY and ahead == astern:
        return None
    return _measured(intent, said, -1.0 if intent is Intent.MOVE_BY and astern else 1.0)


def _chain(said: str, name: str) -> bool:
    """Whether nothing but known pieces make up a sentence; the longest piece first."""
    at = 0
    while at < len(said):
        if m := re.compile(r"[\d., ，、]+").match(said, at):
            at = m.end()
            continue
        piece = next((t for t in _ZH_CHAIN[name] if said.startswith(t, at)), None)
        if piece is None:
            return False
        at += len(piece)
    return True


def _turned(said: str) -> Manoeuvre | None:
    left = "左" in said or "逆时针" in said
    right = "右" in said or "顺时针" in said
    if left and right:
        return None
    if left or right:
        return _measured(Intent.TURN, said, 1.0 if left else -1.0)
    if re.search(r"[掉调][头转]|[掉调]个头|回头|转个?身|转过身|身|后|背后|反方向|另一[边个]|相反|半圈", said):
        return Manoeuvre(Intent.TURN, share=0.5)
    return Manoeuvre(Intent.TURN, share=1.0) if "圈" in said else None


def _measured(intent: Intent, said: str, sign: float) -> Manoeuvre:
    m = _ZH_AMOUNT[intent].search(said)
    if m is None:
        return Manoeuvre(intent, sign)
    number = m["number"]
    tenth = m.groupdict().get("tenth") or ""
    if tenth and (value := lex.read_number(number)) is not None:
        number = str(value + (0.5 if tenth == "半" else 0.1 * (lex.read_number(tenth) or 0.0)))
    return Manoeuvre(intent, sign, number=number, unit=m["unit"])
