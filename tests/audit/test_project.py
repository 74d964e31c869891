"""The project file: what it holds, where it is found, and each mistake with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from netassist.audit.project import found, read
from netassist.configuration import BadConfiguration

GOOD = """
targets = ["www.example.org", "192.0.2.0/28", "https://shop.example.org/"]
ports = "1-1024"
policies = ["mozilla_intermediate"]
baseline = "last.jsonl"

[thresholds]
fail_on = "high"
fail_on_new = "low"

[[exceptions]]
rule = "tls.tls1_0"
target = "shop.example.org:443"
reason = "the cash desks know nothing newer"
expires = 2027-03-31

[[exceptions]]
rule = "nmap.http-slowloris"
target = "192.0.2.0/28"
reason = "behind a proxy"
expires = 2027-01-01
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "netassist.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_project_is_read(tmp_path: Path) -> None:
    project = read(written(tmp_path, GOOD))
    assert project.targets == ("www.example.org", "192.0.2.0/28", "https://shop.example.org/")
    assert (project.ports, project.policies, project.baseline) == ("1-1024", ("mozilla_intermediate",), tmp_path / "last.jsonl")
    assert (project.fail_on, project.fail_on_new) == ("high", "low")
    assert [(held.rule, held.expires) for held in project.exceptions] == [
        ("tls.tls1_0", date(2027, 3, 31)),
        ("nmap.http-slowloris", date(2027, 1, 1)),
    ]


def test_the_nearest_one_upwards_is_found(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    outer = written(tmp_path, "")
    assert found(below) == outer
    assert found(tmp_path / "a") == outer
    inner = written(tmp_path / "a", "")
    assert found(below) == inner


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ('ports = "1-1024"', 'ports = "many"', 3, "ports 'many' is not a list"),
        ('ports = "1-1024"', "port = 1", 3, "there is no setting 'port'"),
        ('ports = "1-1024"', "ports = 22", 3, "ports must be a text"),
        ('targets = ["www.example.org",', "targets = [1,", 2, "targets must be a list of texts"),
        ('"mozilla_intermediate"', '"mozilla_new"', 4, "there is no policy 'mozilla_new'"),
        ('fail_on = "high"', 'fail_on = "bad"', 8, "fail_on must be one of critical"),
        ('fail_on_new = "low"', 'fail = "low"', 9, "there is no setting 'fail'"),
        ('"tls.tls1_0"', '"tls.tls9"', 12, "there is no rule 'tls.tls9'"),
        ('"shop.example.org:443"', '"shop example"', 13, "target: "),
        ('reason = "the cash desks know nothing newer"', 'reason = ""', 14, "reason must be a text"),
        ("expires = 2027-03-31", 'expires = "soon"', 15, "expires must be a day"),
        ('rule = "nmap.http-slowloris"', "", 17, "rule is missing"),
        ('reason = "behind a proxy"', 'because = "behind a proxy"', 20, "there is no setting 'because'"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, before: str, after: str, line: int, said: str) -> None:
    assert before in GOOD
    file = written(tmp_path, GOOD.replace(before, after, 1))
    with pytest.raises(BadConfiguration) as told:
        read(file)
    assert str(told.value).startswith(f"{file}:{line}: ")
    assert said in str(told.value)


@pytest.mark.parametrize("text", ["targets = [", "targets = ['a']\ntargets = ['b']", "exceptions = 1", "exceptions = ['x']"])
def test_what_is_no_project_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadConfiguration, match=r"netassist\.toml"):
        read(written(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="cannot be read"):
        read(tmp_path / "none.toml")
    (tmp_path / "netassist.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfiguration, match="cannot be read"):
        read(tmp_path / "netassist.toml")
