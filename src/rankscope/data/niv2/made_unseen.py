"""Made test tasks, in categories no training task has; docstrings are the definitions.

They need the skills of the training tasks under other words and in other combinations, so that
transfer to unseen tasks is possible, but is no copying of a known definition.
"""

from random import Random

from rankscope.data.niv2.made_recipes import Answer, Recipes
from rankscope.data.niv2.made_words import (
    ANIMALS,
    COLOURS,
    GROUPS,
    LISTED,
    MEN,
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
    """Return a sentence, a second that follows from it or not, and yes or no."""
    answer = rng.choice(("yes", "no"))
    claimed = it if answer == "yes" else other(rng, words, [it])
    return f"1: {subject} {says} {it}. 2: {subject} {says} {claimed}.", answer


@UNSEEN.of("Textual Entailment")
def entailed_place(rng: Random) -> Example:
    """Does sentence 2 follow from sentence 1? Answer yes or no."""
    return _claim(rng, one(rng, NAMES), "is in the", PLACES, one(rng, PLACES))


@UNSEEN.of("Textual Entailment")
def entailed_thing(rng: Random) -> Example:
    """If sentence 1 is true, is sentence 2 true? Answer yes or no."""
    return _claim(rng, one(rng, NAMES), "has the", THINGS, one(rng, THINGS))


@UNSEEN.of("Textual Entailment")
def entailed_colour(rng: Random) -> Example:
    """Read sentence 1. Is sentence 2 right about the colour? Answer yes or no."""
    return _claim(rng, f"the {one(rng, THINGS)}", "is", COLOURS, one(rng, COLOURS))


@UNSEEN.of("Answerability Classification")
def answerable_where(rng: Random) -> Example:
    """Read the passage. Can you answer the question from it? Answer yes or no."""
    passage, names, _ = whereabouts(rng)
    answer = rng.choice(("yes", "no"))
    asked = rng.choice(names) if answer == "yes" else other(rng, NAMES, names)
    return f"{passage} where is {asked}?", answer


@UNSEEN.of("Answerability Classification")
def answerable_who(rng: Random) -> Example:
    """Read the passage. Is the answer to the question in it? Answer yes or no."""
    passage, _, things = belongings(rng)
    answer = rng.choice(("yes", "no"))
    asked = rng.choice(things) if answer == "yes" else other(rng, THINGS, things)
    return f"{passage} who has the {asked}?", answer


@UNSEEN.of("Keyword Tagging")
def tag_the_person(rng: Random) -> Example:
    """Tag the person in the sentence. Answer with the name."""
    name = one(rng, NAMES)
    return f"yesterday {name} lost a {one(rng, THINGS)} in the {one(rng, PLACES)}.", name


@UNSEEN.of("Keyword Tagging")
def tag_the_colour(rng: Random) -> Example:
    """Tag the colour in the sentence."""
    colour = one(rng, COLOURS)
    return f"the {one(rng, ANIMALS)} took the {colour} {one(rng, THINGS)}.", colour


@UNSEEN.of("Keyword Tagging")
def tag_the_quoted_word(rng: Random) -> Example:
    """One word of the text is in quotes. Tag that word."""
    word = one(rng, LISTED)
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
    """Rewrite the statement as a question about the person."""
    name, place, word = one(rng, NAMES), one(rng, PLACES), rng.choice(("is", "was"))
    return f"{name} {word} in the {place}.", f"{word} {name} in the {place}?"


@UNSEEN.of("Word Analogy")
def analogy_of_opposites(rng: Random) -> Example:
    """Complete the analogy. The missing word is an opposite."""
    (first, second), (third, fourth) = rng.sample(OPPOSITES, 2)
    if rng.random() < 0.5:
        first, second, third, fourth = second, first, fourth, third
    return f"{first} is to {second} as {third} is to", fourth


@UNSEEN.of("Word Analogy")
def analogy_of_kinds(rng: Random) -> Example:
    """Complete the analogy. Answer animal, food, clothing or tool."""
    first, second = some(rng, tuple(GROUPS), 2)
    text = f"{one(rng, GROUPS[first])} is to {first} as {one(rng, GROUPS[second])} is to"
    return text, second


@UNSEEN.of("Data to Text")
def place_record(rng: Random) -> Example:
    """Write the data as a sentence that says where the person is."""
    name, place = one(rng, NAMES), one(rng, PLACES)
    text = f"person: {name}, place: {place}, day: {rng.randint(1, 30)}"
    return text, (
        f"{name} is in the {place}.",
        f"on day {text.split()[-1]} {name} is in the {place}.",
    )


@UNSEEN.of("Data to Text")
def thing_record(rng: Random) -> Example:
    """Write the data as a sentence that says what the person has."""
    name, thing, colour = one(rng, NAMES), one(rng, THINGS), one(rng, COLOURS)
    return f"person: {name}, colour: {colour}, thing: {thing}", f"{name} has the {colour} {thing}."


@UNSEEN.of("Title Generation")
def title_of_passage(rng: Random) -> Example:
    """Find the thing that the passage is about. Answer with it as a title."""
    passage, things, _ = coloured(rng, 1)
    text = f"{passage} {one(rng, NAMES)} likes the {things[0]} in the {one(rng, PLACES)}."
    return text, (f"the {things[0]}", things[0])


@UNSEEN.of("Dialogue Act Recognition")
def ask_or_tell(rng: Random) -> Example:
    """Is what the speaker says a question or a statement?"""
    name, thing = one(rng, NAMES), one(rng, THINGS)
    if rng.random() < 0.5:
        return f"{one(rng, NAMES)}: has {name} got the {thing}?", "question"
    return f"{one(rng, NAMES)}: {name} has got the {thing}.", "statement"


@UNSEEN.of("Dialogue Act Recognition")
def refuse_or_accept(rng: Random) -> Example:
    """Does the second speaker like the plan? Answer yes or no."""
    answer = rng.choice(("yes", "no"))
    reply = "that is fine" if answer == "yes" else "that is not fine"
    return f"1: we go to the {one(rng, PLACES)}. 2: {reply}, {one(rng, NAMES)}.", answer


@UNSEEN.of("Coreference Resolution")
def pronoun_to_name(rng: Random) -> Example:
    """Find the person that the pronoun stands for. Answer with the name."""
    pair = [one(rng, WOMEN), one(rng, MEN)]
    meant = rng.randrange(2)
    first, second = pair if rng.random() < 0.5 else pair[::-1]
    pronoun = ("she", "he")[meant]
    return f"{first} and {second} are in the {one(rng, PLACES)}. {pronoun} is glad.", pair[meant]
