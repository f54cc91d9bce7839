"""Whether the hub may be asked, as huggingface_hub itself understands the environment."""

import subprocess
import sys

import pytest

from rankscope.check.hub import not_cached, offline


@pytest.mark.parametrize("value", [None, "", "0", "1", "on", "yes", "TRUE", "no", "2"])
def test_offline_is_what_the_library_takes_for_it(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    if value is not None:
        monkeypatch.setenv("HF_HUB_OFFLINE", value)
    program = "from huggingface_hub import constants; print(constants.HF_HUB_OFFLINE)"
    answer = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert str(offline()) == answer.stdout.strip()


def test_the_command_fetches_what_is_missing() -> None:
    text = not_cached("some/text", "a" * 40, "--repo-type dataset ")
    assert f"`hf download --repo-type dataset some/text --revision {'a' * 40}`" in text
