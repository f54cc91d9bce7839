"""Made training tasks: docstrings are the definitions that the model reads.

Each skill (finding a fact, copying a word by its place or kind, comparing, sorting into kinds)
occurs in several tasks with different wordings, because a small model learns a skill from many
examples and then needs only the wording.
"""

from random import Random

from rankscope.data.niv2.made_recipes import Answer, Recipes
from rankscope.data.niv2.made_words import (
    ALL_NOUNS,
    ANIMALS,
    BAD,
    COLOURS,
    DAYS,
    FOODS,
    GOOD,
    GROUPS,
    NAMES,
    OPPOSITE,
    PAST,
    PLACES,
    THINGS,
    TOPIC_WORDS,
    WOMEN,
    belongings,
    coloured,
    one,
    other,
    some,
    whereabouts,
)

TRAINING = Recipes("train")
Example = tuple[str, Answer]


def _verdict(rng: Random, good: str, bad: str) -> tuple[tuple[str, ...], str]:
    """Choose a side: its adjectives, and what it is called."""
    return rng.choice(((GOOD, good), (BAD, bad)))


# --- sentiment ------------------------------------------------------------------------------------


@TRAINING.of("Sentiment Analysis")
def film_review(rng: Random) -> Example:
    """You are given a review of a film. Say whether it is positive or negative."""
    words, answer = _verdict(rng, "positive", "negative")
    first, second = some(rng, words, 2)
    return f"the film was {first} and the end was {second}.", answer


@TRAINING.of("Sentiment Analysis")
def meal_review(rng: Random) -> Example:
    """You are given an opinion about a meal. Answer good or bad."""
    words, answer = _verdict(rng, "good", "bad")
    return f"{one(rng, NAMES)} thinks that the {one(rng, FOODS)} is {one(rng, words)}.", answer


@TRAINING.of("Sentiment Analysis")
def writer_likes_it(rng: Random) -> Example:
    """Does the writer like the thing? Answer yes or no."""
    words, answer = _verdict(rng, "yes", "no")
    return f"i bought a {one(rng, THINGS)} and it is {one(rng, words)}.", answer


@TRAINING.of("Sentiment Analysis")
def place_review(rng: Random) -> Example:
    """You are given a message about a place. Say whether it is positive or negative."""
    words, answer = _verdict(rng, "positive", "negative")
    return f"{one(rng, NAMES)} says that the {one(rng, PLACES)} is {one(rng, words)}.", answer


@TRAINING.of("Sentiment Analysis")
def better_of_two(rng: Random) -> Example:
    """Two things are described, A and B. Answer with the letter of the good one."""
    first, second = some(rng, THINGS, 2)
    good, bad, answer = one(rng, GOOD), one(rng, BAD), rng.choice("AB")
    a, b = (good, bad) if answer == "A" else (bad, good)
    return f"A: the {first} is {a}. B: the {second} is {b}.", answer


# --- question answering ---------------------------------------------------------------------------


@TRAINING.of("Question Answering")
def where_is_the_person(rng: Random) -> Example:
    """Read the passage and answer the question with the name of a place."""
    passage, names, places = whereabouts(rng)
    asked = rng.randrange(2)
    return f"{passage} where is {names[asked]}?", places[asked]


@TRAINING.of("Question Answering")
def who_is_there(rng: Random) -> Example:
    """Read the passage and answer the question with the name of a person."""
    passage, names, places = whereabouts(rng)
    asked = rng.randrange(2)
    return f"{passage} who is in the {places[asked]}?", names[asked]


@TRAINING.of("Question Answering")
def who_has_it(rng: Random) -> Example:
    """Read the passage. Answer with the person who has the thing."""
    passage, names, things = belongings(rng)
    asked = rng.randrange(2)
    return f"{passage} who has the {things[asked]}?", names[asked]


@TRAINING.of("Question Answering")
def what_does_the_person_have(rng: Random) -> Example:
    """Read the passage and answer the question with the name of a thing."""
    passage, names, things = belongings(rng)
    asked = rng.randrange(2)
    return f"{passage} what does {names[asked]} have?", things[asked]


