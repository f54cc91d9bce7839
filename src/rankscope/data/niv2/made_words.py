"""Word lists of the made tasks, and the sentences several of them share."""

from random import Random

WOMEN = ("ann", "eve", "ida", "mary", "meg", "rose", "sue", "lisa")
MEN = ("ben", "fred", "jack", "leo", "max", "nick", "paul", "tom")
NAMES = (*WOMEN, *MEN)
PLACES = (
    "park", "shop", "hall", "station", "bank", "farm", "garden", "room", "pool", "yard", "hill",
    "hotel",
)  # fmt: skip
THINGS = ("ball", "book", "key", "cup", "pen", "map", "hat", "bag", "box", "coin", "table", "card")
COLOURS = ("red", "blue", "green", "white", "black", "brown", "pink", "grey")
ANIMALS = ("dog", "cat", "cow", "pig", "bird", "fish", "fox", "bear", "hen", "horse")
FOODS = ("bread", "soup", "rice", "cake", "meat", "pie", "corn", "bean", "nut", "ham")
CLOTHES = ("shirt", "coat", "shoe", "sock", "dress", "belt", "cap", "boot", "vest", "tie")
TOOLS = ("saw", "drill", "rope", "nail", "pin", "pump", "fork", "axe", "brush", "screw")
GROUPS = {"animal": ANIMALS, "food": FOODS, "clothing": CLOTHES, "tool": TOOLS}
GOOD = (
    "good", "great", "nice", "lovely", "fine", "perfect", "super", "neat", "wonderful", "pleasant",
    "excellent", "splendid", "sweet", "charming",
)  # fmt: skip
BAD = (
    "bad", "poor", "awful", "terrible", "boring", "horrible", "dull", "ugly", "nasty", "weak",
    "sad", "sour", "useless", "dreadful",
)  # fmt: skip
OPPOSITES = (
    ("big", "small"), ("hot", "cold"), ("open", "closed"), ("new", "old"), ("fast", "slow"),
    ("full", "empty"), ("high", "low"), ("long", "short"), ("hard", "soft"), ("wet", "dry"),
    ("light", "dark"), ("clean", "dirty"),
    ("early", "late"), ("strong", "frail"),
)  # fmt: skip
OPPOSITE = dict(OPPOSITES) | {b: a for a, b in OPPOSITES}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PAST = {
    "walk": "walked", "work": "worked", "play": "played", "wait": "waited", "cook": "cooked",
    "talk": "talked",
}  # fmt: skip
TOPIC_WORDS = {
    "sport": ("match", "team", "goal", "player", "race", "coach"),
    "weather": ("rain", "snow", "wind", "storm", "cloud", "sun"),
    "money": ("price", "bank", "loan", "tax", "cost", "bill"),
    "music": ("song", "band", "drum", "piano", "singer", "tune"),
}
LISTED = (*THINGS, *ANIMALS)


def one(rng: Random, words: tuple[str, ...]) -> str:
    """Choose a word."""
    return rng.choice(words)


def some(rng: Random, words: tuple[str, ...], count: int) -> list[str]:
    """Choose `count` different words."""
    return rng.sample(words, count)


def whereabouts(rng: Random, people: int = 2) -> tuple[str, list[str], list[str]]:
    """Return a passage that says where some people are, the people, and their places."""
    names, places = some(rng, NAMES, people), some(rng, PLACES, people)
    facts = [f"{n} is in the {p}." for n, p in zip(names, places, strict=True)]
    return " ".join(facts), names, places


def belongings(rng: Random, people: int = 2) -> tuple[str, list[str], list[str]]:
    """Return a passage that says who has which thing, the people, and their things."""
    names, things = some(rng, NAMES, people), some(rng, THINGS, people)
    facts = [f"{n} has the {t}." for n, t in zip(names, things, strict=True)]
    return " ".join(facts), names, things


def coloured(rng: Random, count: int = 2) -> tuple[str, list[str], list[str]]:
    """Return a passage that gives some things a colour, the things, and their colours."""
    things, colours = some(rng, THINGS, count), some(rng, COLOURS, count)
    facts = [f"the {t} is {c}." for t, c in zip(things, colours, strict=True)]
    return " ".join(facts), things, colours


def other(rng: Random, words: tuple[str, ...], but: list[str]) -> str:
    """Choose a word that is not in `but`."""
    return rng.choice([word for word in words if word not in but])
