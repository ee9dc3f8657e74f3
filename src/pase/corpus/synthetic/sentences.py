"""Sentences for the synthetic speakers: a small seeded grammar whose words hold every phone in many contexts."""

import re

import numpy as np

_TEMPLATES = (
    "{the} {adjective} {person} {did} {the} {adjective} {thing} {where}.",
    "{the} {person} and {the} {person} {did} {the} {thing}, {when}.",
    "{question} {the} {person} {do} {the} {adjective} {thing} {when}?",
    "please {do} {the} {adjective} {thing} {where}, {person}.",
    "{opening}, I {did} {the} {thing} and {the} {thing} {where}.",
    "{when}, {the} {adjective} {person} will {do} {the} {adjective} {thing}.",
    "{the} {thing} {where} was {adjective}, but {the} {thing} was {adjective}.",
    "you should {do} {the} {thing} with {the} {adjective} {person} {when}.",
    "{opening}, {the} {adjective} {thing} is {where}, my {adjective} {person}.",
    "{number} {adjective} boys and {number} girls {did} {the} {thing}.",
)

_WORDS: dict[str, tuple[str, ...]] = {
    "the": ("the", "the", "this", "my", "your", "our", "his", "her", "their", "that", "each", "another"),
    "adjective": (
        "big", "beige", "blue", "brown", "cheap", "cool", "curious", "dusty", "early", "empty", "faithful", "familiar",
        "fresh", "full", "fuzzy", "good", "grey", "happy", "huge", "jolly", "loud", "loyal", "lucky", "marvellous",
        "muddy", "narrow", "noisy", "odd", "perfect", "poor", "precious", "purple", "quiet", "rough", "royal", "shy",
        "smooth", "spoiled", "strange", "sweet", "thick", "thin", "unusual", "usual", "useful", "vague", "valuable",
        "warm", "weird", "wise", "wooden", "worthy", "yellow", "young",
    ),
    "person": (
        "father", "mother", "brother", "baker", "boy", "butcher", "captain", "cashier", "child", "cook", "cowboy",
        "driver", "engineer", "farmer", "girl", "guide", "guy", "judge", "king", "lawyer", "magician", "nurse",
        "painter", "pilot", "teacher", "soldier", "thief", "uncle", "visitor", "voyager", "weaver", "woman", "youth",
    ),
    "thing": (
        "apple", "bath", "book", "bottle", "bridge", "butter", "carriage", "cheese", "coin", "collision", "cup",
        "diamond", "envelope", "feather", "fish", "foil", "garage", "giraffe", "glove", "hoop", "house", "juice",
        "jewel", "kitchen", "lemon", "match", "measure", "mirage", "moth", "moon", "mouth", "ointment", "onion",
        "oyster", "pebble", "piano", "pudding", "puzzle", "revision", "river", "rug", "shoe", "sofa", "song", "spoon",
        "stove", "sugar", "television", "thimble", "tooth", "toy", "treasure", "tub", "tulip", "umbrella", "vase",
        "version", "vision", "voice", "watch", "whip", "wolf", "wool", "yard", "zebra",
    ),
    "did": (
        "bought", "brushed", "caught", "chewed", "chose", "covered", "destroyed", "dropped", "enjoyed", "felt", "found",
        "gave up", "guarded", "heard", "imagined", "joined", "judged", "kept", "knew", "lifted", "loved", "measured",
        "moved", "noticed", "opened", "paid for", "poured", "pulled", "pushed", "put away", "saw", "shook", "sold",
        "thought of", "threw", "took", "treasured", "used", "visited", "washed", "wove", "wrapped",
    ),
    "do": (
        "buy", "catch", "choose", "cover", "employ", "enjoy", "fetch", "fold", "forget", "give", "guess", "hide",
        "join", "judge", "keep", "leave", "lose", "measure", "move", "push", "put down", "pull", "save", "shake",
        "show", "teach", "throw", "touch", "use", "value", "wash", "watch", "weigh", "wipe", "wrap",
    ),
    "where": (
        "above the valley", "across the ocean", "at the zoo", "behind the mill", "below the roof", "beside the oak",
        "by the fire", "down the road", "from Asia", "in the bush", "in the garage", "in the rough wood",
        "near the bay", "on the beach", "on the pavement", "out of town", "over the hedge", "through the fog",
        "under the bench", "up the hill", "with both hands", "without a word",
    ),
    "when": (
        "after lunch", "again and again", "all the same", "as usual", "at noon", "before the show", "by chance",
        "each evening", "for a while", "in April", "in the morning", "just now", "on Thursday", "once more",
        "this year", "tomorrow", "with pleasure", "yesterday", "on occasion", "for pure joy",
    ),
    "question": ("why did", "when does", "how could", "where should", "which way will", "would", "how often may"),
    "opening": (
        "oh boy", "well", "good morning", "thank you", "by the way", "at first", "hello", "of course", "goodbye",
        "look here", "believe me", "in my view", "to be sure", "in conclusion",
    ),
    "number": ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "both"),
}  # fmt: skip

_SLOT = re.compile(r"{(\w+)}")


def draw_sentence(rng: np.random.Generator) -> str:
    """Draw one sentence of about eight to fourteen words, for example ``"My young king pushed the vase at noon."``."""
    template = _TEMPLATES[rng.integers(len(_TEMPLATES))]
    sentence = _SLOT.sub(lambda slot: _draw_word(rng, slot.group(1)), template)
    return sentence[0].upper() + sentence[1:]


def _draw_word(rng: np.random.Generator, slot: str) -> str:
    words = _WORDS[slot]
    return words[int(rng.integers(len(words)))]
