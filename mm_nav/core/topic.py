# SPDX-License-Identifier: Apache-2.0
"""Orders that name the thing first: "see that red cone, go to it" says "go to that red cone". Words only."""

import re

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
_SAFE = re.compile(r"\b(?:wait|hang on|hold on|stay put|stay here|stay there|stand by|avoid|keep (?:away|clear|off|back|your distance)|stay (?:away|clear|off|back|out)|steer clear|don'?t|do not|never)\b")

_BOUND = re.compile(r"(?:\b(?:not|never|no|to|don'?t|can'?t|cannot|won'?t|and|or|who|that|must|should|will)|n't) $")


def reworded(said: str) -> str:
    """The order with the thing in the place of its pronoun; the same words where there is none."""
    m = _TOPIC.fullmatch(said)
    if m is None:
        return said
    order = re.sub(r"\bplease\b ?", "", m["order"])
    if m["it"].endswith("there"):
        return f"{order} to {m['thing']}"
    return f"{order} {m['thing']}"


def endings(said: str) -> list[str]:
    """Endings of a sentence that may be an order to wait or to keep away, after a reason was given; longest first."""
    return [said[m.start() :] for m in _SAFE.finditer(said) if m.start() > 0 and not _BOUND.search(said[: m.start()])]
