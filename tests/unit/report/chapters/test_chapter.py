"""What a chapter hands to the page in words."""

import json

from rankscope.report.chapters.chapter import Chapter, Content, Opening, Section, words_of


def test_words_are_what_json_can_hold():
    said = Content(
        figures=(),
        sections=(Section("one", takeaway="so", figure="plane"),),
        opens=("plane",),
        opening=Opening(("It rose.",), "by hand", ""),
        claims_note="beside the rule",
    )
    words = json.loads(json.dumps(words_of(said)))
    assert words == {
        "sections": [
            {"name": "one", "title": "", "takeaway": "so", "figure": "plane", "html": ""},
        ],
        "opens": ["plane"],
        "opening": {"sentences": ["It rose."], "intervals": "by hand", "left_out": ""},
        "claims_note": "beside the rule",
    }  # fmt: skip


def test_a_chapter_that_opens_nothing_has_no_opening_and_reads_nothing_more():
    assert words_of(Content((), ()))["opening"] is None
    silent = Chapter("silent", lambda study: True, {})
    assert silent.reads(None) == []
