# SPDX-License-Identifier: Apache-2.0
"""Orders that name the thing first: "see that red cone, go to it" says "go to that red cone". Words only."""

import re

from mm_nav.core import lexicon as lex

_ORDER = (
    r"go|drive|head|move|roll|walk|get|come|navigate|run|proceed|travel|follow|chase|track|find|locate|look for|search for|stay|keep|steer|do not|don'?t|never|avoid|approach|reach|visit|please|stick"
)
_PRONOUN = r"it|him|her|them|that|that one|this one|that thing|there|over there"
_TOPIC = re.compile(
    rf"(?:(?:do |can |did )?you (?:see|know|notice|spot|remember|find) |see |know |notice |spot |look at |remember |(?:the one )?(?:over )?(?:there|here) |there is |there'?s |here is )?"
    rf"(?P<thing>(?:the|that|this|these|those|my|our|a|an)\b .+?)(?: (?:over there|there|over here|here|yeah|right|ok|up ahead|ahead))*"
    rf"(?P<trait> (?:is|are|looks?|gets?|seems?)(?: (?:very|so|really|too|quite|super|pretty|a bit))? [a-z]+)?(?: so| and| well| now)*[ ,:;.!?]+(?:just |please |now |you (?:should |must |can )?)?"
    rf"(?P<order>(?:{_ORDER})\b[^,]*?) (?P<it>{_PRONOUN})(?: (?:now|please|at all|too closely|too close))?"
)
_SAFE = re.compile(r"\b(?:wait|hang on|hold on|stay put|stay here|stay there|stand by|avoid|(?:get|move|back) (?:away|off)|keep (?:away|clear|off|back|your distance)|stay (?:away|clear|off|back|out)|steer clear|don'?t|do not|not to|never)\b")

_BOUND = re.compile(r"(?:\b(?:not|never|no|don'?t|can'?t|cannot|won'?t|and|or|who|that|must|should|will)|n't|(?:not|never|n't)(?: \w+){0,2} to|(?:he|she|they|him|her|them)(?: \w+)? (?:to|not)) $")


def reworded(said: str) -> str:
    """The order with the thing in the place of its pronoun; the same words where there is none."""
    m = _TOPIC.fullmatch(said)
    if m is None:
        return said
    order = re.sub(r"\bplease\b ?", "", m["order"])
    if m["it"].endswith("there"):
        return f"{order} to {m['thing']}"
    return f"{order} {m['thing']}"


_VERB = re.compile(
    r"\b(?:go|drive|head|move|roll|walk|get|come|navigate|run|proceed|travel|ride|return|approach|reach|follow|chase|track|pursue|accompany|find|locate|look|search|turn|rotate|spin|face|swing|back|reverse|advance"
    r"|step|scoot|stay|keep|wait|avoid|steer|leave|bring|take|park|pull|be|went|drove|came|moved|followed|turned|stayed|kept|avoided|found|looked|waited)\b"
)
_NOT_TO_YOU = re.compile(  # an opening that reports, asks for facts, forbids or compares
    r"\b(?:not|never|no|nor|without|avoid\w*|refus\w*|instead|rather than|away|stop\w*|cancel\w*|forget|forgot|forbid\w*|danger\w*|\w+n't|dont|cant|wont|yesterday|ago|last|tomorrow|used|always used|said he|said she|after|before"
    r"|he|she|they|who|whom|which|that you|when|while|why|how|unless|because)\b|^(?:do|did|does|have|has|are|were|was|is|where|what time|which) (?:you|we|i|it|there)\b|^where\b|^what(?! (?:i|we) (?:want|need|would like))\b"
)
_WHO = re.compile(r"\b(?:i|you|we|us|me|he|she|they|it|them|him|her|robot|my \w+|your \w+|people|everyone|somebody|someone)\b")


def inner_orders(said: str) -> list[str]:
    """Orders that may stand behind an opening no list of openings knows; longest first.

    "Would it kill you to" speaks to the robot; "i have to" and "did they" do not: the last one spoken of must be the robot.
    """
    out = []
    for m in _VERB.finditer(said):
        opening = said[: m.start()]
        if not opening or len(opening.split()) > 14 or _NOT_TO_YOU.search(opening) or lex.FORBIDS.search(opening):
            continue
        spoken_of = _WHO.findall(opening)
        addressed = spoken_of and spoken_of[-1] in ("you", "we", "us", "robot")
        adverb = re.fullmatch(r"(?:\w+ly|always|once again|still|quick|straight) ", opening)
        after = re.search(r"\b(?:and|so|then|[,.;!]) ?$|^(?:off|up|over) (?:you|we) $", opening)
        if addressed or adverb or (after and not spoken_of):
            out.append(said[m.start() :])
    return out


def _resolved(opening: str, order: str) -> str:
    """ "the cable is live, do not drive over it": the last thing spoken of in place of the pronoun."""
    things = re.findall(r"\b(?:the|that|this|my|a|an) ((?:(?!is\b|are\b|was\b|get\b|so\b)[\w'-]+ ?){1,2})", opening)
    return re.sub(r" (?:it|him|her|them)$", f" the {things[-1].strip()}", order) if things else order


def endings(said: str) -> list[str]:
    """Endings of a sentence that may be an order to wait or to keep away, after a reason was given; longest first."""
    return [_resolved(said[: m.start()], said[m.start() :]) for m in _SAFE.finditer(said) if m.start() > 0 and not _BOUND.search(said[: m.start()])]
