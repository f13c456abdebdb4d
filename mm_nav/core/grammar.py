# SPDX-License-Identifier: Apache-2.0
"""Sentence patterns of commands, English and Chinese: each full match is one order. Patterns only, no decisions.

English verbs may come as "swing" or "swinging" ("would you mind swinging by the crate").
"""

import re

from mm_nav.core import lexicon as lex
from mm_nav.core.types import Intent

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

_HIM = r"(?: (?:wherever|everywhere|anywhere|where|as|when|while|until) (?:he|she|it|they|you)\b.*| around(?: .*)?| everywhere)?"
EN_LOST = re.compile(
    r"(?:i|we)(?: just| really)? (?:can(?:no|')?t|can not|couldn'?t|could not|am not able to|don'?t|do not|am unable to)(?: seem to)? (?:find|see|locate|spot|(?:know|remember|recall|see|tell) where)(?: (?:i|we|they) (?:put|left|have put))? (?P<what>.+?)"
    r"(?: (?:is|are|went|was|has gone|could be|anywhere|around here|anymore|any more|at all))*"
)
EN_NOT_YET = re.compile(  # not to go on is to wait
    rf"(?:do not|don'?t)(?: you)? (?:do anything|go anywhere|go|leave|move on|drive off|start|go on|run off|set off)(?: (?:just )?yet| now| away)*(?:\s+(?:for )?(?:about |another )?{_N}\s*{EN_TIME})?(?: (?:until|till|before) .+)?"
)
EN_FOLLOW = re.compile(
    rf"(?:(?:keep|start|go|begin)(?: on)? )?(?:(?:{_verbs('follow chase track join accompany tail trail shadow escort pursue')})(?! your\b)(?<!track(?= down))(?! the (?:path|road|corridor|hallway|line|track|trail|street|lane|wall|signs?)\b.* to\b)(?: (?:along|right|closely|directly|close|on|down))*(?: (?:behind|after|with))?"
    r"|(?:go|come|run|walk|drive|move|head|tag|follow|get)(?:ing)?(?: along| right| close| directly)* (?:after|behind|with)"
    r"|(?:stay|stick|keep|remain|hang)(?:ing)?(?: right| close| directly| closely)* (?:with|behind|close to|to|up with|pace with|after)"
    r"|(?:stay|keep|stick|be|remain|hang)(?:ing)? (?:close )?(?:on|at|to) (?:the )?(?:tail|heels|track|tracks|trail) of|keep(?:ing)? (?:close )?track of"
    rf"|ride(?: along)? with|keep(?:ing)? up with)\s+(?P<what>.+?){_HIM}"
    r"|(?:watch|keep (?:an eye|your eyes) on|look at|see|find) (?P<eyed>.+?) and (?:then )?follow (?:him|her|it|them)(?: around| everywhere)?"
    r"|go (?:wherever|where|anywhere|everywhere) (?P<direct>.+?) (?:goes|is going|walks|drives|leads|heads|moves|runs)"
    r"|(?:where|wherever|everywhere|anywhere) (?P<first>.+?) (?:goes|walks|drives|moves|leads|runs)(?: ?,)? you (?:go|follow|walk|drive)(?: too| as well)?"
)
EN_KEEP = re.compile(  # the only orders where a negation asks to stay close
    r"(?:make sure (?:that )?(?:you |we )?|be sure (?:you |to )?|try )?(?:(?:do not|don'?t|never|not)(?: to)?(?: ever)?|you (?:must not|mustn'?t|should not|shouldn'?t))"
    r" (?:lose(?: sight of| track of)? (?P<what>.+)|let (?P<direct>.+?) (?:out of (?:your )?sight|get away|escape|out of view|get lost))"
)
_ASK = r"(?:(?:do |would |have )?you (?:have )?(?:any idea|any clue|know|tell|remember)|tell|remember|know|i (?:don'?t|do not) know|any idea|any clue|tell me|show me|do you know|you know|can you tell me|can you see|check|see|find out|figure out|work out|i wonder|wonder|let me know)"
_NEARBY = r"(?:around(?: here| there)?|here|nearby|somewhere|anywhere|in sight|close by|in (?:here|there|this [a-z]+|the [a-z]+))"
EN_LOOK = re.compile(
    r"(?:(?:help(?: me| us)?(?: to)?|go|try(?: to| and)?|and|go and|come and) )*(?:search(?:ing)?(?: around| about| the [a-z]+| everywhere| this [a-z]+| all over)? for|scan(?:ning)?(?: around)? (?:the [a-z]+ )?for"
    rf"|(?:i am |i'm |im |we are |we're )?(?:looking|searching|trying to find|trying to locate|hunting)(?: (?:all |everywhere )?(?:around )?for)?(?! forward)|look(?:ing)? (?:all )?(?:around |everywhere |about )?for|(?:{_verbs('find locate seek detect spot')})(?! (?:yourself|your way|a way|out)\b)(?: me| us)?(?: for)?"
    r"|look (?:under|in|behind|on|inside|near|by|beside|through|over)(?: the| a| that| my)? \w+(?: \w+)? for|i(?:'ve| have) been (?:looking|searching|hunting) for|i(?:'m| am) after|(?:have|take) a look(?: around| about)? for|look and see (?:if|whether) there(?:'s| is| are)|point out|which way did|i(?:'m| am) missing|hunt(?:ing)? (?:for|down|around for)|track(?:ing)? down|get eyes on|(?:scout|check|look|scan|poke|ask|hunt|feel|browse)(?: all)?(?: around| about| everywhere)? for"
    rf"|(?:{_ASK} )?(?:where(?: on earth| exactly| in the world| the heck)? (?:is|are|did|has|have|was|were|could|can|might|would)|where's|where're)(?: (?:we|i|they|you|he|she|someone|somebody) (?:put|leave|left|keep|placed|place|find|store|get))?"
    rf"|(?:{_ASK} )?where (?:they|you|we|i|someone|he|she|somebody) (?:put|left|placed|keep|parked|hid|(?:can|could|might) (?:find|see|get))"
    r"|(?:is|are) there(?: any sign of)?(?= .*\b(?:around|here|nearby|somewhere|anywhere|in sight|close by)\b)|do (?:we|you) have(?= .*\b(?:around|here|nearby|somewhere|anywhere)\b)|any (?:sign|trace) of"
    r"|(?:see|check|look) (?:if|whether) (?:you|we) can (?:find|see|spot|locate)|(?:see|check|look|find out|tell me|let me know) (?:if|whether) there(?:'s| is| are)"
    r"|(?:see|check|find out|figure out|work out|tell me|let me know|show me|call me|shout|beep|say so) (?:if|when|whenever|as soon as|whether) you(?: can)? (?:see|spot|find|notice|detect)"
    r"|(?:(?:do|can|did|have) )?you(?: happen to)? (?:see|seen|spot|find|spotted|found)|see(?= .*\b(?:around|here|nearby|somewhere|anywhere|in sight|close by)$)|seen|have you come across|(?:try to )?keep (?:an eye|a lookout|your eyes|your eyes (?:open|peeled)) (?:out )?for|be on the (?:lookout|look out) for"
    r"|(?:look|watch) out for(?! .*\b(?:away|clear|careful|back|avoid)\b)|i(?:'ve| have)? (?:lost|misplaced)(?: track of| sight of)?|(?:i|we) (?:(?:can(?:no|')?t|can not) (?:seem to )?(?:find|see|locate|spot)|(?:need|have|want|wish|would like)(?: you)? to (?:find|locate|look for))"
    rf"|what happened to)\s+(?P<what>.+?)(?: (?:gone|go|went|been|be|get to|got to|disappear(?:ed)? to|hiding|left|put|placed|kept|where is it|where are they|{_NEARBY}|for me))*(?: ?, ?(?:please )?find (?:it|them))?"
    rf"|(?:check|see|look|find out) (?:if|whether) (?P<there>.+?) (?:is|are) {_NEARBY}"
    rf"|{_ASK} where (?P<direct>.+?) (?:is|are|went|has gone|have gone|was|got to|could be|might be)(?: standing| hiding| {_NEARBY})?"
)
_GO = _verbs(
    "go drive head move navigate travel walk roll run get come proceed advance return steer make find ride rush hurry sail scoot swing pull hop zip zoom race sit "
    "sprint cruise dash drop stop park bring dart speed hike stroll wander trundle journey pop nip slide creep mosey march turn position place put send stand show lead step aim crawl "
    "glide float jog trot drift swerve bounce scurry scuttle sneak transfer relocate reposition line approach edge inch nudge curl fly skate trek amble saunter shuffle bike"
)
_PLACE = (
    r"to|towards?|for|near|nearby|next to|by|beside|alongside|at|close to|in front of|into|onto|up to|over to|in on|on|in the direction of|as far as|nearer to|nearer|closer to|inside|in|before|behind|between"
    r"|(?:until|till)(?: you| we)? (?:reach|get to|hit|are at|come to|see|find|arrive at|make it to|meet)"
)
_ALONG = (
    r"(?: (?:over|up|on|back|straight|out|across|down|along|forward|directly|all the way|right|there|in|park|yourself|off|here|around|through|close|closer|near|nearer|ahead|round|past (?:the|that) \w+(?: \w+)?|straight away|right away|at once|slowly|quickly|carefully|past|only"
    r"|a (?:bit|little)(?: bit)?|as (?:close|near) as (?:you can(?: get)?|possible)|going|driving|moving|from there|way))*"
)
EN_GO = re.compile(
    rf"(?:(?!turn on )(?:{_GO})"
    r"(?: (?:your|the|a|its|my|our) way)?(?: (?:me|us|you|yourself|it|myself|your (?:butt|ass|wheels|self)))?(?: (?:a|some) (?:spot|place|space))?(?: (?:and |to )?(?:stand|wait|park|stay|sit|be|head|drive|walk|turn up|show up|line up|report|land|find)(?: yourself)?)?(?: (?:a|some) (?:spot|place|space))?"
    rf"{_ALONG}"
    r"|(?:take|bring|lead|guide|drive|carry|show|escort|walk|deliver|move|accompany)(?: (?:me|us|yourself|it|the robot|this|my stuff))(?: the way)?(?: (?:over|up|back|down|across|here|out|straight))*|(?:take|bring|lead|show)(?: the way)(?: over| back)?"
    r"|(?:set|plot|chart) (?:a |your )?course|off (?:you|we) go|what (?:i|we) (?:need|want) is you(?: standing| right| over)*|(?:i|we|they) (?:need|want|would like|expect|could use)(?: to have)? you(?: (?:over|to be|right|here|there|standing|waiting|parked|back))*|be|went|drove|show up|turn up|(?:keep|continue)(?: (?:going|driving|moving|walking|rolling|on|straight))*|(?:find|get)(?: me| us)?"
    r" (?:a|the|some) (?:way|path|route)|(?:we|i)(?:'ve| have|'d| would)? (?:got to|gotta|need to|want to|have to|like to|should|must|are going to|wanna)? ?(?:get|go|be|head|drive|get going)(?: over| back| going)?"
    r"|(?:you|we)(?: are|'re)? (?:needed|wanted|expected|due|supposed to be|headed|bound|off|going|heading)(?: over| back| right)*|report|follow (?:the|this|that) (?:path|road|corridor|hallway|line|track|trail|street|lane|wall|signs?)(?: over| back| down| along)?|(?:i|we) (?:need|want|could use) (?:a ride|a lift|your help|help)(?: over)?|(?:come|go)(?: and| over and)? (?:see|meet|find|join|get|help|pick) (?:me|us|him|her|them)(?: up)?(?: over)?|make a beeline|make tracks|present yourself|meet(?: me| us)?(?: up)?|(?:we|you)(?: are|'re) off|off)"
    rf" (?:{_PLACE})\s+(?!where )(?P<what>.+)"
    rf"|(?:{_verbs('approach reach visit meet join')})(?: (?:me|us) (?:at|by|near))?\s+(?P<direct>.+)"
    r"|(?:stand|park|wait|stay|pull up|sit|stand guard)(?:ing)?(?: for (?:me|us))? (?:right |over )?(?:near|next to|by|beside|at|close to|in front of)\s+(?P<what2>.+)"
    r"|(?:(?:your|the|our|my) )?(?:next |new |final )?(?:destination|target|goal|stop|waypoint)(?: is| will be|'s)?(?: ?:)?(?: to| at| now)?\s+(?P<named>(?!is\b).+)|go there ?: ?(?P<colon>.+)"
    r"|(?:go|come|drive|head|get|move|walk|roll|run)(?: (?:over|up|back|down|here|out|across))*(?: to)? where (?P<spot>.+?) (?:is|are|was)(?: (?:standing|parked|at|now|sitting))?"
    r"|(?:(?:go|come|drive over|head over)(?: and)? (?:see(?! if| whether| what)|check(?: up)?(?: on| out)?|look at|visit|inspect|examine|have a look at|take a look at|see what'?s (?:at|by|in|near|going on at))|check out|check(?: up)? on|take a (?:closer |close )?look at|have a (?:closer |close )?look at|inspect)\s+(?P<seen>.+?)(?: up close| closely)?"
    r"|(?:back|over|straight|on|off|up|down|onwards?)?(?: over| back)? ?to (?P<back>(?:the|that|this|my|our|base)\b.+|base)"
    r"|(?P<first>.+?)(?: ?, ?(?:please )?(?:go|drive|head|move) there| is (?:where|the place) (?:i|we) (?:want|need) (?:you(?: to (?:go|be))?|to (?:go|be|get to))|is your (?:destination|target|goal)| is (?:your|the|our) (?:next )?(?:destination|target|goal))"
)
EN_THING = re.compile(r"(?:the|that|this) (?P<what>[\w-]+(?: [\w-]+){0,4})")  # "the lobby", with "please": said like to a taxi
_NO = (
    r"(?:(?:please )?(?:do not|don'?t|never(?: ever)?|not|no|mustn'?t|must not|under no circumstances|by no means|on no account|in no case)"
    r"|(?:i|we|they|people)(?: really)? (?:do not|don'?t|wouldn'?t|would not|never)(?: ever)? (?:want|like|need)(?: to see)?(?: you| the robot)?(?: to)?"
    r"|(?:you|we|the robot|it) (?:should|must|can|may|could|will|shall|would|had|might|ought)(?: not|n't|t not|not| never)(?: be)?|you (?:shouldn'?t|mustn'?t|can'?t|cannot|may not|won'?t|ought not|better not|had better not|should never|must never)(?: be)?"
    r"|you'?(?:d| had)? better not|better not|you(?: are|'re| were) (?:not|never) (?:allowed|permitted|supposed|meant|to)|you aren'?t (?:allowed|permitted|supposed)|it'?s (?:not|never) (?:ok|okay|safe|allowed|good) to"
    r"|(?:try|be careful|make sure|be sure|take care|careful|remember|please try)(?: that)?(?: you)?(?: to)? (?:not|don'?t|never|do not)(?: to)?|(?:be )?careful not to|make sure (?:that )?you (?:don'?t|never|do not)|there'?s no|refrain from|abstain from)"
)
EN_AVOID = re.compile(
    r"(?:(?:to |try to |make sure to |make sure you |be sure to |be careful to |be careful and |careful to |careful |better |just )?(?:"
    r"avoid(?:ing)?(?: (?:all |any )?(?:going|driving|getting|coming|contact|hitting|touching|bumping|running|crashing)(?: (?:near|close to|to|towards?|with|into))?)?"
    r"|(?:keep|stay|steer|move|get|drive|back|remain|hold|stand|go)(?:ing)?(?: yourself)?(?: a?)?(?: (?:well|far|right|safely|good distance|a good distance|a safe distance|a long way|way|the hell))* ?(?:away|clear|off|back|out|far)(?: (?:from|of))(?: the way of)?"
    r"|(?:keep|stay|remain)(?:ing)? (?:a way )?at (?:a|some|a safe|a good) distance (?:from|to)|(?:stay|keep|get) out of(?: the way of)?"
    r"|(?:keep|leave|maintain|hold)(?:ing)? (?:your |a |some |plenty of |enough )?(?:safe |good |big |large |respectful )?(?:distance|space|room|gap) (?:from|to|between you and|between yourself and|around)|(?:keep|stay) off|hands off|shun|evade|dodge|circumvent|steer around|leave))"
    rf"\s+(?P<what>.+?)(?: alone| in peace)?"
    rf"|{_NO}(?: you| be| ever| dare| even| even think about| think about| get| got| allowed| to| too| so| going to| gonna)*"
    r"(?:(?: (?:go|drive|move|come|get|head|travel|walk|navigate|run|drift|wander|roll|crash|bump|smash|back|step|steer|approach|be|stay|turn|enter|park|stand|pass|ride|cross|drop|fall|slip|dare)(?:n?ing|ping|ming|ting|ing|s)?)?(?: (?:anywhere|over|up|there|too|so|even|any|right|back|down|out|all|closer|here))*"
    r" (?:in the way of|near|nearer|close to|closer to|closer than|to|towards?|into|in|inside|onto|on|by|beside|next to|around|over|through|at|against|within [a-z0-9 ]+ of|in front of|off|up to)"
    r"|(?: ?)(?:approach|touch|hit|bump|bump into|run over|scratch|damage|disturb|scare|knock over|knock|knock into|step on|enter|block|bother|hurt|graze|ram|collide with|trouble|annoy|wake|drive over|clip|scrape|tip over|run into)(?:ing)?)\s+(?P<not>.+?)(?: alone| too close(?:ly)?| please)?"
    r"|(?P<limits>.+?) (?:is|are) (?:off[- ]limits|forbidden|out of bounds|a no[- ]go(?: area| zone)?|prohibited|taboo|not to be (?:touched|approached))"
    r"|(?:drive|go|steer|move|walk|swing)(?: in)?(?: a)?(?: big| wide| large)* (?:arc|circle|bow|curve|berth) around (?P<arc>.+)"
    r"|(?:give|leave|allow|let|grant)(?: (?:to )?)? ?(?P<berth>.+?)(?: have)? (?:a wide berth|a (?:lot|bit|little) (?:of )?(?:space|room|distance)|(?:plenty of|some|lots of|enough|more|its|their|his|her|a bit of)? ?(?:space|room|distance|privacy))"
    r"|(?:watch|look) out for (?P<watched>.+?)(?: ?,)?(?: and)? (?:stay|keep|steer|move|get|back)(?: well| far)? (?:away|clear|off|back)(?: (?:from|of) (?:it|them|him|her))?"
    r"|(?:mind|beware of|be careful of|careful with|be careful with|be careful around|careful around|watch) (?P<mind>.+?)(?: ?,)?(?: and)? (?:(?:stay|keep|steer|move|get|back)(?: well| far)? (?:away|clear|off|back)(?: (?:from|of) (?:it|them|him|her))?|keep (?:your |a safe |some )?distance|give (?:it|them|him|her) (?:some )?(?:space|room)|avoid (?:it|them|him|her)|don'?t (?:touch|hit|go near|bump into|get near|approach) (?:it|them|him|her))"
    r"|make a (?:big |wide |large )*(?:circle|detour|bow|arc) around (?P<bow>.+)|(?:drive|go|steer|move|walk|swerve|navigate|pass|detour|find a way|make a detour) around (?P<round>.+?)(?: ?,)?(?: and)? (?:(?:do not|don'?t|never|avoid|without)(?: go| get| drive| touch| hit| com)?.*)"
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
_ZH_NOT = r"(?:不要|别|甭|莫|不许|不准|不能|不可以|不可|禁止|勿|切勿|不得|不想让你|不希望你|不想你|不应该|不该)"
_ZH_INTO = r"靠近|接近|走近|贴近|挨着|挨近|碰到|碰着|碰|触碰|触摸|摸|撞到|撞上|撞着|撞|压到|压着|压|踩到|踩|轧到|轧|擦到|刮到|刮|蹭到|蹭|惹|打扰|妨碍|挡住|挡着|挡|进入|进到|走进|开进|闯进|闯入|掉进|掉到|去碰|去|到|往|驶向|开到|开往|走到|走向|开向|朝着?|向着?|在"
_ZH_SPACE = r"(?:让|留|腾|空|保持)(?:出|开|开点|下)?(?:一?点儿?|些|一些|足够的?)?(?:空间|路|道|地方|位置|距离|空儿?|一?点儿?)?"
_ZH_FAR = r"(?:保持(?:一定的?|安全|适当的?|好)?(?:的)?距离|(?:要|得|尽量|稍微)?远(?:一?点儿?|一?些|着点)?(?:走|开)?|拉开(?:一?点)?距离|隔开(?:一?点)?)"
ZH_AVOID = re.compile(
    rf"(?:远离|避开|绕开|躲开|躲避|躲着|躲|避让|回避|规避|绕过|绕着|避着|让开|让着|闪开)(?:一?点儿?|着点|着)?(?P<what>.+?)(?:走|开|行驶|绕行)?"
    rf"|(?:小心|注意|当心|留神|避免|可)?(?:不要|别|{_ZH_NOT}|避免)?(?:可|再|会|老|总)?{_ZH_NOT}?(?:(?<=不要)|(?<=别)|(?<=甭)|(?<=莫)|(?<=不许)|(?<=不准)|(?<=不能)|(?<=不可以)|(?<=不可)|(?<=禁止)|(?<=勿)|(?<=不得)|(?<=不想让你)|(?<=不希望你)|(?<=不想你)|(?<=不应该)|(?<=不该)|(?<=避免))"
    rf"(?:你|再|太|过于|让你|自己|跑|开|走|车|把车|给我|乱|随便)*(?:{_ZH_INTO})(?P<not>.+?)(?:那里|那边|那儿|里面|里头|里|太近)?(?:去|走|开|跑|过去|了)*"
    rf"|(?:离|跟|与|和|同|距离)(?P<far>.+?){_ZH_FAR}|(?:小心|当心|注意|留神|注意避让|注意避开|注意躲避|注意躲开|躲着点|小心避开)(?P<mind>.+?)[,，]?(?:绕过去|绕开|绕着走|绕行|绕一下|避开|躲开|让开|离远点|远一点|别靠近|不要靠近|别过去|别碰|不要碰|别撞到?|绕过)"
    rf"|{_ZH_NOT}(?:离|跟|和)(?P<close>.+?)(?:太|过于|这么|那么)近"
    rf"|(?:给|为)(?P<berth>.+?){_ZH_SPACE}"
)
ZH_KEEP = re.compile(rf"(?:{_ZH_NOT}|可别)(?:把|让)(?P<what>.+?)(?:给)?(?:跟丢|弄丢|丢|跑掉|跑|走掉|离开(?:你的)?视线)了?|(?:{_ZH_NOT}|可别)(?:跟丢|弄丢|丢)了?(?P<direct>.+)")
ZH_UNTIL = re.compile(r"(?:先|在这|在这里|在这儿|就在这)?等(?:着)?(?:我|我们)(?:喊|叫|回来|说|通知|过来|弄|拿|准备|忙)(?P<until>.*)")
ZH_FOLLOW = re.compile(
    r"(?:一直|始终|一路|继续|全程)*(?:紧紧?)?(?:跟着|跟随|跟上|跟住|跟牢|跟在|跟踪|跟紧|跟好|跟一?下|跟(?!.*(?:距离|远))|尾随|追上|追着|追踪|追赶|追|陪着|陪同|陪伴|陪|随着|伴随)(?P<what>.+?)(?:的?后面|身后|的?后头|的?屁股后面|的?身边)?(?:一起|一块儿?)?(?:走|移动|前进|跑|去)?$"
    r"|(?P<direct>.+?)(?:去|走|到|往)(?:到)?(?:哪里|哪儿|哪)(?:去|走)?[,，]?(?:你|机器人)?(?:就|也|都)?(?:跟着|跟|去|走|到|往)(?:到|去|着)?(?:哪里|哪儿|哪)?(?:去|走)?$"
)
_ZH_AT = r"(?:都|正|现在|到底|究竟)?(?:放|跑|去|落|藏|丢|搁|停|站|躲|待|在|摆|掉)*(?:在|到)?(?:哪里|哪儿|哪个地方|哪边|哪个位置|哪|什么地方|何处)(?:儿|呢|了|去了|啊)*"
_ZH_ROUND = r"(?:这里|这儿|这附近|附近|周围|四周|这边|旁边|房间里|屋里|屋子里|里面|那边)"
ZH_LOOK = re.compile(
    r"(?:你?能|可以)?(?:去|到处|四处|去处|周围|帮我|再|来|好好)*(?:寻找|查找|搜索|搜寻|搜一?搜|找一?下|找一找|找找看|找找|找到|找出|去找|找|搜)(?:一下|看|一个|一辆|一把|一只|下|到)?(?P<what>.+?)(?:在哪里?儿?|了吗|没有|了没有?|不)?$"
    rf"|(?:看看|看一?下|看一看|瞧瞧|去看看|去看|检查一?下|留意一?下|留意|注意看|四处看看|到处看看|四处瞧瞧|帮我看看|找找|告诉我)*(?:{_ZH_ROUND}的?)?(?:哪里有|哪儿有|哪有|有没有看[到见]|有没有|是否有|有无|看没看[到见]|见没见到)(?:一个|一辆|一把|一只|什么)?(?P<direct>.+?)$"
    rf"|(?:看看|看一?下|去看看|去看|帮我看看|告诉我|知道|知不知道)?(?P<first>.+?)(?:{_ZH_AT})$|(?:看看|看见|看[到得]见?|见过|有看到|能看到|能看见)(?:过|一下)?(?P<seen>.+?)(?:了吗|没有|没|了没有?|不|在哪里?儿?)$"
    rf"|(?:你?能)?(?:看见|看到)(?P<sight>.+?)$|{_ZH_ROUND}有(?:什么)?(?P<near>.+?)$|(?:我|我们)?(?:的)?(?:谁看[到见]|谁见过|谁拿了|留意|找不到|找不着|丢了|弄丢了|不见了|在找|正在找|想找|要找|留意一?下|想找到|需要找|得找)(?:我的|一下|一个|一把|到)?(?P<lost>.+?)(?:了)?$"
    r"|(?:去|你去)?把(?P<ba>.+?)(?:给我|帮我)?(?:找出来|找到|找着|找回来|找来)$|我?的?(?P<gone>.+?)(?:不见了|找不到了|丢了|不知道在哪里?儿?|找不着了)$"
)
_ZH_BY = r"(?:那里|那边|那儿|这里|这边|这儿|跟前|旁边|身边|附近|前面|边上)"
ZH_GO = re.compile(
    r"再?(?:(?:把?我们?(?:带|送|领)(?:[到去至往]|回)|(?:带|送|领|陪)(?:着)?我们?(?:[去到往至]|回)|领我去|导航(?:[到去至往]|前往)|行驶[到至]|行进[到至]|移动[到至]|移步[到至]?|移[到至]|挪[动]?[到至]|前进[到至]|前往|赶往|赶到|赶去|开车去|开车到|开过去到?|走过去到?|开[到至]|开去|开往|开向|开回|驶[向到往至入]|走[到至]|走向|走去|走近|走回"
    r"|跑[到去向]|跑过去|冲[到向]|去一?趟|来一?趟|来到|回到|返回到?|退回到?|到达|抵达|靠近一?点|靠近|靠到|接近|贴近|去到|过去到?|过来到?|去一?下|去看一?下|去看看|去瞧瞧|去查看一?下|去检查一?下|去|停[到在]|停靠[到在]|站[到在]|过到|移向|挪向|转移到|绕到|掉头去|到|回|过来|过去|来(?!回)|上(?!升)))(?:一趟|一下|趟)?(?P<what>.+)"
    rf"|我们?(?:就)?在(?P<here>.+?){_ZH_BY}[,，]?你?(?:过来|来)(?:找我|接我)?"
    rf"|在(?P<at>.+?){_ZH_BY}(?:停靠|停好|停车|停|集合|见|等我|等着|等|待着|待命)(?:我)?"
    r"|(?:我们?的?|你的?)?(?:下一?个?)?(?:目的地|目标地点?|目标|终点|下一站|要去的地方|地点)(?:就)?(?:是|为|:|：|在|设为|设定为|定为|改成)?(?P<named>.+)"
)  # fmt: skip
ZH_SEEN = re.compile(r"(?:看见|看到|看得见|瞧见)(?P<what>.+?)(?:了吗|没有|没|吗|了)?[,，]?(?:请|你|就|快)*(?:开过去|走过去|过去|去那里|去那边|去那儿|到那里去?|到那边去?)$")
ZH_TOWARD = re.compile(
    rf"(?:向着?|朝着?|往)(?P<what>[^左右前后].*?)(?:{_ZH_BY}|的方向|方向)?(?:开过去|走过去|移动过去|驶过去|挪过去|靠过去|前进|移动|行驶|行进|靠近|靠拢|靠|开|走|驶|去|挪|跑|冲|赶)(?:去|过去|一?点儿?|一下)?$"
    rf"|(?:离|跟|和)(?P<near>.+?)(?:更|再|靠|稍微)?近(?:一?点儿?|一?些)$"
    rf"|(?:(?:你|我)?(?:看见|看到|看得见|知道|看|瞧见|瞧)(?:了)?)?(?P<first>(?:那|这|前面|旁边|对面|后面|远处)?.+?)(?:了吗|没有|没|吗|了)?[,，]?(?:{_ZH_BY})?[,，]?(?:请|你|就|快|给我|赶紧|直接|帮我)*"
    r"(?:开过去|走过去|过去|移动过去|跑过去|去那里|去那边|去那儿|到那里去?|到那边去?|到那儿去?|开到那里|开到那儿|去它那里|靠过去|去)(?:看看|一下|吧|一趟)*$"
)
ZH_TOPIC = re.compile(  # "the oven is hot, keep away from it"
    r"(?P<np>.+?)(?:很|太|非常|特别|有点|好|是|挺|比较)(?:危险|烫|脏|热|滑|脆弱|贵|易碎|贵重|湿|吓人|凶|重要|容易碎|怕碰|怕人|害怕|冷|深|高|尖|锋利)(?:的|了)?[,，]?(?:所以|你|请|千万|一定)*(?P<order>(?:离|别|不要|不能|远离|避开|绕开|躲开|小心别|注意别|不许).*?)(?:它|他|她|那里|那边|那儿|这里)?(?P<end>远.*|太近|保持.*|去|过去)?"
)
ZH_AHEAD = re.compile(  # "there is a puddle ahead, go around it"
    r"(?:前面|前方|那边|这边|那里|这里|地上|路上|旁边|左边|右边|后面)?(?:有|是)(?:个|一个|一?些|一?摊|辆|一辆|位|一位|条|一条|块|一块)?(?P<np>[^,，有]+?)[,，]?(?:你|请|记得|要)*(?P<order>绕开|避开|躲开|绕过|远离|别碰|别靠近|不要碰|不要靠近|别撞到?|别踩到?|小心别碰到?|小心别撞到?|注意避让|离)(?:它|他|她|那里|那儿)?(?P<end>远.*|太近|走|一下|去|过去)?"
)
ZH_ABSENT = re.compile(r"[去来到走看](?:过)(?!去|来|一)|昨[天晚日]|前天|去年|前年|上[周个次]|刚才|曾经|以前|当年|小时候|明[天年]|后天|下[周个]月|今天|为什么|怎么|多少|几点|什么(?!地方)|谁(?!看|拿|见)|如何")
ZH_GROUNDED = (
    (Intent.FOLLOW, ZH_FOLLOW), (Intent.GO_TO, ZH_SEEN), (Intent.LOOK_FOR, ZH_LOOK), (Intent.GO_TO, ZH_GO), (Intent.GO_TO, ZH_TOWARD),
)  # fmt: skip
