"""Brokers that ask who we are: real Mosquitto with a password file, and with TLS from certificates made here."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from copper.broker.process import started, wait_for
from copper.client import Client
from copper.mqtt import NoBrokerError
from tests.needs import need

# A handshake that fails leaves its socket to paho, which leaves it to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PASSWORD = "s3cret&word"
WORKFLOW = "services:\n  greeter: {command: %s greeter.py}\nactions:\n  - action: greeter/hello\n    name: you\n"
SERVICE = """from copper import Service
service = Service("greeter")
@service.action
def hello(name: str) -> dict:
    return {"text": f"hello {name}"}
service.run()
"""


@pytest.fixture(autouse=True)
def collected():
    yield
    gc.collect()


def run(*command, cwd=None):
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, timeout=30)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, one that nobody knows, and what the first signed: localhost, elsewhere, an old one, a client."""
    need("openssl")
    folder = tmp_path_factory.mktemp("certificates")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("ca", "stranger"):
        run("openssl", "req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2",
            "-subj", f"/CN={name}", cwd=folder)  # fmt: skip
    for name, names, dates in (
        ("localhost", "DNS:localhost", ["-days", "2"]),
        ("elsewhere", "DNS:elsewhere.example", ["-days", "2"]),
        ("old", "DNS:localhost", ["-days", "-1"]),
        ("client", "DNS:client", ["-days", "2"]),
    ):
        run("openssl", "req", "-new", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
            cwd=folder)  # fmt: skip
        (folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        run("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", f"{name}.ext", "-out", f"{name}.pem", *dates, cwd=folder)  # fmt: skip
    return folder


@pytest.fixture
def broker(tmp_path):
    """Starts Mosquitto with lines of a configuration; returns its port."""
    program = need("mosquitto")
    running = []

    def start(*lines):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        folder = tmp_path / "broker"
        folder.mkdir(exist_ok=True)
        log = folder / "mosquitto.log"
        conf = folder / "mosquitto.conf"
        user = [f"user {'root' if os.geteuid() == 0 else 'mosquitto'}"]
        conf.write_text(
            "\n".join([f"listener {port} 127.0.0.1", f"log_dest file {log}", "log_type all", *user, *lines])
        )
        manager = started([program, "-c", str(conf)], folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process = manager.__enter__()
        running.append((manager, process))
        assert wait_for(process, lambda: log.is_file() and b" running" in log.read_bytes())
        return port

    yield start
    for manager, process in running:
        process.terminate()
        manager.__exit__(None, None, None)


@pytest.fixture
def with_password(broker, tmp_path):
    file = tmp_path / "passwords"
    run(need("mosquitto_passwd"), "-b", "-c", str(file), "bob", PASSWORD)
    return broker("allow_anonymous false", f"password_file {file}")


def with_tls(broker, certificates, name, *lines):
    files = [
        f"cafile {certificates}/ca.pem",
        f"certfile {certificates}/{name}.pem",
        f"keyfile {certificates}/{name}.key",
    ]
    return broker("allow_anonymous true", *files, *lines)


def connect(url, timeout=5.0, **environment):
    client = Client(url, "someone", lambda _: None, environment=environment)
    client.connect(timeout)
    client.close()


def refusal(url, **environment):
    with pytest.raises(NoBrokerError) as caught:
        connect(url, timeout=1.5, **environment)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def test_user_and_password_come_from_the_url_the_environment_or_a_file(with_password, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n")
    there = f"localhost:{with_password}"
    connect(f"mqtt://bob:s3cret%26word@{there}")
    connect(f"mqtt://bob@{there}", COPPER_BROKER_PASSWORD=PASSWORD)
    connect(f"mqtt://{there}", COPPER_BROKER_USERNAME="bob", COPPER_BROKER_PASSWORD_FILE=str(secret))


def test_a_wrong_user_is_told_so_without_the_password(with_password):
    assert "refuses us: Not authorized" in refusal(f"mqtt://eve:s3cret%26word@localhost:{with_password}")
    assert "are user and password right" in refusal(f"mqtt://localhost:{with_password}")


def test_a_password_file_that_is_not_there_is_named(with_password):
    said = refusal(f"mqtt://bob@localhost:{with_password}", COPPER_BROKER_PASSWORD_FILE="/nowhere/secret")
    assert said == "COPPER_BROKER_PASSWORD_FILE: /nowhere/secret can't be read: No such file or directory"


def test_tls_with_a_client_certificate(broker, certificates):
    port = with_tls(broker, certificates, "localhost", "require_certificate true")
    own = {
        "COPPER_BROKER_CERT_FILE": f"{certificates}/client.pem",
        "COPPER_BROKER_KEY_FILE": f"{certificates}/client.key",
    }
    ca = {"COPPER_BROKER_CA_FILE": f"{certificates}/ca.pem"}
    connect(f"mqtts://localhost:{port}", **ca, **own)
    assert "does it ask for a certificate of ours" in refusal(f"mqtts://localhost:{port}", **ca)
    own["COPPER_BROKER_KEY_FILE"] = f"{certificates}/ca.key"
    assert "the key is not this certificate's" in refusal(f"mqtts://localhost:{port}", **ca, **own)


@pytest.mark.parametrize(
    ("name", "authority", "said"),
    [
        ("localhost", "stranger", "is COPPER_BROKER_CA_FILE the authority that signed it"),
        ("old", "ca", "certificate has expired"),
        ("elsewhere", "ca", "Hostname mismatch"),
    ],
)
def test_a_certificate_that_is_not_good_is_said(broker, certificates, name, authority, said):
    port = with_tls(broker, certificates, name)
    assert said in refusal(f"mqtts://localhost:{port}", COPPER_BROKER_CA_FILE=f"{certificates}/{authority}.pem")


def test_a_port_that_speaks_no_tls_and_one_that_wants_it(broker, certificates):
    plain = broker("allow_anonymous true")
    assert "no TLS is spoken there" in refusal(f"mqtts://localhost:{plain}")


def test_a_port_for_tls_that_is_spoken_to_plainly(broker, certificates):
    port = with_tls(broker, certificates, "localhost")
    assert "does it want TLS (mqtts://)?" in refusal(f"mqtt://localhost:{port}")


def test_a_workflow_runs_with_password_and_tls_and_neither_is_left_anywhere(broker, certificates, tmp_path):
    passwords = tmp_path / "passwords"
    run(need("mosquitto_passwd"), "-b", "-c", str(passwords), "bob", PASSWORD)
    port = with_tls(broker, certificates, "localhost", f"password_file {passwords}", "allow_anonymous false")
    (tmp_path / "greeter.py").write_text(SERVICE)
    (tmp_path / "workflow.yaml").write_text(WORKFLOW % sys.executable)
    environment = {
        **os.environ,
        "COPPER_BROKER": f"mqtts://localhost:{port}",
        "COPPER_BROKER_USERNAME": "bob",
        "COPPER_BROKER_PASSWORD": PASSWORD,
        "COPPER_BROKER_CA_FILE": f"{certificates}/ca.pem",
    }
    command = [Path(sys.executable).with_name("copper"), "run", "workflow.yaml"]
    command += ["--log", str(tmp_path / "broker" / "mosquitto.log")]
    done = subprocess.run(
        command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr
    result = next((tmp_path / ".copper" / "runs").glob("*/result.json"))
    assert "hello you" in result.read_text()
    assert list((tmp_path / ".copper" / "runs").glob("*/deps.svg"))
    kept = [path for path in (tmp_path / ".copper").rglob("*") if path.is_file()]
    assert not [path for path in kept if PASSWORD.encode() in path.read_bytes()]
    assert PASSWORD not in done.stdout + done.stderr
