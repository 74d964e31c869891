"""Approvals: once, for the session, for always; what is kept is the user's alone, and can be taken back."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from netassist.assistant.approvals import Approval, Approvals, ApprovalsError
from netassist.assistant.gate import Pass, Refused, admit
from netassist.configuration import ApprovalRules, ScopeRules, Settings
from netassist.entities import recognise
from netassist.toolbox import Call, Risk, Value


def vuln(target: str, **more: Value) -> Call:
    return Call("nmap_scan", {"target": target, "profile": "vuln", **more})


class Person:
    """Gives these answers, one after another; asked more often, the test fails."""

    def __init__(self, *answers: bool | Approval) -> None:
        self.answers, self.asked = list(answers), list[tuple[Call, Risk]]()

    async def __call__(self, call: Call, risk: Risk) -> bool | Approval:
        self.asked.append((call, risk))
        return self.answers.pop(0)


def passed(call: Call, approvals: Approvals, person: Person, settings: Settings | None = None, said: str | None = None) -> Pass:
    entities = None if said is None else recognise(said, {})
    return asyncio.run(admit(call, settings or Settings(), entities, approvals, person))


def test_once_is_once(tmp_path: Path) -> None:
    approvals, person = Approvals(folder=tmp_path), Person(True, Approval("once"), False)
    assert passed(vuln("192.0.2.1"), approvals, person).allowed_by == "a yes on the terminal"
    assert passed(vuln("192.0.2.1"), approvals, person).allowed_by == "a yes on the terminal"
    with pytest.raises(Refused, match="--approve intrusive"):
        passed(vuln("192.0.2.1"), approvals, person)


def test_for_the_session_is_for_this_tool_and_target_and_ends_with_it(tmp_path: Path) -> None:
    approvals, person = Approvals(folder=tmp_path), Person(Approval("session"), False)
    assert passed(vuln("192.0.2.1"), approvals, person).allowed_by == "a yes on the terminal, for the session"
    again = passed(vuln("192.0.2.1", ports="22"), approvals, Person())
    assert again.allowed_by == "a yes on the terminal, given for the session"
    with pytest.raises(Refused):
        passed(vuln("192.0.2.2"), approvals, person)
    with pytest.raises(Refused):
        passed(vuln("192.0.2.1"), Approvals(folder=tmp_path), Person(False))
    assert list(tmp_path.iterdir()) == []


def test_always_is_kept_for_the_user_alone_and_can_be_revoked(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    passed(vuln("A.Example.ORG."), Approvals(folder=folder), Person(Approval("always")))
    file = folder / "approvals.json"
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (0o600, 0o700)
    later = Approvals(folder=folder)
    assert passed(vuln("a.example.org"), later, Person()).allowed_by.startswith("a yes on the terminal, given for always on 20")
    for other in (vuln("b.example.org"), Call("nmap_scan", {"target": "10.0.0.0/8"})):
        with pytest.raises(Refused):
            passed(other, later, Person(False))
    assert [str(kept) for kept in later.kept()] == ["nmap_scan (intrusive) on a.example.org"]
    assert [str(kept) for kept in later.revoke(frozenset({1}))] == ["nmap_scan (intrusive) on a.example.org"]
    with pytest.raises(Refused):
        passed(vuln("a.example.org"), Approvals(folder=folder), Person(False))


def test_a_yes_for_always_does_not_open_the_scope(tmp_path: Path) -> None:
    approvals = Approvals(folder=tmp_path)
    passed(vuln("192.0.2.1"), approvals, Person(Approval("always")))
    with pytest.raises(Refused) as refused:
        passed(vuln("192.0.2.1"), approvals, Person(), Settings(scope=ScopeRules(deny=("192.0.2.0/24",))))
    assert refused.value.kind == "out_of_scope"
    with pytest.raises(Refused) as refused:
        passed(vuln("192.0.2.1"), approvals, Person(), Settings(read_only=True))
    assert refused.value.kind == "denied"
    with pytest.raises(Refused) as refused:
        passed(vuln("192.0.2.1"), approvals, Person(), said="scan 192.0.2.2")
    assert refused.value.kind == "ungrounded"


def test_edited_arguments_pass_the_gate_anew_and_are_asked_about_again(tmp_path: Path) -> None:
    planned, edited = vuln("192.0.2.1"), vuln("192.0.2.2", ports="22")
    person = Person(Approval("edit", edited), True)
    leave = passed(planned, Approvals(folder=tmp_path), person, said="scan 192.0.2.1 with the vulnerability scripts")
    assert (leave.call, [call for call, _ in person.asked]) == (edited, [planned, edited])
    assert "which edited nmap_scan(target='192.0.2.1'" in leave.allowed_by
    leave.scope.check_host("192.0.2.2")


def test_an_edit_to_a_lower_tier_needs_no_further_yes_and_to_what_is_refused_is_refused(tmp_path: Path) -> None:
    approvals = Approvals(folder=tmp_path)
    quick = Call("nmap_scan", {"target": "192.0.2.1"})
    leave = passed(vuln("192.0.2.1"), approvals, Person(Approval("edit", quick)))
    assert (leave.call, leave.allowed_by.startswith("the request, which edited")) == (quick, True)
    denied = Settings(scope=ScopeRules(deny=("192.0.2.9",)))
    for wrong, kind in ((vuln("192.0.2.9"), "out_of_scope"), (vuln("-oX"), "invalid"), (Call("no_tool"), "invalid")):
        with pytest.raises(Refused) as refused:
            passed(vuln("192.0.2.1"), approvals, Person(Approval("edit", wrong)), denied)
        assert refused.value.kind == kind


def test_a_configuration_may_ask_about_active_calls_too_and_never_about_fewer() -> None:
    call = Call("tcp_check", {"host": "192.0.2.1", "port": 22})
    settings = Settings(approval=ApprovalRules(ask=("active",)))
    with pytest.raises(Refused, match=r"active .* --approve active"):
        passed(call, Approvals(), Person(False), settings)
    assert passed(call, Approvals(frozenset({"active"})), Person(), settings).allowed_by == "--approve active"
    with pytest.raises(Refused):
        passed(vuln("192.0.2.1"), Approvals(frozenset({"active"})), Person(False), settings)


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"tool": "nmap_scan"}', '[{"tool": "nmap_scan"}]'])
def test_what_is_no_list_approves_nothing_and_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "approvals.json"
    file.touch(0o600)
    file.write_text(content)
    with pytest.raises(ApprovalsError, match="is no list of approvals"):
        Approvals(folder=tmp_path).kept()
    with pytest.raises(Refused, match="is no list of approvals"):
        passed(vuln("192.0.2.1"), Approvals(folder=tmp_path), Person())


def test_what_others_may_write_to_approves_nothing(tmp_path: Path) -> None:
    passed(vuln("192.0.2.1"), Approvals(folder=tmp_path), Person(Approval("always")))
    (tmp_path / "approvals.json").chmod(0o666)
    with pytest.raises(Refused, match="others may write to it"):
        passed(vuln("192.0.2.1"), Approvals(folder=tmp_path), Person())


def test_a_tool_without_a_target_is_approved_with_its_arguments(tmp_path: Path) -> None:
    approvals = Approvals(folder=tmp_path)
    backup = Call("processor_run", {"name": "backup"})
    approvals.keep(backup, "intrusive", Approval("always"))
    assert approvals.given(backup, "intrusive")
    assert approvals.given(Call("processor_run", {"name": "reboot"}), "intrusive") is None
    assert approvals.given(backup, "change") is None
    assert json.loads((tmp_path / "approvals.json").read_bytes())[0]["arguments"] == {"name": "backup"}


def test_several_programs_lose_no_approval_of_each_other(tmp_path: Path) -> None:
    children = []
    for number in range(6):
        if (child := os.fork()) == 0:
            Approvals(folder=tmp_path).keep(vuln(f"192.0.2.{number}"), "intrusive", Approval("always"))
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    assert len(Approvals(folder=tmp_path).kept()) == 6