@TRAINING.of("Question Answering")
def which_colour(rng: Random) -> Example:
    """Read the passage and answer the question with a colour."""
    passage, things, colours = coloured(rng)
    asked = rng.randrange(2)
    return f"{passage} which colour is the {things[asked]}?", colours[asked]


@TRAINING.of("Question Answering")
def which_thing(rng: Random) -> Example:
    """Read the passage. Answer with the thing that has the colour."""
    passage, things, colours = coloured(rng)
    asked = rng.randrange(2)
    return f"{passage} which thing is {colours[asked]}?", things[asked]


@TRAINING.of("Question Answering")
def is_the_person_there(rng: Random) -> Example:
    """Read the passage and answer the question with yes or no."""
    name, place = one(rng, NAMES), one(rng, PLACES)
    answer = rng.choice(("yes", "no"))
    asked = place if answer == "yes" else other(rng, PLACES, [place])
    return f"{name} is in the {place}. is {name} in the {asked}?", answer


@TRAINING.of("Question Answering")
def is_it_the_colour(rng: Random) -> Example:
    """Read the sentence about a thing and answer the question with yes or no."""
    thing, colour = one(rng, THINGS), one(rng, COLOURS)
    answer = rng.choice(("yes", "no"))
    asked = colour if answer == "yes" else other(rng, COLOURS, [colour])
    return f"{one(rng, NAMES)} has a {colour} {thing}. is the {thing} {asked}?", answer


# --- information extraction -----------------------------------------------------------------------


@TRAINING.of("Information Extraction")
def first_word(rng: Random) -> Example:
    """You are given some words. Answer with the first word."""
    words = some(rng, ALL_NOUNS, rng.randint(2, 4))
    return " ".join(words), words[0]


@TRAINING.of("Information Extraction")
def last_word(rng: Random) -> Example:
    """You are given some words. Answer with the last word."""
    words = some(rng, ALL_NOUNS, rng.randint(2, 4))
    return " ".join(words), words[-1]


@TRAINING.of("Information Extraction")
def person_in_sentence(rng: Random) -> Example:
    """Find the person in the sentence. Answer with the name."""
    name = one(rng, NAMES)
    return f"in the {one(rng, PLACES)}, {name} found a {one(rng, THINGS)}.", name


@TRAINING.of("Information Extraction")
def colour_in_sentence(rng: Random) -> Example:
    """Find the colour in the sentence."""
    colour = one(rng, COLOURS)
    return f"{one(rng, NAMES)} bought a {colour} {one(rng, (*THINGS, *ANIMALS))}.", colour


@TRAINING.of("Information Extraction")
def place_in_sentence(rng: Random) -> Example:
    """Find the place in the sentence. Answer with the name of the place."""
    place = one(rng, PLACES)
    return f"{one(rng, NAMES)} saw a {one(rng, ANIMALS)} in the {place} today.", place


@TRAINING.of("Information Extraction")
def number_in_sentence(rng: Random) -> Example:
    """Find the number in the sentence. Answer with the number."""
    number = str(rng.randint(2, 9))
    return f"{one(rng, NAMES)} has {number} {one(rng, ANIMALS)} pictures.", number


@TRAINING.of("Information Extraction")
def word_in_quotes(rng: Random) -> Example:
    """One word of the sentence is in quotes. Answer with that word."""
    word = one(rng, ALL_NOUNS)
    return f'{one(rng, NAMES)} said "{word}" in the {one(rng, PLACES)}.', word


@TRAINING.of("Information Extraction")
def food_in_sentence(rng: Random) -> Example:
    """Find the food in the sentence. Answer with the name of the food."""
    food = one(rng, FOODS)
    return f"{one(rng, NAMES)} put the {food} into the {one(rng, ('box', 'bag', 'cup'))}.", food


# --- text categorization --------------------------------------------------------------------------


@TRAINING.of("Text Categorization")
def kind_of_words(rng: Random) -> Example:
    """What are the words about? Answer animal, food, clothing or tool."""
    kind = rng.choice(tuple(GROUPS))
    return " ".join(some(rng, GROUPS[kind], 3)), kind


