"""How to get in at a broker: user and password, and for TLS (`mqtts://`) authority, certificate and key.

Comes in: a broker's URL and the environment. Goes out: an `Access`, an SSL context, or a sentence on what is wrong
with them. A password stands in none of these sentences. It connects to nothing.

    COPPER_BROKER_USERNAME                                   what stands in the URL goes first
    COPPER_BROKER_PASSWORD, COPPER_BROKER_PASSWORD_FILE      the file for Docker's secrets; a newline at its end is none
    COPPER_BROKER_CA_FILE                                    who signed the broker's certificate; else the system's
    COPPER_BROKER_CERT_FILE, COPPER_BROKER_KEY_FILE          what we show to a broker that asks for it
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from copper.mqtt import NoBrokerError

USERNAME = "COPPER_BROKER_USERNAME"
PASSWORD = "COPPER_BROKER_PASSWORD"  # noqa: S105  a variable's name
PASSWORD_FILE = "COPPER_BROKER_PASSWORD_FILE"  # noqa: S105  the same
CA_FILE = "COPPER_BROKER_CA_FILE"
CERT_FILE = "COPPER_BROKER_CERT_FILE"
KEY_FILE = "COPPER_BROKER_KEY_FILE"

VARIABLES = (USERNAME, PASSWORD, PASSWORD_FILE, CA_FILE, CERT_FILE, KEY_FILE)

PORTS = {"mqtt": 1883, "mqtts": 8883}
"""The schemes of a broker's URL, and the port of each where the URL says none."""


@dataclass(frozen=True)
class Access:
    """Who we are for a broker.

    Attributes:
        user: the user's name, or None for nobody in particular.
        password: its password, or None.
        context: for TLS, else None.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = None


def access(url: str, environment: Mapping[str, str]) -> Access:
    """How to get in at `url`.

    Raises:
        NoBrokerError: a file that a variable names can't be read, or is no certificate or key.
    """
    parts = urlsplit(url)
    context = _context(environment) if parts.scheme == "mqtts" else None
    if parts.username:
        password = unquote(parts.password) if parts.password is not None else _password(environment)
        return Access(unquote(parts.username), password, context)
    user = environment.get(USERNAME)
    return Access(user, _password(environment), context) if user else Access(context=context)


def _password(environment: Mapping[str, str]) -> str | None:
    if given := environment.get(PASSWORD):
        return given
    file = environment.get(PASSWORD_FILE)
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise NoBrokerError(f"{file} can't be read: {why}", where=PASSWORD_FILE) from error


def _context(environment: Mapping[str, str]) -> ssl.SSLContext:
    """What TLS needs: the broker's certificate is checked, and so is its name."""
    authority, certificate, key = (environment.get(name) for name in (CA_FILE, CERT_FILE, KEY_FILE))
    try:
        context = ssl.create_default_context(cafile=authority or None)
    except (OSError, ssl.SSLError) as error:
        raise _unusable(CA_FILE, str(authority), error) from error
    if key and not certificate:
        raise NoBrokerError("a key without a certificate", where=KEY_FILE, next_step=f"set {CERT_FILE} too")
    if certificate:
        try:
            # an empty password: else OpenSSL would ask for one on the terminal, and wait
            context.load_cert_chain(certificate, key or None, password="")
        except (OSError, ssl.SSLError) as error:
            raise _unusable(f"{CERT_FILE} and {KEY_FILE}", f"{certificate}, {key or certificate}", error) from error
    return context


def _unusable(variable: str, file: str, error: OSError) -> NoBrokerError:
    if isinstance(error, ssl.SSLError):
        why = "the key is not this certificate's" if error.reason == "KEY_VALUES_MISMATCH" else "this is no PEM file"
        if error.reason in {"BAD_DECRYPT", "BAD_PASSWORD_READ", "PROBLEMS_GETTING_PASSWORD"}:
            why = "the key is encrypted, and only keys without a password can be used"
    else:
        why = f"can't be read: {error.strerror}"
    return NoBrokerError(f"{file}: {why}", where=variable)


def why_no_tls(error: ssl.SSLError | ConnectionResetError) -> tuple[str, str]:
    """Why a handshake failed, and what to do next."""
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"the broker's certificate is not good: {error.verify_message.rstrip('.')}"
        if error.verify_code in _NAMES:
            return what, "use the name that stands in the certificate"
        if error.verify_code in _TIMES:
            return what, "have it renewed, and look at this machine's clock"
        return what, f"is {CA_FILE} the authority that signed it?"
    if isinstance(error, ConnectionResetError) or error.reason in {
        "WRONG_VERSION_NUMBER",
        "UNEXPECTED_EOF_WHILE_READING",
        "HTTP_REQUEST",
    }:
        return "no TLS is spoken there", "is it the port for TLS? mqtt:// is without"
    return f"TLS fails: {error.reason or error}", "what does the broker's log say?"


_NAMES = {62, 64}
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""

_TIMES = {9, 10}
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""
