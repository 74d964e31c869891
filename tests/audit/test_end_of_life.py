"""Versions whose support has ended: told by names and dates, never by more than a version string can prove."""

from __future__ import annotations

from datetime import date

import pytest

from netassist.audit.end_of_life import Seen, _table, end_of_life

TODAY = date(2026, 11, 28)


def found(said: str, *cpe: str, today: date = TODAY) -> list[tuple[str, str]]:
    """Severity and title of each finding, the title without its dates."""
    return [(f.severity, f.title.split(" by its")[0]) for f in end_of_life([Seen("192.0.2.1 80/tcp", said, cpe)], today)]


@pytest.mark.parametrize(
    ("said", "cpe", "expected"),
    [
        ("MySQL 5.7.33", "cpe:/a:mysql:mysql:5.7.33", [("low", "MySQL 5.7")]),
        ("MySQL 5.7.33-0ubuntu0.16.04.1", "cpe:/a:mysql:mysql:5.7.33-0ubuntu0.16.04.1", [("info", "MySQL 5.7")]),
        ("MariaDB 5.5.5-10.5.9-MariaDB", "cpe:/a:mariadb:mariadb:5.5.5-10.5.9-mariadb", [("low", "MariaDB 10.5")]),
        ("MariaDB 10.11.6", "cpe:/a:mariadb:mariadb:10.11.6", []),
        ("PostgreSQL DB 9.6.0 or later", "cpe:/a:postgresql:postgresql:9.6", [("low", "PostgreSQL 9.6")]),
        ("PostgreSQL 17.2", "cpe:/a:postgresql:postgresql:17.2", []),
        ("Microsoft IIS httpd 7.5", "cpe:/a:microsoft:internet_information_services:7.5", [
            ("medium", "Internet Information Services 7.5"),
        ]),
        ("Microsoft IIS httpd 10.0", "cpe:/a:microsoft:internet_information_services:10.0", []),
        ("MongoDB 4.4.29", "cpe:/a:mongodb:mongodb:4.4.29", [("medium", "MongoDB 4.4")]),
        ("Apache httpd 2.4.62", "cpe:/a:apache:http_server:2.4.62", []),
        ("something", "cpe:/a:other:mysql:5.7", []),
        ("nginx", "cpe:/a:nginx:nginx", []),
    ],
)  # fmt: skip
def test_a_name_and_a_version_are_looked_up(said: str, cpe: str, expected: list[tuple[str, str]]) -> None:
    assert found(said, cpe) == expected


def test_web_servers_say_it_themselves() -> None:
    assert found("Apache/2.2.15 (CentOS) PHP/5.6.40 OpenSSL/1.0.2k-fips") == [
        ("info", "Apache HTTP Server 2.2"), ("info", "PHP 5.6"), ("info", "OpenSSL 1.0.2"),
    ]  # fmt: skip
    assert found("Microsoft-IIS/8.5") == [("medium", "Internet Information Services 8.5")]
    assert found("nginx/1.10.3") == []


def test_support_that_has_not_ended_yet_is_no_finding() -> None:
    assert found("PHP/8.1.2", today=date(2025, 12, 31)) == []
    assert found("PHP/8.1.2", today=date(2026, 1, 1)) == [("low", "PHP 8.1")]


def test_one_finding_names_every_place() -> None:
    seen = [Seen(f"192.0.2.{n} 80/tcp", "PHP/7.4.3") for n in range(1, 31)]
    [finding] = end_of_life(seen, TODAY)
    assert finding.evidence.startswith("192.0.2.1 80/tcp: PHP/7.4.3; ")
    assert finding.evidence.endswith("and 10 more")


def test_the_table_says_where_it_has_its_days_from() -> None:
    for software in _table():
        assert software.source.startswith("https://")
        assert software.versions