@TRAINING.of("Text Categorization")
def topic_of_sentence(rng: Random) -> Example:
    """Choose the topic of the sentence: sport, weather, money or music."""
    topic = rng.choice(tuple(TOPIC_WORDS))
    first, second = some(rng, TOPIC_WORDS[topic], 2)
    return f"{one(rng, NAMES)} talks about the {first} and the {second}.", topic


@TRAINING.of("Text Categorization")
def question_or_statement(rng: Random) -> Example:
    """Is the text a question or a statement?"""
    name, place = one(rng, NAMES), one(rng, PLACES)
    if rng.random() < 0.5:
        return f"{rng.choice(('is', 'was'))} {name} in the {place}?", "question"
    return f"{name} {rng.choice(('is', 'was'))} in the {place}.", "statement"


@TRAINING.of("Text Categorization")
def formal_or_informal(rng: Random) -> Example:
    """Is the letter formal or informal?"""
    name, thing = one(rng, NAMES), one(rng, THINGS)
    if rng.random() < 0.5:
        return f"dear sir, please send the {thing} to {name}.", "formal"
    return f"hey, just give {name} the {thing}!", "informal"


@TRAINING.of("Text Categorization")
def spam_or_not(rng: Random) -> Example:
    """Is the message spam? Answer yes or no."""
    name, thing = one(rng, NAMES), one(rng, THINGS)
    if rng.random() < 0.5:
        return f"{name}, win a free {thing} now!", "yes"
    return f"{name}, your {thing} is in the {one(rng, PLACES)}.", "no"


# --- program execution ----------------------------------------------------------------------------


@TRAINING.of("Program Execution")
def reverse_the_list(rng: Random) -> Example:
    """You are given a list of letters. Reverse the list."""
    letters = rng.sample("abcdefghijklmnopqrstuvwxyz", 3)
    return " ".join(letters), " ".join(reversed(letters))


@TRAINING.of("Program Execution")
def remove_the_first(rng: Random) -> Example:
    """You are given a list. Remove the first element and return the rest."""
    words = some(rng, ALL_NOUNS, 3)
    return " ".join(words), " ".join(words[1:])


@TRAINING.of("Program Execution")
def second_element(rng: Random) -> Example:
    """You are given a list. Return the second element."""
    words = some(rng, ALL_NOUNS, 3)
    return " ".join(words), words[1]


@TRAINING.of("Program Execution")
def copy_the_list(rng: Random) -> Example:
    """You are given a list. Return the same list."""
    words = some(rng, ALL_NOUNS, rng.randint(2, 3))
    return " ".join(words), " ".join(words)


@TRAINING.of("Program Execution")
def count_the_elements(rng: Random) -> Example:
    """You are given a list. Return the number of elements."""
    words = some(rng, (*THINGS, *COLOURS), rng.randint(1, 5))
    return " ".join(words), str(len(words))


@TRAINING.of("Program Execution")
def flip_the_bits(rng: Random) -> Example:
    """Replace every 0 with 1 and every 1 with 0."""
    bits = [rng.choice("01") for _ in range(rng.randint(3, 10))]
    return " ".join(bits), " ".join("1" if bit == "0" else "0" for bit in bits)


@TRAINING.of("Program Execution")
def letters_to_capitals(rng: Random) -> Example:
    """You are given a list of letters. Return them as capital letters."""
    letters = rng.sample("abcdefghijklmnopqrstuvwxyz", rng.randint(2, 3))
    return " ".join(letters), " ".join(letters).upper()


# --- mathematics ----------------------------------------------------------------------------------


@TRAINING.of("Mathematics")
def larger_number(rng: Random) -> Example:
    """You are given two numbers. Answer with the larger number."""
    first, second = rng.sample(range(1, 60), 2)
    return f"{first} {second}", str(max(first, second))


@TRAINING.of("Mathematics")
def even_or_odd(rng: Random) -> Example:
    """Is the number even or odd?"""
    number = rng.randint(10, 4000)
    return str(number), "odd" if number % 2 else "even"


