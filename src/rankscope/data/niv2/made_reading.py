"""Made training tasks on what a text says: sentiment, questions, extraction, topics.

Docstrings are the definitions that the model reads. Each skill (finding a fact, copying a word by
its place or kind, comparing, sorting into kinds) occurs in several tasks with different wordings,
because a small model learns a skill from many examples and then needs only the wording.
"""

from random import Random

from rankscope.data.niv2.made_recipes import Answer, Recipes
from rankscope.data.niv2.made_words import (
    ANIMALS,
    BAD,
    COLOURS,
    FOODS,
    GOOD,
    GROUPS,
    LISTED,
    NAMES,
    PLACES,
    THINGS,
    TOPIC_WORDS,
    belongings,
    coloured,
    one,
    other,
    some,
    whereabouts,
)

READING = Recipes("train")
Example = tuple[str, Answer]


def _verdict(rng: Random, good: str, bad: str) -> tuple[tuple[str, ...], str]:
    """Choose a side: its adjectives, and what it is called."""
    return rng.choice(((GOOD, good), (BAD, bad)))


# --- sentiment ------------------------------------------------------------------------------------


@READING.of("Sentiment Analysis")
def film_review(rng: Random) -> Example:
    """You are given a review of a film. Say whether it is positive or negative."""
    words, answer = _verdict(rng, "positive", "negative")
    first, second = some(rng, words, 2)
    return f"the film was {first} and the end was {second}.", answer


@READING.of("Sentiment Analysis")
def meal_review(rng: Random) -> Example:
    """You are given an opinion about a meal. Answer good or bad."""
    words, answer = _verdict(rng, "good", "bad")
    return f"{one(rng, NAMES)} thinks that the {one(rng, FOODS)} is {one(rng, words)}.", answer


@READING.of("Sentiment Analysis")
def writer_likes_it(rng: Random) -> Example:
    """Does the writer like the thing? Answer yes or no."""
    words, answer = _verdict(rng, "yes", "no")
    return f"i bought a {one(rng, THINGS)} and it is {one(rng, words)}.", answer


@READING.of("Sentiment Analysis")
def place_review(rng: Random) -> Example:
    """You are given a message about a place. Say whether it is positive or negative."""
    words, answer = _verdict(rng, "positive", "negative")
    return f"{one(rng, NAMES)} says that the {one(rng, PLACES)} is {one(rng, words)}.", answer


@READING.of("Sentiment Analysis")
def better_of_two(rng: Random) -> Example:
    """Two things are described, A and B. Answer with the letter of the good one."""
    first, second = some(rng, THINGS, 2)
    good, bad, answer = one(rng, GOOD), one(rng, BAD), rng.choice("AB")
    a, b = (good, bad) if answer == "A" else (bad, good)
    return f"A: the {first} is {a}. B: the {second} is {b}.", answer


# --- question answering ---------------------------------------------------------------------------


@READING.of("Question Answering")
def where_is_the_person(rng: Random) -> Example:
    """Read the passage and answer the question with the name of a place."""
    passage, names, places = whereabouts(rng)
    asked = rng.randrange(2)
    return f"{passage} where is {names[asked]}?", places[asked]


@READING.of("Question Answering")
def who_is_there(rng: Random) -> Example:
    """Read the passage and answer the question with the name of a person."""
    passage, names, places = whereabouts(rng)
    asked = rng.randrange(2)
    return f"{passage} who is in the {places[asked]}?", names[asked]


@READING.of("Question Answering")
def who_has_it(rng: Random) -> Example:
    """Read the passage. Answer with the person who has the thing."""
    passage, names, things = belongings(rng)
    asked = rng.randrange(2)
    return f"{passage} who has the {things[asked]}?", names[asked]


@READING.of("Question Answering")
def what_does_the_person_have(rng: Random) -> Example:
    """Read the passage and answer the question with the name of a thing."""
    passage, names, things = belongings(rng)
    asked = rng.randrange(2)
    return f"{passage} what does {names[asked]} have?", things[asked]


@READING.of("Question Answering")
def which_colour(rng: Random) -> Example:
    """Read the passage and answer the question with a colour."""
    passage, things, colours = coloured(rng)
    asked = rng.randrange(2)
    return f"{passage} which colour is the {things[asked]}?", colours[asked]


@READING.of("Question Answering")
def which_thing(rng: Random) -> Example:
    """Read the passage. Answer with the thing that has the colour."""
    passage, things, colours = coloured(rng)
    asked = rng.randrange(2)
    return f"{passage} which thing is {colours[asked]}?", things[asked]


