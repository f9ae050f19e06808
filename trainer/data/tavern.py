"""A text of our own: rumours, quests and legends as a tavern of a 16-bit adventure tells them, made by a grammar.

    python -m trainer.data.tavern OUT [--lines 50000] [--seed 0]

The same grammar makes lines and recognises them, so whether a model that learnt from some of them makes sense,
and whether it makes anything new, can be counted.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from random import Random

import click

from trainer.errors import InputError
from trainer.files import write_all

MIN_LENGTH, MAX_LENGTH = 20, 63
"""Characters of any line of the grammar. The longest and the token that ends it fill a context of 64."""
MAX_LINES = 1_000_000
"""So few of the whole language that a line is hardly ever drawn twice."""

# Rule → its alternatives. A name in capitals represents any alternative of that rule; all else is literal text.
# Articles are part of an alternative and plurals end in s, so whatever agrees here agrees in every line. No rule
# leads back to itself: the lines are finitely many and one regular expression matches them.
GRAMMAR = {
    "LINE": "RUMOUR | QUEST | LEGEND",
    "RUMOUR": """
        A_BEAST HID THE_RELIC WHERE |
        THEY_SAY A_BEAST LIVES WHERE |
        THEY_SAY FOLK_OF_LAND HID THE_RELIC |
        THEY_SAY FOLK_OF_LAND was once A_BEAST |
        THEY_SAY the FOLK is really NUMBER BEASTs in DISGUISE |
        OMEN, BEASTs DANCE WHERE |
        never trust A_BEAST that KNOWS |
        no FOLK has left LAND since DISASTER
    """,
    "QUEST": """
        bring NUMBER GOODs to FOLK_OF_LAND |
        find THE_RELIC and SHOW it to FOLK_OF_LAND |
        SLAY the BEAST BOSS of LAND and win THE_RELIC |
        help the FOLK CATCH A_BEAST WHERE |
        help the FOLK find a lost PET WHERE |
        ring NUMBER bells WHERE to wake A_BEAST |
        trade NUMBER GOODs for THE_RELIC in LAND |
        if you meet A_BEAST, OFFER it NUMBER GOODs |
        go to LAND and ask the FOLK about THE_RELIC
    """,
    "LEGEND": """
        THE_RELIC SINGS when OMINOUS |
        THE_RELIC was MADE by FOLK_OF_LAND |
        THE_RELIC once TAMED NUMBER BEASTs in LAND |
        THE_RELIC FELL in the age of BEASTs |
        THE_RELIC LEADS_TO LAND |
        whoever FINDS THE_RELIC FATE |
        only FOLK_OF_LAND can MEND THE_RELIC |
        NUMBER HEROs FOUGHT for THE_RELIC of LAND
    """,
    # who
    "A_BEAST": "MOODY BEAST",
    "MOODY": """
        a sly | an old | a hungry | a grumpy | a lonely | an angry | a tiny | a sleepy | a polite | a huge |
        a shy | an evil | a vain | a cursed | a hooded | an ugly | a jolly | a lazy
    """,
    "BEAST": """
        goblin | troll | dragon | ghost | slime | imp | ogre | spider | golem | toad | wyrm | raven | bat |
        bandit | kraken | yeti | demon | zombie
    """,
    "FOLK_OF_LAND": "the FOLK of LAND",
    "FOLK": """
        witch | smith | baker | bard | monk | miller | knight | hermit | wizard | elder | jester | piper |
        thief | seer | tailor | pirate
    """,
    "BOSS": "king | queen | lord | chief | mage",
    "HERO": "king | queen | knight | wizard | pirate | monk",
    "PET": "goat | cat | hen | pig | duck | donkey | parrot | rabbit | snail",
    # what
    "THE_RELIC": "the SILVER CROWN",
    "SILVER": """
        silver | golden | moon | star | jade | bone | glass | ember | frost | quartz | thorn | shadow | storm |
        ruby | amber | rusty
    """,
    "CROWN": """
        crown | blade | mirror | lute | horn | ring | lamp | shield | cloak | harp | key | mask | drum | orb |
        staff | spoon
    """,
    "NUMBER": "two | three | four | five | six | seven | nine | ten",
    "GOOD": """
        glow moth | owl feather | wolf fang | honey cake | blue egg | ice rose | cave pearl | hot pepper |
        lucky coin | dragon scale | turnip | pickled eel | mud pie | sleepy snail | moon melon | old boot
    """,
    # where
    "WHERE": "NEAR the MILL | in LAND",
    "NEAR": "near | under | behind | beside",
    "MILL": """
        old mill | old bridge | dry well | north gate | dead oak | red barn | sunken ship | stone giant |
        clock tower | royal tomb | fairy ring | tavern | waterfall | lighthouse | graveyard | bakery
    """,
    "LAND": "REED MARSH",
    "REED": """
        reed | owl | crow | frost | thorn | moss | mist | star | fox | salt | raven | wolf | bone | pine |
        snow | honey
    """,
    "MARSH": "marsh | wood | vale | keep | glen | cove | mire | dale",
    # rumours
    "THEY_SAY": "they say | some say | folk say | gran says | i heard | i swear | word is",
    "HID": "hid | lost | ate | found | stole | buried | guards | broke",
    "LIVES": "lives | sleeps | hides | snores | weeps | waits",
    "DISGUISE": "a cloak | a wig | a dress | armour | disguise",
    "OMEN": """
        at midnight | when it rains | when it snows | on foggy nights | every winter | before a storm |
        under a red moon
    """,
    "DANCE": "dance | sing | weep | feast | gather | snore | play cards | tell jokes",
    "KNOWS": """
        knows your name | smells of honey | asks for a kiss | owes you gold | sings at dawn | wears a crown |
        speaks in rhyme | never blinks | is afraid of BEASTs | owns NUMBER spoons
    """,
    "DISASTER": """
        the long winter | the great flood | the red moon | the dragon war | the well ran dry |
        the bells fell silent | the queen left
    """,
    # quests
    "SHOW": "show | take | sell | give",
    "SLAY": "slay | trick | fight | tame | kiss",
    "CATCH": "catch | scare | feed | marry | trick | find",
    "OFFER": "offer | feed | sell | show | throw",
    # legends
    "SINGS": "sings | glows | hums | weeps | turns cold | grows warm | screams | trembles",
    "OMINOUS": """
        A_BEAST is near | a liar speaks | war is near | it rains | it snows | the moon is red | cheese is near
    """,
    "MADE": "made | forged | cursed | blessed | stolen | hidden",
    "TAMED": "tamed | froze | woke | fooled | healed | scared",
    "FELL": """
        fell from the moon | grew on a tree | was lost at sea | rose from a lake | was won at cards |
        was found in a pie
    """,
    "LEADS_TO": """
        points the way to | holds a map to | opens the gates of | came by sea from | holds the last song of
    """,
    "FINDS": "finds | holds | steals | breaks | sells | hides",
    "FATE": """
        turns into A_BEAST | will marry the FOLK | can talk to BEASTs | must sleep for NUMBER years |
        can walk on water | can see in the dark | will never lie | can never go home | will rule LAND
    """,
    "MEND": "mend | lift | wake | break | clean | see",
    "FOUGHT": "fought | drowned | wept | died | sang | danced",
}
RULES = {rule: [" ".join(text.split()) for text in texts.split("|")] for rule, texts in GRAMMAR.items()}
NAME = re.compile("[A-Z_]+")


@dataclass(frozen=True)
class Coherence:
    """Of `total` lines, `parsed` are in the grammar, and `new` of those were not among the lines learnt from."""

    parsed: int
    new: int
    total: int


@cache
def language_size(rule: str = "LINE") -> int:
    """How many texts can be derived from `rule`: Σ over its alternatives of Π over the names in each.

    Exact because no text can be derived in two ways.
    """
    return sum(prod(language_size(name) for name in NAME.findall(text)) for text in RULES[rule])


def lines(count: int, seed: int) -> list[str]:
    """`count` distinct lines in random order, every alternative of a rule as likely: same arguments, same lines.

    Raises ValueError unless count is from 0 to MAX_LINES.
    """
    if not 0 <= count <= MAX_LINES:
        raise ValueError(f"{count} lines: from 0 to {MAX_LINES} can be made")
    random = Random(seed)
    made: dict[str, None] = {}  # in order of first appearance
    while len(made) < count:
        made[_derive("LINE", random)] = None
    return list(made)


def parses(line: str) -> bool:
    """Whether the grammar can make exactly this line."""
    return _expression().fullmatch(line) is not None


def coherence(made: Sequence[str], training: Collection[str]) -> Coherence:
    """Counts of the lines in `made`, each as often as it is there, for a model that learnt from `training`."""
    known = frozenset(training)
    parsed = [line for line in made if parses(line)]
    return Coherence(len(parsed), sum(line not in known for line in parsed), len(made))


def _derive(rule: str, random: Random) -> str:
    return NAME.sub(lambda name: _derive(name[0], random), random.choice(RULES[rule]))


@cache
def _expression() -> re.Pattern[str]:
    """The grammar as one regular expression.

    Nothing in it repeats and few of its alternatives begin alike, so no line takes long to refuse.
    """
    return re.compile(_pattern("LINE"))


def _pattern(rule: str) -> str:
    return "(?:" + "|".join(NAME.sub(lambda name: _pattern(name[0]), text) for text in RULES[rule]) + ")"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--lines", "count", type=click.IntRange(1, MAX_LINES), default=50_000, help="Lines to make.")
@click.option("--seed", type=int, default=0, help="Another seed, other lines.")
def command(out: Path, count: int, seed: int) -> None:
    """Write distinct rumours, quests and legends to the file OUT, one a line."""
    try:
        write_all({out: "".join(f"{line}\n" for line in lines(count, seed)).encode("ascii")})
    except InputError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: {count} lines")


def main() -> None:
    """Entry point: whatever is wrong is one line on stderr and an exit status."""
    try:
        command(standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"tavern: {error.format_message()}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
