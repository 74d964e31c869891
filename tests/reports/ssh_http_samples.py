"""Examples of reports of SSH servers, and of web servers with much to tell."""

from __future__ import annotations

from typing import Any

import msgspec

from netassist.audit import judged
from netassist.observations import Endpoint, Failure, Report
from netassist.probes.http import Body, HttpCheck, Redirect
from netassist.probes.http_cookies import Cookie
from netassist.probes.http_page import Load
from netassist.probes.http_speech import TlsSummary
from netassist.probes.ssh import Algorithms, SshAudit, Terrapin
from netassist.probes.ssh_algorithms import Kind, held_against_policies, rated
from netassist.probes.ssh_hostkey import HostKey

HERE = Endpoint("10.0.0.5", 22, "10.0.0.5")
KEYS = (
    HostKey("ssh-ed25519", 256, "SHA256:CzFoKl76ypAKfTs3ELDb6On+4jjIfF5kooUhXbkQ/mE"),
    HostKey("ssh-rsa-cert-v01@openssh.com", 3072, "SHA256:cQYk4T2hUMOUDFW+E6V6+CW9q6Y+A7t3jjBUHlEKZrQ", "ssh-ed25519"),
)
GOOD: dict[Kind, tuple[str, ...]] = {
    "kex": ("mlkem768x25519-sha256", "curve25519-sha256", "diffie-hellman-group-exchange-sha256"),
    "host_key": ("ssh-ed25519", "rsa-sha2-512-cert-v01@openssh.com"),
    "cipher": ("chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"),
    "mac": ("hmac-sha2-512-etm@openssh.com", "hmac-sha2-256"),
    "compression": ("none", "zlib@openssh.com"),
}
BAD: dict[Kind, tuple[str, ...]] = {
    "kex": ("diffie-hellman-group1-sha1", "future-kem-sha3"),
    "host_key": ("ssh-rsa", "ssh-dss"),
    "cipher": ("aes128-cbc", "arcfour"),
    "mac": ("hmac-md5",),
    "compression": ("none",),
}


def ssh(stamp: dict[str, Any], lists: dict[Kind, tuple[str, ...]] = GOOD, **facts: Any) -> SshAudit:
    algorithms = Algorithms(**{kind: tuple(rated(kind, name) for name in names) for kind, names in lists.items()})
    audit = SshAudit(
        **{
            "target": HERE, "banner": "SSH-2.0-OpenSSH_9.9", "protocol": "2.0", "software": "OpenSSH_9.9", "host_keys": KEYS,
            "algorithms": algorithms, "negotiated": "mlkem768x25519-sha256", "post_quantum": True, "group_exchange_bits": 3072,
            "terrapin": Terrapin("safe", "knows strict key exchange (kex-strict-s-v00@openssh.com)"), "connections": 3,
            "policies": held_against_policies(lists, [key.type for key in KEYS], 3072), **stamp, **facts,
        }
    )  # fmt: skip
    found = judged(audit)
    assert isinstance(found, SshAudit)
    return found


def _shop(stamp: dict[str, Any], target: Endpoint) -> Report:
    away = Redirect("https://shop.example/", 302, "http://www.shop.example/", followed=True)
    return judged(
        HttpCheck(
            target=target,
            url="https://shop.example/in/",
            status_code=200,
            redirects=(away,),
            headers={"server": "Apache/2.2.15 (CentOS)", "content-type": "text/html", "content-encoding": "gzip"},
            http_version="2",
            tls=TlsSummary("TLSv1.3", "TLS_AES_256_GCM_SHA384", "X25519MLKEM768", "h2", "CN=shop.example", 61),
            downgrade=away,
            cookies=(
                Cookie("session", "https://shop.example/in/", path="/"),
                Cookie("__Host-id", "https://shop.example/in/", True, True, "strict", None, "/"),
            ),
            body=Body(1234, 5678, "gzip", complete=True),
            title="Index of /in",
            default_page="directory listing",
            mixed_content=(Load("script", "http://cdn.example/a.js", active=True),),
            **stamp,
        )
    )


def examples(stamp: dict[str, Any], shop: Endpoint) -> dict[str, Report]:
    refused = Failure("refused", "10.0.0.5:22: connecting: refused; nothing listens there")
    disconnects = Failure("protocol", "10.0.0.5:22: disconnects: no such host key (asked for the host key of ssh-dss)")
    bad = ssh(
        stamp, BAD, negotiated=None, post_quantum=None, group_exchange_bits=None, host_keys=(),
        host_keys_missing=("ssh-rsa", "ssh-dss"), status="partial", error=disconnects,
        terrapin=Terrapin("vulnerable", "offers aes128-cbc with encrypt-then-MAC without strict key exchange"),
        policies=held_against_policies(BAD, None, None),
    )  # fmt: skip
    return {
        "ssh_good": ssh(stamp),
        "ssh_bad": bad,
        "ssh_partial": msgspec.structs.replace(bad, findings=()),
        "ssh_failed": SshAudit(target=HERE, status="failed", error=refused, **stamp),
        "http_everything": _shop(stamp, shop),
    }
