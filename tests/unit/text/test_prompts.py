"""Prompts, character for character."""

from rankscope.text.prompts import render


def test_the_prompt_of_tk_instruct():
    prompt = render("tk-instruct", "Say whether it is good ", " the film was fine")
    assert str(prompt) == (
        "Definition: Say whether it is good.\n\n"
        "Now complete the following example -\n"
        "Input: the film was fine.\n"
        "Output: "
    )


def test_a_full_stop_is_added_only_after_what_is_no_punctuation():
    def ends(definition: str, text: str) -> tuple[str, str]:
        prompt = render("tk-instruct", definition, text)
        return prompt.definition, prompt.text

    assert ends("Is it good?", "[1, 2]") == ("Is it good?", "[1, 2]")
    assert ends("Do it.", "a = b;") == ("Do it.", "a = b;")
    assert ends("Do it.\n", "the end. \n") == ("Do it.", "the end.")
    assert ends("(see below)", "5") == ("(see below)", "5.")
    # only ASCII punctuation counts, as in string.punctuation
    assert ends("Fin…", "“quoted”") == ("Fin….", "“quoted”.")
    assert ends("価格。", "é") == ("価格。.", "é.")


def test_the_alpaca_template():
    assert str(render("alpaca", "Say whether it is good", " the film was fine ")) == (
        "Below is an instruction that describes a task, paired with an input that provides further"
        " context. Write a response that appropriately completes the request.\n\n"
        "### Instruction:\nSay whether it is good\n\n"
        "### Input:\nthe film was fine\n\n"
        "### Response:\n"
    )
