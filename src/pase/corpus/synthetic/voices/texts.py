"""What the synthetic voices say: a seeded grammar of everyday English, with every phone in very many contexts.

Besides general sentences, short and long, it draws sentences full of /p b m/, unrelated words in a row, which bring
together phones that sentences rarely do, and a few commands as the GRID corpus has them.
"""

import re
from collections.abc import Mapping

import numpy as np

from pase.corpus.synthetic.sentences import draw_sentence

_KINDS: Mapping[str, float] = {"story": 0.2, "general": 0.34, "bilabial": 0.18, "list": 0.2, "command": 0.08}
"""Kind of text and how often it is drawn."""

_GRAMMAR: Mapping[str, tuple[str, ...]] = {
    "general": (
        "{subject} {past} {object} {place}.",
        "{subject} {past} {object}, {link} {subject} {past} {object}.",
        "{opening}, {subject} {modal} {base} {object} {time}.",
        "{subject} {modal} {base} {object} {place} {time}.",
        "{question} {subject} {base} {object} {time}?",
        "{time}, {subject} {past} {object} {place}.",
        "{base} {object}, please, and {base} {object}.",
        "{base} {object} {place}.",
        "{the} {noun} {place} is {quality}, {link} {the} {noun} is {quality}.",
        "there were {number} {quality} {plural} {place}, {link} nobody {past} them.",
        "how {quality} {the} {noun} {place} looks!",
        "{subject} said that {subject} {modal} {base} {object}.",
        "{opening}, it was {number} o'clock when {subject} {past} {object}.",
        "is {the} {quality} {noun} {place}, or {place}?",
        "{person} and {person} {past} {number} {plural} {time}.",
        "if {subject} {past} {object}, {subject} {modal} {base} {number} {plural}.",
    ),
    "bilabial": (
        "{lip_person} {lip_past} {the} {lip_adjective} {lip_noun} {lip_place}.",
        "{lip_base} {the} {lip_noun}, {lip_person}, and {lip_base} {the} {lip_adjective} {lip_noun}.",
        "maybe {lip_person} might {lip_base} {my} {lip_adjective} {lip_noun}.",
        "{lip_person} {lip_past} {number} {lip_adjective} {lip_noun}s {lip_place}.",
        "{the} {lip_noun} {lip_past} {the} {lip_noun}, but {lip_person} {lip_past} {my} {lip_noun}.",
        "up {lip_place}, {the} {lip_adjective} {lip_noun} {lip_past} {object}.",
    ),
    "list": (
        "{word}, {word}, {word}, {word}.",
        "{word} {word}, {word} {word}, {word}.",
        "{word} and {word}, {word} or {word}.",
        "say {word}, {word} and {word} again.",
        "{word} {word} {word} {word} {word}.",
    ),
    "command": (
        "{grid_verb} {grid_colour} {grid_preposition} {letter} {digit} {grid_adverb}.",
        "{grid_verb} {grid_colour} {grid_preposition} {letter} {digit} {grid_adverb}.",
        "{digit} {digit} {letter}, {grid_colour} {digit} {letter}.",
    ),
    "subject": ("{person}", "{person}", "{the} {noun}", "{the} {quality} {noun}", "{pronoun}", "{my} {noun}"),
    "object": ("{the} {noun}", "{the} {quality} {noun}", "{number} {plural}", "{my} {noun} and {my} {noun}"),
    "pronoun": ("I", "you", "we", "they"),
    "the": ("the", "the", "a", "this", "that", "every", "either", "such a", "no", "our", "whose"),
    "my": ("my", "your", "his", "her", "their", "our"),
    "person": (
        "Adam", "Aunt Edith", "Beth", "Bob", "Charlotte", "Chewy", "David", "Doctor Yates", "Edward", "Eve", "Faith",
        "Geoffrey", "George", "Grandma", "Hugh", "Ian", "Joyce", "Judith", "Kathy", "Keith", "Leo", "Luke", "Mabel",
        "Matthew", "Noah", "Olive", "Owen", "Paul", "Phoebe", "Quentin", "Ruth", "Sasha", "Susie", "Theo", "Uncle Ray",
        "Victor", "Wendy", "Yvonne", "Zoe", "my cousin", "the chief", "the mayor", "our neighbour", "the youngest one",
    ),
    "noun": (
        "answer", "aunt", "axe", "badge", "bowl", "breath", "cage", "cathedral", "chair", "chocolate", "cloth", "cloud",
        "couch", "cushion", "decision", "desert", "dog", "door", "earth", "eagle", "echo", "egg", "elbow", "engine",
        "evening", "fear", "fifth", "finger", "flag", "flower", "fudge", "game", "ghost", "gift", "glass", "guitar",
        "harbour", "hat", "hawk", "health", "helmet", "hook", "ice", "idea", "island", "jacket", "jaw", "joke",
        "journey", "key", "knee", "ladder", "language", "law", "leather", "letter", "light", "luggage", "machine",
        "mind", "moisture", "month", "mushroom", "neck", "noise", "nothing", "oath", "oil", "orange", "ocean", "owl",
        "oven", "path", "peach", "pleasure", "point", "question", "quilt", "rabbit", "razor", "rhythm", "roof",
        "sandwich", "scarf", "shadow", "shelf", "silver", "skin", "sleeve", "smile", "snow", "square", "squirrel",
        "street", "thread", "throat", "thumb", "tongue", "tower", "train", "truth", "turkey", "twelfth", "uniform",
        "usher", "vegetable", "village", "violin", "wagon", "wave", "weather", "wheel", "window", "witch", "world",
        "wrist", "yoghurt", "youth", "zipper", "zone", "Asia", "camouflage", "collage", "explosion", "garage",
        "invasion", "measurement", "prestige", "treasury", "boy", "coin", "toy", "voice",
    ),
    "plural": (
        "arches", "axes", "beds", "boxes", "branches", "cats", "clothes", "clubs", "cliffs", "edges", "eggs", "frogs",
        "gloves", "hedges", "ideas", "jugs", "lambs", "legs", "loaves", "maps", "months", "moths", "myths", "necks",
        "oaths", "paths", "pearls", "rings", "roads", "rooms", "shops", "songs", "tasks", "teeth", "thieves", "toes",
        "tubes", "voices", "vows", "wasps", "wolves", "years", "yolks", "zebras",
    ),
    "quality": (
        "able", "afraid", "awful", "blunt", "bright", "busy", "casual", "clever", "cold", "cosy", "crooked", "curved",
        "dark", "deep", "dry", "dull", "eager", "easy", "evil", "false", "famous", "few", "firm", "foolish", "foreign",
        "free", "funny", "gentle", "glad", "golden", "harsh", "heavy", "high", "hollow", "honest", "icy", "ill",
        "juicy", "keen", "kind", "large", "lazy", "leisurely", "little", "lovely", "mild", "naughty", "nearby", "new",
        "nice", "old", "orange", "pale", "proud", "pure", "quick", "rare", "raw", "rich", "rude", "scary", "severe",
        "shallow", "sharp", "silly", "slow", "small", "soft", "sour", "square", "steep", "sure", "tall", "thirsty",
        "thorny", "tired", "ugly", "urgent", "vast", "visual", "wet", "whole", "wild", "worth it", "wrong", "zealous",
        "Asian", "beige", "measured", "treasured", "unusual", "noisy", "royal",
    ),
    "past": (
        "admired", "agreed with", "answered", "asked for", "avoided", "began", "believed", "blamed", "breathed on",
        "broke", "built", "called", "carried", "changed", "chased", "cleaned", "could not see", "counted", "crossed",
        "decided on", "described", "drew", "drove", "earned", "envied", "explained", "fed", "fixed", "forgot", "froze",
        "gathered", "gave us", "had", "hated", "heard of", "hoped for", "hurt", "itched for", "jumped over", "kicked",
        "laughed at", "left", "let go of", "liked", "looked for", "lost", "needed", "never had", "ordered",
        "ought to have", "owned", "polished", "praised", "reached", "refused", "remembered", "roared at", "ruined",
        "rushed to", "shared", "should have", "showed", "smelled", "spoiled", "stood by", "swung", "taught", "tied",
        "toyed with", "trusted", "turned", "unloaded", "used to have", "voiced", "waited for", "walked past", "wanted",
        "warmed", "watched", "wished for", "worried about", "yelled at", "measured", "treasured", "camouflaged",
        "sabotaged", "destroyed",
    ),
    "base": (
        "accept", "add", "argue over", "ask for", "attach", "avoid", "behave like", "bend", "borrow", "bring", "burn",
        "catch", "change", "check", "clear", "cook", "count", "cut", "describe", "divide", "do", "draw", "earn", "eat",
        "enjoy", "excuse", "feed", "feel", "fetch", "fight", "find", "fix", "follow", "gather", "get", "grow", "guard",
        "hear", "help", "hold", "imagine", "itemise", "keep", "kick", "know", "laugh at", "lead", "lift", "like",
        "love", "look at", "mix", "need", "offer", "open", "own", "oil", "pay for", "question", "reach", "read",
        "refuse", "rule", "rush", "scratch", "see", "sell", "share", "sing about", "soothe", "spoil", "study", "teach",
        "tell", "think of", "toss", "touch", "try", "turn", "unlock", "vacate", "visit", "voice", "wait for", "wear",
        "wish for", "worry about", "measure", "treasure", "massage", "destroy", "join",
    ),
    "modal": (
        "can", "could", "will", "would", "should", "must", "may", "might", "ought to", "won't", "didn't", "used to",
    ),
    "question": (
        "why would", "how should", "where did", "when will", "what if", "who says", "must", "didn't", "couldn't",
        "which day can",
    ),
    "link": (
        "and", "but", "so", "because", "although", "while", "before", "after", "yet", "unless", "as if",
        "whether or not",
    ),
    "opening": (
        "actually", "as you know", "anyway", "excuse me", "fair enough", "finally", "frankly", "good evening",
        "honestly", "however", "I think", "I'm afraid", "if you please", "it's true", "listen", "luckily", "never mind",
        "no", "now then", "once again", "right", "so", "sorry", "surely", "though", "usually", "very well", "yes",
        "you see",
    ),
    "place": (
        "above the arch", "abroad", "along the path", "among the thorns", "around the edge", "at each end", "at sea",
        "beneath the earth", "beside their youth", "beyond the river", "by law", "down south", "for us",
        "from the north", "in a hurry", "in an hour", "in Europe", "in the sauce", "in their eyes", "inside the cage",
        "into the air", "near the azure lake", "next to the church", "off the shelf", "on Earth", "on the couch",
        "on TV", "opposite the zoo", "outside the house", "through the hall", "to the left", "towards the sun",
        "under the couch", "upstairs", "with ease", "with joy", "with the others", "within the walls", "without us",
    ),
    "time": (
        "all day long", "an hour ago", "as soon as possible", "at eight", "at last", "at once", "before dawn", "by now",
        "during the voyage", "each Tuesday", "early on", "every other month", "for ages", "forever", "in August",
        "in January", "in the future", "last Thursday", "later on", "long ago", "next July", "now and then",
        "on a Wednesday", "on the eleventh", "on Saturday", "once", "only yesterday", "right now", "soon enough",
        "ten years ago", "this evening", "tonight", "twice a year", "until Sunday", "with every breath",
    ),
    "number": (
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
        "fifteen", "twenty", "forty", "sixty", "a hundred", "both", "many", "all the", "too few", "a dozen", "half the",
        "some", "enough",
    ),
    "lip_person": (
        "Mum", "Papa", "Bobby", "Pam", "Abby", "Ben", "my boss", "Barbara", "Pete", "Mr Bloom", "Pip", "Emma",
        "the umpire", "the plumber", "the barber", "a beaming baby", "the bishop", "Jim", "Tom", "Abe", "Joe Plum",
        "the champion",
    ),
    "lip_past": (
        "bumped", "popped", "mapped", "mopped up", "bribed", "rubbed", "swapped", "simmered", "babbled about", "bombed",
        "compared", "admitted", "emptied", "grabbed", "hummed to", "impressed", "jumped by", "keeps", "limped by",
        "numbed", "rhymed with", "robbed", "sampled", "shaped", "steamed", "stabbed", "trimmed", "tempted", "warmed up",
        "wrapped up",
    ),
    "lip_base": (
        "bump", "pop", "map", "mop up", "rub", "swap", "bake", "compare", "grab", "hum to", "jump by", "keep", "sample",
        "shape", "steam", "trim", "warm up", "wrap up", "paint", "mend", "blame", "prepare", "promise", "remember",
        "submit", "obey",
    ),
    "lip_adjective": (
        "bumpy", "pompous", "plump", "brown", "creamy", "cheap", "deep", "dumb", "grumpy", "grim", "humble", "improper",
        "limp", "lumpy", "mouldy", "numb", "pale", "pimpled", "purple", "rubber", "ripe", "sharp", "shabby", "simple",
        "slim", "sombre", "tepid", "tubby", "warm", "wimpy", "beautiful", "bamboo", "public", "possible", "empty",
        "abominable",
    ),
    "lip_noun": (
        "apple", "bomb", "bubble", "bump", "cabbage", "camp", "comb", "cub", "drum", "dream", "elbow", "empire", "farm",
        "film", "gem", "globe", "grape", "ham", "harp", "hip", "jumper", "knob", "lamb", "lamp", "limb", "map",
        "member", "mob", "moment", "mop", "number", "opera", "palm", "pamphlet", "pebble", "plum", "poem", "pump",
        "ribbon", "robe", "room", "shampoo", "ship", "shrub", "soup", "stamp", "steam", "storm", "sweep", "symbol",
        "team", "temper", "thumb", "time", "tribe", "tub", "tulip", "umbrella", "web", "whip", "womb", "zipper",
    ),
    "lip_place": (
        "by the pub", "on the map", "up the ramp", "from the camp", "at the pump", "behind the pub", "by bus",
        "in my room", "in public", "below the dome", "from Memphis", "on the steps", "among the palms", "above the bar",
        "at bedtime",
    ),
    "word": (
        "{noun}", "{noun}", "{plural}", "{quality}", "{lip_noun}", "{lip_adjective}", "{base}", "{past}", "{rare}",
    ),
    "rare": (
        "abrasion", "adhesion", "adjoin", "aloof", "amazed", "annoy", "appease", "aside", "azure", "bathe", "beige",
        "boyhood", "buoy", "cashew", "chew", "choice", "closure", "cloth", "coughed", "couldn't", "courage", "cowboy",
        "cube", "doing", "earthy", "employ", "erase", "erosion", "ether", "exposure", "few", "fifths", "foyer", "fuel",
        "fusion", "genre", "goodbye", "growth", "hewn", "hoist", "hue", "huge", "illusion", "invoice", "judge",
        "leisure", "loathe", "loyal", "luxurious", "massage", "mature", "moist", "mouthing", "mute", "mirage",
        "northern", "occasion", "onion", "other", "oyster", "perfume", "poison", "persuasion", "pew", "pleasurable",
        "putt", "queue", "rejoice", "rouge", "royal", "sabotage", "seizure", "seethe", "shook", "sixths", "smooth",
        "soot", "soy", "strength", "subdue", "teething", "then", "thigh", "thou", "thrush", "thwart", "tissue", "toil",
        "truths", "tune", "unjust", "vouch", "view", "version", "vision", "visionary", "void", "wharf", "whoosh",
        "withhold", "wolf", "wool", "would", "wreath", "yawn", "yoke", "you", "zoo",
    ),
    "letter": (
        "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V",
        "X", "Y", "Z",
    ),
    "digit": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "grid_verb": ("bin", "lay", "place", "set"),
    "grid_colour": ("blue", "green", "red", "white"),
    "grid_preposition": ("at", "by", "in", "with"),
    "grid_adverb": ("again", "now", "please", "soon"),
}  # fmt: skip

_SLOT = re.compile(r"{(\w+)}")


def draw_text(rng: np.random.Generator) -> str:
    """Draw one sentence of three to about twenty words, for example ``"Bob hummed to my mouldy lamp in public."``."""
    kind = str(rng.choice(list(_KINDS), p=list(_KINDS.values())))
    if kind == "story":
        return draw_sentence(rng)
    text = _expand(f"{{{kind}}}", rng)
    return text[0].upper() + text[1:]


def _expand(text: str, rng: np.random.Generator) -> str:
    def choose(slot: re.Match[str]) -> str:
        choices = _GRAMMAR[slot.group(1)]
        return _expand(choices[int(rng.integers(len(choices)))], rng)

    return _SLOT.sub(choose, text)
