# SPDX-License-Identifier: Apache-2.0
"""Commands that people gave to robots and cars: intents, goals and what they are about, from the sentence alone."""

import json
from collections import Counter
from pathlib import Path

from benchmarks.real.section import Section, Table
from mm_nav.core.gist import Gist
from mm_nav.core.types import Command, Intent
from mm_nav.engine.text import open_text_encoder
from mm_nav.evaluate.naming import goal_figures, share

WORDS = {  # Talk2Car's classes, in words that one would say
    "vehicle.car": "car", "vehicle.truck": "truck", "vehicle.bus.rigid": "bus", "vehicle.bus.bendy": "bus", "vehicle.motorcycle": "motorcycle",
    "vehicle.bicycle": "bicycle", "vehicle.trailer": "trailer", "vehicle.construction": "construction vehicle",
    "vehicle.emergency.police": "police car", "human.pedestrian.adult": "person", "human.pedestrian.child": "child",
    "human.pedestrian.construction_worker": "construction worker", "human.pedestrian.police_officer": "police officer",
    "movable_object.barrier": "barrier", "movable_object.trafficcone": "traffic cone", "movable_object.debris": "debris",
    "movable_object.pushable_pullable": "stroller",
}  # fmt: skip
DRIVES_TO = (Intent.GO_TO, Intent.FOLLOW, Intent.LOOK_FOR, Intent.AVOID)


def commands(data: Path, pictures: Path, scratch: Path) -> Section:
    """HuRIC and Talk2Car."""
    section = Section("commands", "Commands of people: HuRIC (service robots), Talk2Car (cars)")
    table = Table(("HuRIC, goals from the sentence", "right", "of", "share", "95 % interval"))
    for name, row in goal_figures(data / "commands" / "huric_en.jsonl")["rows"].items():
        table.rows.append((name, row["right"], row["of"], float(row["share"]), "{:.3f} .. {:.3f}".format(*row["interval"])))
    section.tables.append(("`mm_nav evaluate commands huric_en.jsonl`; nothing was tuned on the held-out half:", table))
    held = next(r for r in table.rows if str(r[0]).startswith("where the robot goes, held-out half") and "word" not in str(r[0]))
    section.summary["HuRIC, goals of travel, held-out"] = held[3]
    _cars(data / "commands" / "talk2car_val.jsonl", section)
    return section


def _cars(file: Path, section: Section) -> None:
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    encoder = open_text_encoder()
    hear = Gist(encoder.encode_together).hear
    names = sorted(set(WORDS.values()))
    vectors = encoder.encode(names)
    majority = Counter(row["cls"] for row in rows).most_common(1)[0][1] / len(rows)
    intents: Counter[str] = Counter()
    by_text, by_phrase = [], []
    for row in rows:
        heard = hear(row["text"])
        intents[heard.intent.value if isinstance(heard, Command) else f"refused: {heard.reason}"] += 1
        meant = WORDS.get(row["cls"], "")
        by_text.append(names[int((vectors @ encoder.encode([row["text"]])[0]).argmax())] == meant)
        if isinstance(heard, Command) and heard.intent in DRIVES_TO and heard.phrase:
            by_phrase.append(names[int((vectors @ encoder.encode([heard.target or heard.phrase])[0]).argmax())] == meant)
    table = Table(("Talk2Car, which class is meant", "right", "of", "share", "95 % interval"))
    for name, right in (("the whole sentence, nearest class by meaning", by_text), ("the goal's phrase, where an order to go somewhere was heard", by_phrase)):
        found = share(right)
        table.rows.append((name, found["right"], found["of"], float(found["share"]), "{:.3f} .. {:.3f}".format(*found["interval"])))
    table.rows.append(("always the most frequent class", None, len(rows), majority, ""))
    section.tables.append((f"{len(rows)} commands to cars, of which no picture is at hand, so that only words can be scored:", table))
    heard_as = Table(("heard as", "commands"), [(name, count) for name, count in intents.most_common()])
    section.tables.append(("What mm_nav takes them for. Many ask for what it has no intent for (parking, lanes, waiting for lights), and are refused:", heard_as))
    section.summary["Talk2Car, class from the goal's phrase"] = table.rows[1][3]
    section.summary["Talk2Car, refused"] = sum(n for name, n in intents.items() if name.startswith("refused")) / len(rows)
