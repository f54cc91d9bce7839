"""Made training tasks on lists, numbers, words and rewriting; docstrings are the definitions."""

from random import Random

from rankscope.data.niv2.made_recipes import Answer, Recipes
from rankscope.data.niv2.made_words import (
    ANIMALS,
    COLOURS,
    DAYS,
    GROUPS,
    LISTED,
    NAMES,
    OPPOSITE,
    PAST,
    PLACES,
    THINGS,
    WOMEN,
    one,
    other,
    some,
)

REWRITING = Recipes("train")
Example = tuple[str, Answer]


# --- program execution ----------------------------------------------------------------------------


@REWRITING.of("Program Execution")
def reverse_the_list(rng: Random) -> Example:
    """You are given a list. Reverse the list."""
    words = some(rng, LISTED, 2)
    return " ".join(words), " ".join(reversed(words))


@REWRITING.of("Program Execution")
def remove_the_first(rng: Random) -> Example:
    """You are given a list. Remove the first element and return the rest."""
    words = some(rng, LISTED, 3)
    return " ".join(words), " ".join(words[1:])


@REWRITING.of("Program Execution")
def second_element(rng: Random) -> Example:
    """You are given a list. Return the second element."""
    words = some(rng, LISTED, 3)
    return " ".join(words), words[1]


@REWRITING.of("Program Execution")
def copy_the_list(rng: Random) -> Example:
    """You are given a list. Return the same list."""
    words = some(rng, LISTED, 2)
    return " ".join(words), " ".join(words)


@REWRITING.of("Program Execution")
def count_the_elements(rng: Random) -> Example:
    """You are given a list. Return the number of elements."""
    words = some(rng, (*THINGS, *COLOURS), rng.randint(1, 5))
    return " ".join(words), str(len(words))


@REWRITING.of("Program Execution")
def flip_the_bits(rng: Random) -> Example:
    """Replace every 0 with 1 and every 1 with 0."""
    bits = [rng.choice("01") for _ in range(rng.randint(3, 10))]
    return " ".join(bits), " ".join("1" if bit == "0" else "0" for bit in bits)


@REWRITING.of("Program Execution")
def letters_to_capitals(rng: Random) -> Example:
    """You are given a list of letters. Return them as capital letters."""
    letters = rng.sample("abcdefghijklmnopqrstuvwxyz", 2)
    return " ".join(letters), " ".join(letters).upper()


# --- mathematics ----------------------------------------------------------------------------------


@REWRITING.of("Mathematics")
def larger_number(rng: Random) -> Example:
    """You are given two numbers. Answer with the larger number."""
    first, second = rng.sample(range(1, 31), 2)
    return f"{first} {second}", str(max(first, second))


@REWRITING.of("Mathematics")
def even_or_odd(rng: Random) -> Example:
    """Is the number even or odd?"""
    number = rng.randint(10, 4000)
    return str(number), "odd" if number % 2 else "even"


@REWRITING.of("Mathematics")
def add_two_numbers(rng: Random) -> Example:
    """Add the two numbers and answer with the sum."""
    first, second, thing = rng.randint(1, 5), rng.randint(1, 4), one(rng, (*THINGS, *ANIMALS))
    return f"{first} {thing} and {second} {thing}", str(first + second)


@REWRITING.of("Mathematics")
def next_number(rng: Random) -> Example:
    """The person counts. Answer with the next number."""
    start = rng.randint(1, 30)
    counted = ", ".join(str(start + step) for step in range(3))
    return f"{one(rng, NAMES)} counts {counted}", str(start + 3)


# --- text matching --------------------------------------------------------------------------------


@REWRITING.of("Text Matching")
def same_sentence(rng: Random) -> Example:
    """Are the two sentences the same? Answer yes or no."""
    name, place = one(rng, NAMES), one(rng, PLACES)
    answer = rng.choice(("yes", "no"))
    second = place if answer == "yes" else other(rng, PLACES, [place])
    return f"1: {name} is in the {place}. 2: {name} is in the {second}.", answer