@READING.of("Question Answering")
def is_the_person_there(rng: Random) -> Example:
    """Read the passage and answer the question with yes or no."""
    name, place = one(rng, NAMES), one(rng, PLACES)
    answer = rng.choice(("yes", "no"))
    asked = place if answer == "yes" else other(rng, PLACES, [place])
    return f"{name} is in the {place}. is {name} in the {asked}?", answer


@READING.of("Question Answering")
def is_it_the_colour(rng: Random) -> Example:
    """Read the sentence about a thing and answer the question with yes or no."""
    thing, colour = one(rng, THINGS), one(rng, COLOURS)
    answer = rng.choice(("yes", "no"))
    asked = colour if answer == "yes" else other(rng, COLOURS, [colour])
    return f"{one(rng, NAMES)} has a {colour} {thing}. is the {thing} {asked}?", answer


# --- information extraction -----------------------------------------------------------------------


@READING.of("Information Extraction")
def first_word(rng: Random) -> Example:
    """You are given some words. Answer with the first word."""
    words = some(rng, LISTED, rng.randint(2, 4))
    return " ".join(words), words[0]


@READING.of("Information Extraction")
def last_word(rng: Random) -> Example:
    """You are given some words. Answer with the last word."""
    words = some(rng, LISTED, rng.randint(2, 4))
    return " ".join(words), words[-1]


@READING.of("Information Extraction")
def person_in_sentence(rng: Random) -> Example:
    """Find the person in the sentence. Answer with the name."""
    name = one(rng, NAMES)
    return f"in the {one(rng, PLACES)}, {name} found a {one(rng, THINGS)}.", name


@READING.of("Information Extraction")
def colour_in_sentence(rng: Random) -> Example:
    """Find the colour in the sentence."""
    colour = one(rng, COLOURS)
    return f"{one(rng, NAMES)} bought a {colour} {one(rng, (*THINGS, *ANIMALS))}.", colour


@READING.of("Information Extraction")
def place_in_sentence(rng: Random) -> Example:
    """Find the place in the sentence. Answer with the name of the place."""
    place = one(rng, PLACES)
    return f"{one(rng, NAMES)} saw a {one(rng, ANIMALS)} in the {place} today.", place


@READING.of("Information Extraction")
def number_in_sentence(rng: Random) -> Example:
    """Find the number in the sentence. Answer with the number."""
    number = str(rng.randint(2, 9))
    return f"{one(rng, NAMES)} has {number} {one(rng, ANIMALS)} pictures.", number


@READING.of("Information Extraction")
def word_in_quotes(rng: Random) -> Example:
    """One word of the sentence is in quotes. Answer with that word."""
    word = one(rng, LISTED)
    return f'{one(rng, NAMES)} said "{word}" in the {one(rng, PLACES)}.', word


@READING.of("Information Extraction")
def food_in_sentence(rng: Random) -> Example:
    """Find the food in the sentence. Answer with the name of the food."""
    food = one(rng, FOODS)
    return f"{one(rng, NAMES)} put the {food} into the {one(rng, ('box', 'bag', 'cup'))}.", food


# --- text categorization --------------------------------------------------------------------------


@READING.of("Text Categorization")
def kind_of_words(rng: Random) -> Example:
    """What are the words about? Answer animal, food, clothing or tool."""
    kind = rng.choice(tuple(GROUPS))
    return " ".join(some(rng, GROUPS[kind], 3)), kind


@READING.of("Text Categorization")
def topic_of_sentence(rng: Random) -> Example:
    """Choose the topic of the sentence: sport, weather, money or music."""
    topic = rng.choice(tuple(TOPIC_WORDS))
    first, second = some(rng, TOPIC_WORDS[topic], 2)
    return f"{one(rng, NAMES)} talks about the {first} and the {second}.", topic


@READING.of("Text Categorization")
def question_or_statement(rng: Random) -> Example:
    """Is the text a question or a statement?"""
    name, place = one(rng, NAMES), one(rng, PLACES)
    if rng.random() < 0.5:
        return f"{rng.choice(('is', 'was'))} {name} in the {place}?", "question"
    return f"{name} {rng.choice(('is', 'was'))} in the {place}.", "statement"


@READING.of("Text Categorization")
def formal_or_informal(rng: Random) -> Example:
    """Is the letter formal or informal?"""
    name, thing = one(rng, NAMES), one(rng, THINGS)
    if rng.random() < 0.5:
        return f"dear sir, please send the {thing} to {name}.", "formal"
    return f"hey, just give {name} the {thing}!", "informal"


@READING.of("Text Categorization")
def spam_or_not(rng: Random) -> Example:
    """Is the message spam? Answer yes or no."""
    name, thing = one(rng, NAMES), one(rng, THINGS)
    if rng.random() < 0.5:
        return f"{name}, win a free {thing} now!", "yes"
    return f"{name}, your {thing} is in the {one(rng, PLACES)}.", "no"