@TRAINING.of("Mathematics")
def add_two_numbers(rng: Random) -> Example:
    """Add the two numbers and answer with the sum."""
    first, second, thing = rng.randint(1, 5), rng.randint(1, 4), one(rng, (*THINGS, *ANIMALS))
    return f"{first} {thing} and {second} {thing}", str(first + second)


@TRAINING.of("Mathematics")
def next_number(rng: Random) -> Example:
    """The person counts. Answer with the next number."""
    start = rng.randint(1, 30)
    counted = ", ".join(str(start + step) for step in range(3))
    return f"{one(rng, NAMES)} counts {counted}", str(start + 3)


# --- text matching --------------------------------------------------------------------------------


@TRAINING.of("Text Matching")
def same_sentence(rng: Random) -> Example:
    """Are the two sentences the same? Answer yes or no."""
    name, place = one(rng, NAMES), one(rng, PLACES)
    answer = rng.choice(("yes", "no"))
    second = place if answer == "yes" else other(rng, PLACES, [place])
    return f"1: {name} is in the {place}. 2: {name} is in the {second}.", answer


@TRAINING.of("Text Matching")
def same_colour(rng: Random) -> Example:
    """Do the two things have the same colour? Answer yes or no."""
    first, second = some(rng, THINGS, 2)
    answer, colour = rng.choice(("yes", "no")), one(rng, COLOURS)
    other_colour = colour if answer == "yes" else other(rng, COLOURS, [colour])
    return f"a {colour} {first} and a {other_colour} {second}", answer


@TRAINING.of("Text Matching")
def same_kind(rng: Random) -> Example:
    """Are the two words of the same kind? Answer yes or no."""
    kind, answer = rng.choice(tuple(GROUPS)), rng.choice(("yes", "no"))
    if answer == "yes":
        return " and ".join(some(rng, GROUPS[kind], 2)), answer
    different = other(rng, tuple(GROUPS), [kind])
    return f"{one(rng, GROUPS[kind])} and {one(rng, GROUPS[different])}", answer


# --- word semantics -------------------------------------------------------------------------------


@TRAINING.of("Word Semantics")
def opposite_word(rng: Random) -> Example:
    """Answer with the opposite of the last word."""
    word = rng.choice(tuple(OPPOSITE))
    return f"the {one(rng, (*THINGS, *PLACES))} is {word}", OPPOSITE[word]


@TRAINING.of("Word Semantics")
def which_is_an_animal(rng: Random) -> Example:
    """Which of the words is an animal?"""
    animal = one(rng, ANIMALS)
    words = [animal, *some(rng, THINGS, 2)]
    rng.shuffle(words)
    return " ".join(words), animal


@TRAINING.of("Word Semantics")
def is_it_alive(rng: Random) -> Example:
    """Is it a living thing? Answer yes or no."""
    alive = rng.random() < 0.5
    adjective = rng.choice(tuple(OPPOSITE))
    return f"the {adjective} {one(rng, ANIMALS if alive else THINGS)}", "yes" if alive else "no"


@TRAINING.of("Word Semantics")
def kind_of_thing(rng: Random) -> Example:
    """What is it? Answer animal, food, clothing or tool."""
    kind = rng.choice(tuple(GROUPS))
    return f"{one(rng, NAMES)} sees the {one(rng, GROUPS[kind])}", kind


# --- linguistic probing ---------------------------------------------------------------------------


@TRAINING.of("Linguistic Probing")
def past_or_present(rng: Random) -> Example:
    """Is the sentence in the past or in the present?"""
    verb, past = rng.choice(tuple(PAST)), rng.random() < 0.5
    people = " and ".join(some(rng, NAMES, 2))
    return f"{people} {PAST[verb] if past else verb} there.", "past" if past else "present"


@TRAINING.of("Linguistic Probing")
def singular_or_plural(rng: Random) -> Example:
    """Is the last word singular or plural?"""
    word, plural = one(rng, (*THINGS, "dog", "cat", "cow", "bird")), rng.random() < 0.5
    adjective = rng.choice(tuple(OPPOSITE))
    return f"the {adjective} {word}{'s' if plural and word != 'box' else ''}", (
        "plural" if plural and word != "box" else "singular"
    )


