"""What the checks know of the Hugging Face hub: whether it may be asked, and what to do if not."""

import os

from rankscope.studies.mistakes import shown


def offline() -> bool:
    """Say whether the user forbids the hub, as huggingface_hub understands it."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def not_cached(repository: str, revision: str, option: str = "") -> str:
    """Say how to get a pinned repository that is not in the local cache."""
    return (
        f"{shown(repository)} at revision {revision} is not in the local cache, and HF_HUB_OFFLINE"
        f" forbids to fetch it; fetch it once where there is network (`hf download {option}"
        f"{repository} --revision {revision}`), unset HF_HUB_OFFLINE, or use a local folder"
    )
