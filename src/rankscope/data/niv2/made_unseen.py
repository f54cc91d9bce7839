"""Made test tasks, in categories no training task has; docstrings are the definitions.

They need the skills of the training tasks under other words and in other combinations, so that
transfer to unseen tasks is possible, but is no copying of a known definition.
"""

from random import Random

from rankscope.data.niv2.made_recipes import Answer, Recipes
from rankscope.data.niv2.made_words import (
    ALL_NOUNS,
    ANIMALS,
    COLOURS,
    GROUPS,
    NAMES,
    OPPOSITES,
    PLACES,
    THINGS,
    WOMEN,
    belongings,
    coloured,
    one,
    other,
    some,
    whereabouts,
)

UNSEEN = Recipes("test")
Example = tuple[str, Answer]


def _claim(rng: Random, subject: str, says: str, words: tuple[str, ...], it: str) -> Example:
    """Return a premise, a hypothesis that holds or not, and yes or no."""
    answer = rng.choice(("yes", "no"))
    claimed = it if answer == "yes" else other(rng, words, [it])
    return f"premise: {subject} {says} {it}. hypothesis: {subject} {says} {claimed}.", answer


@UNSEEN.of("Textual Entailment")
def entailed_place(rng: Random) -> Example:
    """Does the hypothesis follow from the premise? Answer yes or no."""
    return _claim(rng, one(rng, NAMES), "is in the", PLACES, one(rng, PLACES))


@UNSEEN.of("Textual Entailment")
def entailed_thing(rng: Random) -> Example:
    """Is the hypothesis true if the premise is true? Answer yes or no."""
    return _claim(rng, one(rng, NAMES), "has the", THINGS, one(rng, THINGS))


@UNSEEN.of("Textual Entailment")
def entailed_colour(rng: Random) -> Example:
    """Read the premise and say whether the hypothesis is right. Answer yes or no."""
    return _claim(rng, f"the {one(rng, THINGS)}", "is", COLOURS, one(rng, COLOURS))


@UNSEEN.of("Answerability Classification")
def answerable_where(rng: Random) -> Example:
    """Can the question be answered from the passage? Answer yes or no."""
    passage, names, _ = whereabouts(rng)
    answer = rng.choice(("yes", "no"))
    asked = rng.choice(names) if answer == "yes" else other(rng, NAMES, names)
    return f"{passage} where is {asked}?", answer


@UNSEEN.of("Answerability Classification")
def answerable_who(rng: Random) -> Example:
    """Does the passage contain the answer to the question? Answer yes or no."""
    passage, _, things = belongings(rng)
    answer = rng.choice(("yes", "no"))
    asked = rng.choice(things) if answer == "yes" else other(rng, THINGS, things)
    return f"{passage} who has the {asked}?", answer


@UNSEEN.of("Keyword Tagging")
def tag_the_person(rng: Random) -> Example:
    """Tag the sentence with the name of the person in it."""
    name = one(rng, NAMES)
    return f"yesterday {name} lost a {one(rng, THINGS)} in the {one(rng, PLACES)}.", name


@UNSEEN.of("Keyword Tagging")
def tag_the_colour(rng: Random) -> Example:
    """Tag the sentence with the colour that it names."""
    colour = one(rng, COLOURS)
    return f"the {one(rng, ANIMALS)} took the {colour} {one(rng, THINGS)}.", colour


@UNSEEN.of("Keyword Tagging")
def tag_the_quoted_word(rng: Random) -> Example:
    """Tag the sentence with the word in quotes."""
    word = one(rng, ALL_NOUNS)
    return f'the word "{word}" was written by {one(rng, NAMES)}.', word


@UNSEEN.of("Question Rewriting")
def who_is_meant(rng: Random) -> Example:
    """Rewrite the question with the name of the person instead of the pronoun."""
    name, place = one(rng, NAMES), one(rng, PLACES)
    pronoun = "she" if name in WOMEN else "he"
    return f"{name} has a {one(rng, THINGS)}. is {pronoun} in the {place}?", (
        f"is {name} in the {place}?"
    )


@UNSEEN.of("Question Rewriting")
def statement_to_question(rng: Random) -> Example:
    """Rewrite the statement as a question."""
    name, place, word = one(rng, NAMES), one(rng, PLACES), rng.choice(("is", "was"))
    return f"{name} {word} in the {place}.", f"{word} {name} in the {place}?"


@UNSEEN.of("Word Analogy")
def analogy_of_opposites(rng: Random) -> Example:
    """Find the word that completes the analogy of opposites."""
    (first, second), (third, fourth) = rng.sample(OPPOSITES, 2)
    if rng.random() < 0.5:
        first, second, third, fourth = second, first, fourth, third
    return f"{first} is to {second} as {third} is to", fourth


@UNSEEN.of("Word Analogy")
def analogy_of_kinds(rng: Random) -> Example:
    """Complete the analogy with animal, food, clothing or tool."""
    first, second = some(rng, tuple(GROUPS), 2)
    text = f"{one(rng, GROUPS[first])} is to {first} as {one(rng, GROUPS[second])} is to"
    return text, second


@UNSEEN.of("Data to Text")
def place_record(rng: Random) -> Example:
    """Write the data as a sentence about where the person is."""
    name, place = one(rng, NAMES), one(rng, PLACES)
    text = f"person: {name}, place: {place}, day: {rng.randint(1, 30)}"
    return text, (
        f"{name} is in the {place}.",
        f"on day {text.split()[-1]} {name} is in the {place}.",
    )


@UNSEEN.of("Data to Text")
def thing_record(rng: Random) -> Example:
    """Write the data as a sentence about the colour of the thing."""
    thing, colour = one(rng, THINGS), one(rng, COLOURS)
    return f"thing: {thing}, colour: {colour}, number: {rng.randint(1, 9)}", (
        f"the {thing} is {colour}."
    )


@UNSEEN.of("Title Generation")
def title_of_passage(rng: Random) -> Example:
    """Give the passage a title: the thing that it is about."""
    passage, things, _ = coloured(rng, 1)
    text = f"{passage} {one(rng, NAMES)} likes the {things[0]} in the {one(rng, PLACES)}."
    return text, (f"the {things[0]}", things[0])


@UNSEEN.of("Dialogue Act Recognition")
def ask_or_tell(rng: Random) -> Example:
    """Does the speaker ask or tell something? Answer question or statement."""
    name, thing = one(rng, NAMES), one(rng, THINGS)
    if rng.random() < 0.5:
        return f"{one(rng, NAMES)}: has {name} got the {thing}?", "question"
    return f"{one(rng, NAMES)}: {name} has got the {thing}.", "statement"


@UNSEEN.of("Dialogue Act Recognition")
def refuse_or_accept(rng: Random) -> Example:
    """Does the second speaker accept? Answer yes or no."""
    answer = rng.choice(("yes", "no"))
    reply = "that is fine" if answer == "yes" else "that is not fine"
    return f"1: we go to the {one(rng, PLACES)}. 2: {reply}, {one(rng, NAMES)}.", answer


@UNSEEN.of("Coreference Resolution")
def pronoun_to_name(rng: Random) -> Example:
    """Which person does the pronoun stand for? Answer with the name."""
    women = sorted(WOMEN)
    men = [name for name in NAMES if name not in WOMEN]
    pair = [rng.choice(women), rng.choice(men)]
    meant = rng.randrange(2)
    first, second = pair if rng.random() < 0.5 else pair[::-1]
    pronoun = ("she", "he")[meant]
    return f"{first} and {second} are in the {one(rng, PLACES)}. {pronoun} is glad.", pair[meant]