@TRAINING.of("Linguistic Probing")
def is_it_negated(rng: Random) -> Example:
    """Does the sentence say that something is not so? Answer yes or no."""
    negated, verb = rng.random() < 0.5, rng.choice(("is", "was"))
    person, place = one(rng, NAMES), one(rng, PLACES)
    return f"{person} {verb} {'not ' if negated else ''}in the {place}.", "yes" if negated else "no"


@TRAINING.of("Linguistic Probing")
def he_or_she(rng: Random) -> Example:
    """Which pronoun fits the person in the sentence? Answer he or she."""
    name = one(rng, NAMES)
    text = f"{name} is in the {one(rng, PLACES)} with a {one(rng, THINGS)}."
    return text, "she" if name in WOMEN else "he"


# --- text completion ------------------------------------------------------------------------------


@TRAINING.of("Text Completion")
def continue_the_pattern(rng: Random) -> Example:
    """Two words take turns. Answer with the next word."""
    first, second = some(rng, ALL_NOUNS, 2)
    turns = [first, second] * 3
    length = rng.randint(4, 5)
    return " ".join(turns[:length]), turns[length]


@TRAINING.of("Text Completion")
def next_day(rng: Random) -> Example:
    """Answer with the day that comes next."""
    day = rng.randrange(7)
    return f"{one(rng, NAMES)} is in the {one(rng, PLACES)} on {DAYS[day]}", DAYS[(day + 1) % 7]


# --- text to code, dialogue, rewriting ------------------------------------------------------------


@TRAINING.of("Text to Code")
def sum_in_symbols(rng: Random) -> Example:
    """Write the sentence as a formula."""
    word, sign = rng.choice((("plus", "+"), ("minus", "-"), ("times", "*")))
    first, second = rng.randint(1, 20), rng.randint(1, 9)
    return f"{first} {word} {second}", f"{first} {sign} {second}"


@TRAINING.of("Text to Code")
def steps_to_letters(rng: Random) -> Example:
    """Write each step as a letter: L for left, R for right, U for up, D for down."""
    steps = [rng.choice(("left", "right", "up", "down")) for _ in range(rng.randint(3, 5))]
    return " ".join(steps), " ".join(step[0].upper() for step in steps)


@TRAINING.of("Dialogue Generation")
def greet_the_person(rng: Random) -> Example:
    """The person says who they are. Greet the person by name."""
    name = one(rng, NAMES)
    text = f"i am {name} and i have a {one(rng, COLOURS)} {one(rng, THINGS)}."
    return text, (f"hello {name}", f"hello, {name}!")


@TRAINING.of("Dialogue Generation")
def hand_it_over(rng: Random) -> Example:
    """The person asks for a thing. Answer that it is here."""
    colour, thing = one(rng, COLOURS), one(rng, THINGS)
    return f"{one(rng, NAMES)}: i want the {colour} {thing}.", f"here is the {colour} {thing}"


@TRAINING.of("Sentence Perturbation")
def swap_the_people(rng: Random) -> Example:
    """Swap the two people in the sentence."""
    first, second = some(rng, NAMES, 2)
    verb = rng.choice(("sees", "calls", "helps"))
    return f"{first} {verb} {second}.", f"{second} {verb} {first}."


@TRAINING.of("Sentence Perturbation")
def negate_the_sentence(rng: Random) -> Example:
    """Rewrite the sentence so that it says the contrary, with the word not."""
    name, place = one(rng, NAMES), one(rng, PLACES)
    word = rng.choice(("is", "was"))
    return f"{name} {word} in the {place}.", f"{name} {word} not in the {place}."


@TRAINING.of("Sentence Perturbation")
def drop_the_colour(rng: Random) -> Example:
    """Rewrite the sentence without the colour."""
    name, colour, thing = one(rng, NAMES), one(rng, COLOURS), one(rng, THINGS)
    return f"{name} has the {colour} {thing}.", f"{name} has the {thing}."
