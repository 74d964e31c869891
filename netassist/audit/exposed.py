"""Services that should not be open to a network that one does not know, and the findings about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from netassist.audit.rule import Rule
from netassist.observations import Finding, Severity
from netassist.targets import host_port, parse_address

_CWE = "https://cwe.mitre.org/data/definitions/{}.html"
_CLEARTEXT, _NO_LOGIN, _EXPOSED = (_CWE.format(number) for number in (319, 306, 668))
_MOST_EVIDENCE = 20


class Seen(NamedTuple):
    """One open port. `service` is Nmap's name for it, `probed` whether the service itself has answered to that name."""

    address: str
    port: int
    protocol: str = "tcp"
    service: str | None = None
    probed: bool = False
    product: str = ""
    tls: bool = False


class _Service(NamedTuple):
    """A row: `names` as Nmap spells them, its usual ports; `cleartext` where TLS around it takes the reason away."""

    word: str
    title: str
    severity: Severity
    names: str
    ports: str
    because: str
    fix: str
    reference: str
    cleartext: bool = False


_FILTER = "Let only the hosts that need it connect (firewall, listen address), or reach it through a VPN."
_LOCAL = "Listen on loopback or a private address only, demand a login and TLS, and filter the port."
_GUESS = "It is a target of password guessing and of worms."
_DATA = "Databases are read and held to ransom where they are reachable; a login is all that stands before the data."
_OPEN_DATA = "By default it asks nobody for a password: who reaches it reads and changes what is stored, often runs code."

