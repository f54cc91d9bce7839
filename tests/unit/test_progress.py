import logging

import pytest

from rankscope.progress import Progress, duration, track


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Clock:
    found = Clock()
    monkeypatch.setattr("rankscope.progress.time.monotonic", found)
    caplog.set_level(logging.INFO, "rankscope")
    return found


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"),
        (3599, "59 min 59 s"), (3599.7, "1 h 00 min"), (7620, "2 h 07 min"),
    ],
)  # fmt: skip
def test_durations_read_as_a_person_says_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_time_left_follows_the_pace_so_far(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress("training", 100, interval=5)
    clock.now += 10
    progress.advance(20, note="loss 2.5")
    assert caplog.messages == ["training: 20/100 · loss 2.5 · 40 s left"]


def test_lines_are_at_least_an_interval_apart(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress = Progress("training", 100, interval=5)
    for _ in range(99):
        clock.now += 1
        progress.advance()
    assert [message.split()[1] for message in caplog.messages] == [
        f"{done}/100" for done in range(5, 100, 5)
    ]


def test_the_last_line_is_always_written(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress("training", 2, interval=60)
    progress.advance()
    clock.now += 3
    progress.advance()
    assert caplog.messages == ["training: 2/2 · done in 3 s"]


def test_a_resumed_count_is_not_part_of_the_pace(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress = Progress("training", 100, interval=5, done=80)
    clock.now += 10
    progress.advance(10)
    assert caplog.messages == ["training: 90/100 · 10 s left"]


def test_track_yields_every_item(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    seen = []
    for item in track("abc", "matrices", 3):
        clock.now += 6
        seen.append(item)
    assert seen == ["a", "b", "c"]
    assert caplog.messages == [
        "matrices: 1/3 · 12 s left",
        "matrices: 2/3 · 6 s left",
        "matrices: 3/3 · done in 18 s",
    ]