@REWRITING.of("Text Matching")
def same_colour(rng: Random) -> Example:
    """Do the two things have the same colour? Answer yes or no."""
    first, second = some(rng, THINGS, 2)
    answer, colour = rng.choice(("yes", "no")), one(rng, COLOURS)
    other_colour = colour if answer == "yes" else other(rng, COLOURS, [colour])
    return f"a {colour} {first} and a {other_colour} {second}", answer


@REWRITING.of("Text Matching")
def same_kind(rng: Random) -> Example:
    """Are the two words of the same kind? Answer yes or no."""
    kind, answer = rng.choice(tuple(GROUPS)), rng.choice(("yes", "no"))
    if answer == "yes":
        return " and ".join(some(rng, GROUPS[kind], 2)), answer
    different = other(rng, tuple(GROUPS), [kind])
    return f"{one(rng, GROUPS[kind])} and {one(rng, GROUPS[different])}", answer


# --- word semantics -------------------------------------------------------------------------------


@REWRITING.of("Word Semantics")
def opposite_word(rng: Random) -> Example:
    """Answer with the opposite of the last word."""
    word = rng.choice(tuple(OPPOSITE))
    return f"the {one(rng, (*THINGS, *PLACES))} is {word}", OPPOSITE[word]


@REWRITING.of("Word Semantics")
def which_is_an_animal(rng: Random) -> Example:
    """Which of the words is an animal?"""
    animal = one(rng, ANIMALS)
    words = [animal, *some(rng, THINGS, 2)]
    rng.shuffle(words)
    return " ".join(words), animal


@REWRITING.of("Word Semantics")
def is_it_alive(rng: Random) -> Example:
    """Is it a living thing? Answer yes or no."""
    alive = rng.random() < 0.5
    adjective = rng.choice(tuple(OPPOSITE))
    return f"the {adjective} {one(rng, ANIMALS if alive else THINGS)}", "yes" if alive else "no"


@REWRITING.of("Word Semantics")
def kind_of_thing(rng: Random) -> Example:
    """What is it? Answer animal, food, clothing or tool."""
    kind = rng.choice(tuple(GROUPS))
    return f"{one(rng, NAMES)} sees the {one(rng, GROUPS[kind])}", kind


# --- linguistic probing ---------------------------------------------------------------------------


@REWRITING.of("Linguistic Probing")
def past_or_present(rng: Random) -> Example:
    """Is the sentence in the past or in the present?"""
    verb, past = rng.choice(tuple(PAST)), rng.random() < 0.5
    people = " and ".join(some(rng, NAMES, 2))
    return f"{people} {PAST[verb] if past else verb} there.", "past" if past else "present"


@REWRITING.of("Linguistic Probing")
def singular_or_plural(rng: Random) -> Example:
    """Is the last word singular or plural?"""
    word, plural = other(rng, (*THINGS, *ANIMALS[:5]), ["box"]), rng.random() < 0.5
    text = f"the {rng.choice(tuple(OPPOSITE))} {word}{'s' if plural else ''}"
    return text, "plural" if plural else "singular"


@REWRITING.of("Linguistic Probing")
def is_it_negated(rng: Random) -> Example:
    """Does the sentence say that something is not so? Answer yes or no."""
    negated, verb = rng.random() < 0.5, rng.choice(("is", "was"))
    person, place = one(rng, NAMES), one(rng, PLACES)
    return f"{person} {verb} {'not ' if negated else ''}in the {place}.", "yes" if negated else "no"


@REWRITING.of("Linguistic Probing")
def he_or_she(rng: Random) -> Example:
    """Which pronoun fits the person in the sentence? Answer he or she."""
    name = one(rng, NAMES)
    text = f"{name} is in the {one(rng, PLACES)} with a {one(rng, THINGS)}."
    return text, "she" if name in WOMEN else "he"


# --- text completion ------------------------------------------------------------------------------


@REWRITING.of("Text Completion")
def continue_the_pattern(rng: Random) -> Example:
    """Two words take turns. Answer with the next word."""
    first, second = some(rng, LISTED, 2)
    turns = [first, second] * 3
    length = rng.randint(4, 5)
    return " ".join(turns[:length]), turns[length]