# fmt: off
SERVICES: tuple[_Service, ...] = (
    _Service("docker_api", "Docker API without TLS", "critical", "docker", "2375/tcp",
             "Who reaches it starts containers with the host's file system: it is root on the host.",
             "Close it; use the Unix socket, SSH, or 2376 with client certificates.", _NO_LOGIN, cleartext=True),
    _Service("adb", "Android debug bridge", "critical", "adb", "5555/tcp",
             "Who reaches it has a shell on the device.", "Turn debugging over the network off.", _NO_LOGIN),
    _Service("jdwp", "Java debugger", "critical", "jdwp", "", "Who reaches it runs code in the Java process.",
             "Start Java without the debug agent, or let it listen on loopback.", _NO_LOGIN),
    _Service("modbus", "Modbus", "critical", "modbus mbap", "502/tcp",
             "The protocol knows no login: who reaches it drives the machine behind it.", _FILTER, _NO_LOGIN),
    _Service("redis", "Redis", "high", "redis", "6379/tcp", _OPEN_DATA, _LOCAL, _NO_LOGIN),
    _Service("memcached", "memcached", "high", "memcached memcache", "11211/tcp 11211/udp", _OPEN_DATA, _LOCAL, _NO_LOGIN),
    _Service("mongodb", "MongoDB", "high", "mongod mongodb", "27017/tcp 27018/tcp", _OPEN_DATA, _LOCAL, _NO_LOGIN),
    _Service("elasticsearch", "Elasticsearch", "high", "elasticsearch", "9200/tcp 9300/tcp", _OPEN_DATA, _LOCAL, _NO_LOGIN),
    _Service("etcd", "etcd", "high", "etcd etcd-client", "2379/tcp", _OPEN_DATA, _LOCAL, _NO_LOGIN),
    _Service("couchdb", "CouchDB", "high", "couchdb", "5984/tcp", _OPEN_DATA, _LOCAL, _NO_LOGIN),
    _Service("cassandra", "Cassandra", "high", "cassandra cassandra-native", "9042/tcp", _OPEN_DATA, _LOCAL, _NO_LOGIN),
    _Service("zookeeper", "ZooKeeper", "high", "zookeeper", "2181/tcp", _OPEN_DATA, _LOCAL, _NO_LOGIN),
    _Service("mysql", "MySQL or MariaDB", "high", "mysql", "3306/tcp", _DATA, _LOCAL, _EXPOSED),
    _Service("postgresql", "PostgreSQL", "high", "postgresql", "5432/tcp", _DATA, _LOCAL, _EXPOSED),
    _Service("mssql", "Microsoft SQL Server", "high", "ms-sql-s ms-sql-m", "1433/tcp 1434/udp", _DATA, _LOCAL, _EXPOSED),
    _Service("oracle", "Oracle listener", "high", "oracle-tns oracle", "1521/tcp", _DATA, _LOCAL, _EXPOSED),
    _Service("telnet", "Telnet", "high", "telnet", "23/tcp", "Passwords and sessions cross the network in clear text.",
             "Use SSH and turn Telnet off.", _CLEARTEXT, cleartext=True),
    _Service("r_commands", "rlogin, rsh or rexec", "high", "exec login shell", "512/tcp 513/tcp 514/tcp",
             "They trust addresses and send passwords in clear text.", "Use SSH and turn them off.", _CLEARTEXT, cleartext=True),
    _Service("smb", "SMB file sharing", "high", "microsoft-ds netbios-ssn", "139/tcp 445/tcp", _GUESS, _FILTER, _EXPOSED),
    _Service("rdp", "Remote Desktop", "high", "ms-wbt-server", "3389/tcp", _GUESS,
             "Put it behind a VPN or a gateway that asks for a second factor.", _EXPOSED),
    _Service("vnc", "VNC", "high", "vnc vnc-http", "5900/tcp 5901/tcp 5902/tcp 5903/tcp",
             "Its own login is weak, and what is on the screen crosses the network in clear text.",
             "Tunnel it through SSH or a VPN.", _CLEARTEXT, cleartext=True),
    _Service("x11", "X11 display", "high", "X11 x11", "6000/tcp 6001/tcp",
             "Who is let in reads the keyboard and the screen.", "Start X with -nolisten tcp; forward it by SSH.", _EXPOSED),
    _Service("ajp", "AJP connector", "high", "ajp13 ajp12", "8009/tcp",
             "It is meant for the web server in front alone; through it files were read (CVE-2020-1938).",
             "Let it listen on loopback, with a secret.", "https://nvd.nist.gov/vuln/detail/CVE-2020-1938"),
    _Service("ipmi", "IPMI", "high", "asf-rmcp ipmi", "623/udp",
             "IPMI 2.0 hands out password hashes to anybody who asks (CVE-2013-4786).", "Keep it in a network of its own.",
             "https://nvd.nist.gov/vuln/detail/CVE-2013-4786"),
    _Service("s7", "Siemens S7 (ISO-TSAP)", "high", "iso-tsap s7-comm", "102/tcp",
             "A controller that is reached is a controller that is stopped.", _FILTER, _NO_LOGIN),
    _Service("ftp", "FTP", "medium", "ftp", "21/tcp", "Unless it insists on TLS, passwords cross the network in clear text.",
             "Use SFTP, or demand TLS (FTPS).", _CLEARTEXT, cleartext=True),
    _Service("pop3", "POP3 without TLS", "low", "pop3", "110/tcp",
             "Unless it insists on STLS, passwords cross the network in clear text.",
             "Refuse logins before STLS, or offer port 995 alone (RFC 8314).", "https://www.rfc-editor.org/rfc/rfc8314",
             cleartext=True),
    _Service("imap", "IMAP without TLS", "low", "imap", "143/tcp",
             "Unless it insists on STARTTLS, passwords cross the network in clear text.",
             "Refuse logins before STARTTLS, or offer port 993 alone (RFC 8314).", "https://www.rfc-editor.org/rfc/rfc8314",
             cleartext=True),
    _Service("ldap", "LDAP without TLS", "low", "ldap", "389/tcp",
             "Unless it insists on StartTLS, passwords and the directory cross the network in clear text.",
             "Refuse binds before StartTLS, or offer port 636 alone.", _CLEARTEXT, cleartext=True),
    _Service("kubelet", "Kubernetes kubelet", "high", "", "10250/tcp 10255/tcp",
             "Where anonymous access is on, who reaches it runs commands in the containers.",
             "Turn anonymous access off (authentication.anonymous.enabled: false) and filter the port.", _NO_LOGIN),
    _Service("consul", "Consul", "high", "consul", "8500/tcp",
             "Without access control it gives away the configuration and runs checks that are commands.", _LOCAL, _NO_LOGIN),
    _Service("tftp", "TFTP", "medium", "tftp", "69/udp",
             "It knows no login: configurations are fetched and replaced.", _FILTER, _NO_LOGIN),
    _Service("msrpc", "Microsoft RPC", "medium", "msrpc", "135/tcp", _GUESS, _FILTER, _EXPOSED),
    _Service("nfs", "NFS", "medium", "nfs nfs_acl mountd", "2049/tcp 2049/udp",
             "Without Kerberos it believes the user numbers that a client claims.", _FILTER, _NO_LOGIN),
    _Service("rpcbind", "Portmapper", "low", "rpcbind", "111/tcp 111/udp",
             "It lists the RPC services, and amplifies floods by UDP.", _FILTER, _EXPOSED),
    _Service("snmp", "SNMP", "medium", "snmp", "161/udp",
             "Up to version 2c the community string is a password in clear text, often `public`.",
             "Use version 3 with authentication and privacy, and filter the port.", _CLEARTEXT),
    _Service("rsync", "rsync daemon", "medium", "rsync", "873/tcp", "Modules are often open to all, and nothing is encrypted.",
             "Use rsync over SSH.", _CLEARTEXT, cleartext=True),
    _Service("rmi", "Java RMI registry", "medium", "java-rmi rmiregistry", "1099/tcp",
             "Objects sent to it have led to code running.", _FILTER, _EXPOSED),
    _Service("mqtt", "MQTT without TLS", "medium", "mqtt", "1883/tcp", "Messages and passwords cross the network in clear text.",
             "Use 8883 with TLS and demand a login.", _CLEARTEXT, cleartext=True),
    _Service("jetdirect", "Raw printing", "low", "jetdirect", "9100/tcp",
             "Anybody prints, and some printers give more.", _FILTER, _NO_LOGIN),
    _Service("upnp", "UPnP", "low", "upnp", "1900/udp",
             "It describes the device to anybody and amplifies floods.", _FILTER, _EXPOSED),
)
# fmt: on
RULES: dict[str, Rule] = {
    f"service.{held.word}": Rule(held.severity, f"{held.title} is open", held.because, held.fix, (held.reference,))
    for held in SERVICES
}
"""The same as rules; over loopback they are for information."""
_BY_NAME = {name: service for service in SERVICES for name in service.names.split()}
_BY_WORD = {service.word: service for service in SERVICES}
_BY_PORT = {port: service for service in SERVICES for port in service.ports.split()}
TCP_PORTS = frozenset(int(number) for number, _, protocol in (port.partition("/") for port in _BY_PORT) if protocol == "tcp")
"""Where these services usually listen."""


