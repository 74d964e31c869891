"""Which names a model that was fetched answers to, and where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from netassist.llama import shelf
from netassist.llama.catalogue import Source, UnknownModel, source
from netassist.llama.shelf import Note, find, models, place, unfinished, written

URL = "https://example.org/a/small-Q4_0.gguf"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return shelf.folder()


def kept(of: Source, url: str = "https://hub.test/file") -> Path:
    path = place(of)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"GGUF")
    written(path, Note(source=str(of), url=url, bytes=4, sha256="0" * 64, checked=False))
    return path


def test_files_of_two_addresses_have_two_places() -> None:
    addresses = [
        URL, "https://example.org/b/small-Q4_0.gguf", "https://example.org/a/small-Q4_0.gguf?v=2",
        "https://example.org:8443/a/small-Q4_0.gguf", "http://example.org/a/small-Q4_0.gguf",
    ]  # fmt: skip
    places = [place(source(address)) for address in addresses]
    assert len(set(places)) == len(addresses)
    assert {path.name for path in places} == {"small-Q4_0.gguf"}


@pytest.mark.parametrize("name", [URL, URL.replace("//", "/"), "small-Q4_0", "SMALL-q4_0.gguf"])
def test_a_file_of_an_address_answers_to_it(name: str) -> None:
    path = kept(source(URL), URL)
    assert find(name).path == path
    # Then, with another of its name, to its address still
    kept(source("https://example.org/b/small-Q4_0.gguf"))
    if "/" in name:
        assert find(name).path == path
    else:
        with pytest.raises(UnknownModel, match="name one of them"):
            find(name)


@pytest.mark.parametrize(
    "name",
    [
        "owner/name:Small-Q4_K_M.gguf", "owner/name:q4_k_m", "owner/name:small-q4_k_m",
        "https://huggingface.co/owner/name/blob/main/Small-Q4_K_M.gguf",
        "https://hub.test/owner/name/resolve/0123456789abcdef0123456789abcdef01234567/Small-Q4_K_M.gguf",
    ],
)  # fmt: skip
def test_a_file_of_a_repository_answers_to_what_pull_takes(name: str) -> None:
    revision = "https://hub.test/owner/name/resolve/0123456789abcdef0123456789abcdef01234567/Small-Q4_K_M.gguf"
    path = kept(Source("owner/name", "Small-Q4_K_M.gguf"), revision)
    kept(Source("other/name", "Small-Q4_K_M.gguf"))
    assert find(name).path == path


@pytest.mark.parametrize(
    "name", ["https://example.org/other.gguf", "https://example.org/", "https://huggingface.co/owner/name", "owner/name:q8_0"]
)
def test_a_name_of_nothing_here_says_how_to_get_it(name: str) -> None:
    kept(source(URL), URL)
    with pytest.raises(UnknownModel, match=f"netassist models pull {name}"):
        find(name)


def test_what_was_fetched_by_an_earlier_version_answers_to_its_address(folder: Path) -> None:
    path = folder / "url" / "example.org" / "small-Q4_0.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"GGUF")
    written(path, Note(source=URL, url=URL, bytes=4, sha256="0" * 64, checked=False))
    assert find(URL).path == path


def test_capital_letters_in_the_ending_hide_no_file() -> None:
    path = kept(Source("owner/name", "SMALL.GGUF"))
    assert [model.path for model in models()] == [path]
    assert find("small").path == path


def test_a_file_that_somebody_put_into_the_folder_itself(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "mine.gguf").write_bytes(b"GGUF")
    assert [model.name for model in models()] == ["mine.gguf"]
    assert find("mine").path == folder / "mine.gguf"


def test_what_was_broken_off_is_no_model(folder: Path) -> None:
    path = place(Source("owner/name", "small.gguf"))
    path.parent.mkdir(parents=True)
    shelf.part_of(path).write_bytes(b"GG")
    Path(f"{shelf.part_of(path)}.toml").write_text("url = ''")
    assert models() == []
    (broken,) = unfinished()
    assert (broken.name, broken.path) == ("owner/name:small.gguf", path)
