"""Results as a cryptographic bill of materials: CycloneDX 1.6, through cyclonedx-python-lib.

What was seen of TLS and SSH: each server is a service that depends on its protocols and certificates, those on cipher suites,
groups and keys, and these are algorithms with their quantum security level. What was not measured is not in it: a server that
could not be asked, or not wholly, says so in its property ``netassist:incomplete``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.crypto import (
    AlgorithmProperties,
    CertificateProperties,
    CryptoAssetType,
    CryptoFunction,
    CryptoMode,
    CryptoPrimitive,
    CryptoProperties,
    ProtocolProperties,
    ProtocolPropertiesCipherSuite,
    ProtocolPropertiesType,
    RelatedCryptoMaterialProperties,
    RelatedCryptoMaterialType,
)
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.service import Service
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6

from netassist import __version__
from netassist.observations import Report
from netassist.probes.ssh import SshAudit
from netassist.quantum import QuantumCheck
from netassist.reports.algorithms import Algorithm, key_exchange, of_suite, public_key, signature, ssh_cipher, ssh_mac
from netassist.reports.formats import Results
from netassist.reports.json import encoded
from netassist.reports.located import Place, parts, place_of, probe_of
from netassist.tls.audit import TlsAudit
from netassist.tls.certificate import CertificateInfo
from netassist.tls.chain import Certificate
from netassist.tls.key_exchange import KeyExchange
from netassist.tls.suites import Suite
from netassist.untrusted import as_text

_SPACE = uuid.UUID("3f1f7a9e-6a4b-5d5e-9a53-0d2c8b7f6a10")


def render(results: Results) -> bytes:
    every = list(parts(results.reports))
    stock = _Stock()
    audited = {place_of(report)[:2] for report in every if isinstance(report, TlsAudit | SshAudit) and report.status != "failed"}
    for report in every:
        match report:
            case TlsAudit():
                _tls(stock, report)
            case SshAudit():
                _ssh(stock, report)
            case QuantumCheck() if place_of(report)[:2] not in audited:
                _quantum(stock, report)
            case CertificateInfo():
                _certificates(stock, place_of(report), report)
        if isinstance(report, TlsAudit | SshAudit | QuantumCheck | CertificateInfo) and report.status != "ok":
            stock.incomplete(place_of(report), report)
    bom = Bom(
        components=stock.components.values(),
        services=stock.of_services(),
        dependencies=stock.dependencies(),
        serial_number=uuid.uuid5(_SPACE, b"\n".join(map(encoded, results.reports)).hex()),
        metadata=BomMetaData(
            timestamp=max((report.started + timedelta(seconds=report.duration_s) for report in every), default=None),
            tools=ToolRepository(components=[Component(name="netassist", version=__version__, type=ComponentType.APPLICATION)]),
        ),
    )
    return JsonV1Dot6(bom).output_as_string(indent=2).encode() + b"\n"


class _Stock:
    """The parts of a bill, each once, and which needs which, by their references."""

    def __init__(self) -> None:
        self.components: dict[str, Component] = {}
        self.needs: dict[str, set[str]] = {}
        self._services: dict[str, str] = {}
        self._incomplete: dict[str, list[str]] = {}

    def add(self, ref: str, name: str, properties: CryptoProperties, needs: Iterable[str] = ()) -> str:
        if ref not in self.components:
            self.components[ref] = Component(
                name=_text(name) or "-", type=ComponentType.CRYPTOGRAPHIC_ASSET, bom_ref=ref, crypto_properties=properties
            )
        self.needs.setdefault(ref, set()).update(needs)
        return ref

    def service(self, place: Place, needs: Iterable[str] = ()) -> None:
        ref = f"service/{_text(str(place))}"
        self._services.setdefault(ref, _text(str(place)) or "-")
        self.needs.setdefault(ref, set()).update(needs)

    def incomplete(self, place: Place, report: Report) -> None:
        self.service(place)
        why = report.error.message if report.error else "not everything could be measured"
        self._incomplete.setdefault(f"service/{_text(str(place))}", []).append(f"{probe_of(report)}: {_text(why)}")

    def of_services(self) -> list[Service]:
        return [
            Service(
                name=name,
                bom_ref=ref,
                properties=[Property(name="netassist:incomplete", value=why) for why in self._incomplete.get(ref, ())],
            )
            for ref, name in self._services.items()
        ]

    def dependencies(self) -> list[Dependency]:
        refs = {ref: component.bom_ref for ref, component in self.components.items()}
        refs |= {ref: BomRef(ref) for ref in self._services}
        return [Dependency(refs[of], [Dependency(refs[on]) for on in held]) for of, held in self.needs.items()]

    def algorithm(self, found: Algorithm) -> str:
        modes = {mode.value for mode in CryptoMode}
        properties = AlgorithmProperties(
            primitive=CryptoPrimitive(found.primitive),
            parameter_set_identifier=found.parameter_set,
            curve=_text(found.curve) if found.curve else None,
            mode=None if found.mode is None else CryptoMode(found.mode) if found.mode in modes else CryptoMode.OTHER,
            crypto_functions=[CryptoFunction(function) for function in found.functions],
            classical_security_level=found.classical,
            nist_quantum_security_level=found.quantum,
        )
        name = _text(found.name) or "-"
        crypto = CryptoProperties(asset_type=CryptoAssetType.ALGORITHM, algorithm_properties=properties)
        return self.add(f"algorithm/{found.primitive}/{name}", name, crypto)

    def algorithms(self, found: Iterable[Algorithm]) -> list[str]:
        return list(dict.fromkeys(self.algorithm(each) for each in found))

    def protocol(
        self, place: Place, kind: ProtocolPropertiesType, version: str, needs: list[str], suites: Iterable[Suite] = ()
    ) -> None:
        shown = [(suite, self.algorithms(of_suite(suite))) for suite in suites]
        properties = ProtocolProperties(
            type=kind,
            version=_text(version) or None,
            cipher_suites=[
                ProtocolPropertiesCipherSuite(
                    name=_text(suite.name),
                    algorithms=[self.components[ref].bom_ref for ref in refs],
                    identifiers=[suite.code],
                )
                for suite, refs in shown
            ],
            crypto_refs=[self.components[ref].bom_ref for ref in needs],
        )
        crypto = CryptoProperties(asset_type=CryptoAssetType.PROTOCOL, protocol_properties=properties)
        name = f"{kind.value.upper()} {_text(version)}".strip()
        inside = {*needs, *(ref for _, refs in shown for ref in refs)}
        self.service(place, [self.add(f"protocol/{_text(str(place))}/{name}", name, crypto, inside)])


def _tls(stock: _Stock, audit: TlsAudit) -> None:
    place = place_of(audit)
    schemes = stock.algorithms(signature(held.name) for held in audit.signature_schemes)
    groups = stock.algorithms(key_exchange(held.name) for held in audit.groups)
    curves = stock.algorithms(key_exchange(name) for name in audit.curves)
    for version, support in audit.protocols.items():
        if support == "accepted":
            needs = {"TLSv1.3": [*groups, *schemes], "TLSv1.2": [*curves, *schemes]}.get(version, curves)
            suites = audit.cipher_suites.get(version, ())
            stock.protocol(place, ProtocolPropertiesType.TLS, version.removeprefix("TLSv"), list(dict.fromkeys(needs)), suites)
    for held in audit.certificates:
        _certificates(stock, place, held)


def _quantum(stock: _Stock, check: QuantumCheck) -> None:
    if check.status == "failed":
        return
    kind = ProtocolPropertiesType.TLS if check.protocol == "tls" else ProtocolPropertiesType.SSH
    version = (check.version or "").removeprefix("TLSv") if check.protocol == "tls" else "2.0"
    found = [*_groups(check.key_exchange), *([signature(name)] if (name := check.authentication.signature) else [])]
    needs = stock.algorithms([*found, *map(signature, check.authentication.host_keys)])
    stock.protocol(place_of(check), kind, version, needs)


def _groups(exchange: KeyExchange) -> list[Algorithm]:
    names = [held.name for held in exchange.groups] or ([exchange.negotiated] if exchange.negotiated else [])
    return [key_exchange(name) for name in names]


def _ssh(stock: _Stock, audit: SshAudit) -> None:
    if audit.status == "failed":
        return
    offered = audit.algorithms
    found = [key_exchange(held.name) for held in offered.kex] + [signature(held.name) for held in offered.host_key]
    found += [ssh_cipher(held.name) for held in offered.cipher] + [ssh_mac(held.name) for held in offered.mac]
    place, needs = place_of(audit), stock.algorithms(found)
    for held in audit.host_keys:
        ref = stock.algorithm(signature(held.type))
        needs.append(_key(stock, f"key/{_text(held.fingerprint_sha256)}", f"{held.type} host key", held.bits, ref))
    stock.protocol(place, ProtocolPropertiesType.SSH, audit.protocol or "2.0", needs)


def _certificates(stock: _Stock, place: Place, found: CertificateInfo) -> None:
    stock.service(place, [_certificate(stock, held) for held in found.chain])


def _certificate(stock: _Stock, held: Certificate) -> str:
    ref, key = f"certificate/{_text(held.fingerprint_sha256)}", held.key
    signed = stock.algorithm(signature(held.signature_algorithm))
    kind = stock.algorithm(public_key(key.type, key.bits, key.curve, key.parameter_set))
    public = _key(stock, f"key/of-{ref}", f"public key of {held.subject}", key.bits, kind)
    properties = CertificateProperties(
        subject_name=_text(held.subject),
        issuer_name=_text(held.issuer),
        not_valid_before=held.not_before,
        not_valid_after=held.not_after,
        signature_algorithm_ref=stock.components[signed].bom_ref,
        subject_public_key_ref=stock.components[public].bom_ref,
        certificate_format="X.509",
    )
    crypto = CryptoProperties(asset_type=CryptoAssetType.CERTIFICATE, certificate_properties=properties)
    return stock.add(ref, held.subject or "certificate without a subject", crypto, (signed, public))


def _key(stock: _Stock, ref: str, name: str, bits: int | None, algorithm: str) -> str:
    material = RelatedCryptoMaterialProperties(
        type=RelatedCryptoMaterialType.PUBLIC_KEY, size=bits, algorithm_ref=stock.components[algorithm].bom_ref
    )
    crypto = CryptoProperties(asset_type=CryptoAssetType.RELATED_CRYPTO_MATERIAL, related_crypto_material_properties=material)
    return stock.add(ref, name, crypto, (algorithm,))


def _text(text: str) -> str:
    return as_text(text, 1000)