@REWRITING.of("Text Completion")
def next_day(rng: Random) -> Example:
    """Answer with the day that comes next."""
    day = rng.randrange(7)
    return f"{one(rng, NAMES)} is in the {one(rng, PLACES)} on {DAYS[day]}", DAYS[(day + 1) % 7]


# --- composition and questions --------------------------------------------------------------------


@REWRITING.of("Sentence Composition")
def place_to_sentence(rng: Random) -> Example:
    """Write a sentence that says where the person is."""
    name, place, word = one(rng, NAMES), one(rng, PLACES), rng.choice(("is", "was"))
    return f"{name}, {word}, {place}", f"{name} {word} in the {place}."


@REWRITING.of("Sentence Composition")
def thing_to_sentence(rng: Random) -> Example:
    """Write a sentence that says what the person has."""
    name, colour, thing = one(rng, NAMES), one(rng, COLOURS), one(rng, THINGS)
    return f"{name}, {colour}, {thing}", f"{name} has the {colour} {thing}."


@REWRITING.of("Question Generation")
def ask_for_the_thing(rng: Random) -> Example:
    """Rewrite the sentence as a question."""
    name, colour, thing = one(rng, NAMES), one(rng, COLOURS), one(rng, THINGS)
    return f"{name} has the {colour} {thing}.", f"has {name} the {colour} {thing}?"


@REWRITING.of("Question Generation")
def ask_for_the_colour(rng: Random) -> Example:
    """Ask a question about the thing, with the word which."""
    colour, thing = one(rng, COLOURS), one(rng, THINGS)
    text = f"the {colour} {thing} is in the {one(rng, PLACES)}."
    return text, (f"which colour is the {thing}?", f"where is the {thing}?")


# --- text to code, dialogue, rewriting ------------------------------------------------------------


@REWRITING.of("Text to Code")
def sum_in_symbols(rng: Random) -> Example:
    """Write the sentence as a formula."""
    word, sign = rng.choice((("plus", "+"), ("minus", "-"), ("times", "*")))
    first, second = rng.randint(1, 20), rng.randint(1, 9)
    return f"{first} {word} {second}", f"{first} {sign} {second}"


@REWRITING.of("Text to Code")
def steps_to_letters(rng: Random) -> Example:
    """Write each step as a letter: L for left, R for right, U for up, D for down."""
    steps = [rng.choice(("left", "right", "up", "down")) for _ in range(rng.randint(2, 4))]
    return " ".join(steps), " ".join(step[0].upper() for step in steps)


@REWRITING.of("Dialogue Generation")
def greet_the_person(rng: Random) -> Example:
    """The person says who they are. Greet the person by name."""
    name = one(rng, NAMES)
    text = f"i am {name} and i have a {one(rng, COLOURS)} {one(rng, THINGS)}."
    return text, (f"hello {name}", f"hello, {name}!")


@REWRITING.of("Dialogue Generation")
def hand_it_over(rng: Random) -> Example:
    """The person asks for a thing. Answer that it is here."""
    colour, thing = one(rng, COLOURS), one(rng, THINGS)
    return f"{one(rng, NAMES)}: i want the {colour} {thing}.", f"here is the {colour} {thing}"


@REWRITING.of("Sentence Perturbation")
def swap_the_people(rng: Random) -> Example:
    """Swap the two people in the sentence."""
    first, second = some(rng, NAMES, 2)
    verb = rng.choice(("sees", "calls", "helps"))
    return f"{first} {verb} {second}.", f"{second} {verb} {first}."


@REWRITING.of("Sentence Perturbation")
def negate_the_sentence(rng: Random) -> Example:
    """Rewrite the sentence so that it says the contrary, with the word not."""
    name, place = one(rng, NAMES), one(rng, PLACES)
    word = rng.choice(("is", "was"))
    return f"{name} {word} in the {place}.", f"{name} {word} not in the {place}."


@REWRITING.of("Sentence Perturbation")
def drop_the_colour(rng: Random) -> Example:
    """Rewrite the sentence without the colour."""
    name, colour, thing = one(rng, NAMES), one(rng, COLOURS), one(rng, THINGS)
    return f"{name} has the {colour} {thing}.", f"{name} has the {thing}."
