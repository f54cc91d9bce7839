"""One function makes names of files: nothing escapes, and no two names meet."""

import re
import unicodedata
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rankscope.artefacts.names import file_name

HOSTILE = (
    "", " ", ".", "..", "...", "/", "\\", "//server/share", "/etc/passwd", "C:\\boot.ini", "C:boot",
    "../victim/model", "..\\victim\\model", "/any/.0./../victim/model", "a/../../b", "a\x00b",
    "\x00", "a\nb", "a\rb", "\x1b[2J", "~", "~root", "-rf", "--out=x", ".hidden", ".ssh", "name.",
    "name ", "name. .", " name", "con", "CON", "con.weight", "nul", "nul.txt", "aux.0.weight",
    "com1", "com¹", "lpt9.x", "conin$", "prn .x", "a:b", "a:$DATA", "a*", "a?b", "a|b", "a<b>",
    'a"b', "$(touch x)", "`id`", "a;b", "%2e%2e%2f", "é", "e\u0301", "ﬁ", "\u202egpj.exe", "\ud800",
    "名前", "x" * 5000, "x" * 5001, "/" * 5000, "é" * 5000, "\u0130", "ß", "SS", "ss",
)  # fmt: skip
MODULES = (
    "model.layers.0.self_attn.q_proj", "transformer.h.11.attn.c_attn[q]", "bert.encoder.layer.0",
    "lora-r16-3f9a1c2b", "a_b", "0",
)  # fmt: skip


def folded(name: str) -> str:
    """The name as a file system sees it that ignores case and how letters are composed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFD", name).casefold())


def check(name: str, folder: Path) -> None:
    """Check that a file of this name lies in `folder` and nowhere else, on every system."""
    made = file_name(name)
    assert 1 <= len(made.encode()) <= 120
    assert not set('/\\:*?"<>|\0') & set(made)
    assert made.isprintable()
    assert made[0] not in ".-~ "
    assert made[-1] not in ". "
    assert (folder / f"{made}.safetensors").parent == folder
    assert (folder / made).resolve().parent == folder.resolve()
    windows = PureWindowsPath("folder", f"{made}.safetensors")
    assert windows.parent == PureWindowsPath("folder") and not windows.is_reserved()
    assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d|conin\$)(\.|$)", made)


@pytest.mark.parametrize("name", HOSTILE + MODULES)
def test_a_name_is_one_component_on_every_system(name, tmp_path):
    check(name, tmp_path)
    (tmp_path / f"{file_name(name)}.safetensors").write_text("a file of this name can be written")
    assert [path.name for path in tmp_path.rglob("*")] == [f"{file_name(name)}.safetensors"]


def test_hostile_names_never_meet():
    assert len({folded(file_name(name)) for name in HOSTILE + MODULES}) == len(HOSTILE + MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_names_of_modules_stay_readable(name):
    assert file_name(name) == name


def test_what_can_be_read_of_another_name_stays():
    readable, digest = file_name("encoder.block.0.SelfAttention.q").split("~")
    assert readable == "encoder.block.0.SelfAttention.q"
    assert re.fullmatch("[0-9a-f]{32}", digest)
    assert file_name("../victim/Model").startswith("victim-Model~")


anything = st.text(st.characters(), max_size=200)
near = st.text(st.sampled_from("aAbB./\\-_~ éE\u0301ﬁ0"), max_size=8)


@given(anything)
def test_any_text_is_one_component(name):
    check(name, Path("/folder"))


@given(anything | near, anything | near)
@example("Model.a", "model.a")
@example("é", "e\u0301")
def test_two_names_never_meet(one, other):
    assert (folded(file_name(one)) == folded(file_name(other))) == (one == other)


@given(near)
def test_no_name_is_that_made_of_another(name):
    made = file_name(name)
    assert made == name or file_name(made) != made