def exposed(seen: Iterable[Seen]) -> Iterator[Finding]:
    """One finding a service, with every place where it was seen.

    What has not told its name is taken by its port number, and the evidence says so. Over loopback nothing is known of who
    else can reach a service, so there it is for information.
    """
    found: defaultdict[tuple[_Service, Severity], list[Seen]] = defaultdict(list)
    for port in seen:
        service = _service(port)
        if service is not None and not (service.cleartext and port.tls):
            address = parse_address(port.address)
            found[service, "info" if address is not None and address.is_loopback else service.severity].append(port)
    for (service, severity), places in found.items():
        local = severity == "info"
        yield Finding(
            id=f"service.{service.word}",
            severity=severity,
            title=f"{service.title} {'listens; seen over loopback' if local else 'is open'}",
            detail=f"{service.because}{' Whether other hosts reach it was not measured.' if local else ''}",
            evidence="; ".join(map(_place, places[:_MOST_EVIDENCE]))
            + (f"; and {len(places) - _MOST_EVIDENCE} more" if len(places) > _MOST_EVIDENCE else ""),
            fix=service.fix,
            references=(service.reference,),
        )


def _service(port: Seen) -> _Service | None:
    if port.probed:
        return _BY_NAME.get(port.service or "") or _BY_WORD.get(port.product.split(" ")[0].lower())
    return _BY_PORT.get(f"{port.port}/{port.protocol}")


def _place(port: Seen) -> str:
    what = " ".join(filter(None, (port.service, port.product))) if port.probed else "by its port number"
    return f"{host_port(port.address, port.port)}/{port.protocol} open ({what})"
