"""The one seam to MQTT: paho-mqtt behind it, connections and messages as plain values in front.

What comes in: a broker's URL, filters, payloads. What goes out: `Connected`, `Lost`, `Message` and `Answered`, handed
to `on_event` from paho's network thread. It knows nothing of workflows, actions or services.

Reconnecting is paho's, after waits of ours: random, growing, capped. What was subscribed is subscribed again, and
`Connected` is said only after the broker has acknowledged that.

TCP_NODELAY is set on every socket: without it a QoS 1 round trip takes 44 to 88 ms (Nagle against delayed ACK), with
it less than one.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from copper.access import PORTS, access, why_no_tls
from copper.mqtt import Answered, Connected, Event, Lost, Message, NoBrokerError, TooLargeError, Will, shown

SESSION_SECONDS = 60
"""How long the broker keeps our session, so that a short cut of the network loses nothing."""


FIRST_WAIT = 0.25
"""Seconds before the first try to reconnect, at most; each further wait is up to twice as long."""

LONGEST_WAIT = 8.0
"""Seconds between two tries to reconnect, at most."""

CLOSE_SECONDS = 2.0
"""How long the network thread may take to end. It is left behind after that: a broker that has stopped reading would
hold it for ever."""

LOOK_SECONDS = 0.1
"""How often we look whether the connection still stands while we wait for an acknowledgement."""

LARGEST = 268_435_455
"""Bytes of a packet that MQTT can say."""


class Client:
    """One MQTT 5 connection.

    Args:
        url: `mqtt://[user[:password]@]host[:port]`, `mqtts://` for TLS; the port is 1883, or 8883, if none is said.
        client_id: as the broker's log will name it.
        on_event: called from the network thread with each `Event`; must not block.
        will: published by the broker when this client dies.
        session_seconds: how long the broker keeps the session when this client is gone; None for the usual time, and
            a session that begins anew.
        environment: how to get in, see `access.py`; by default this process's own.

    Raises:
        NoBrokerError: a file that the environment names is not usable.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        on_event: Callable[[Event], None],
        *,
        will: Will | None = None,
        session_seconds: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url
        self._session_seconds = session_seconds
        self._on_event = on_event
        self._filters: dict[str, SubscribeOptions] = {}
        self._first = threading.Event()
        self._refused: str | None = None
        self._was_connected = False
        self._was_cut = False
        self._resubscribing: int | None = None
        self._tries = 0
        self._largest = LARGEST
        self._subscribed: dict[int, threading.Event] = {}
        self._denied: dict[int, list[ReasonCode]] = {}
        self._awaited: dict[int, bool] = {}
        self._early: dict[int, ReasonCode] = {}
        self._acknowledging = threading.Lock()
        self._lock = threading.Lock()
        self._paho = self._make(client_id, will, os.environ if environment is None else environment)

    def _make(self, client_id: str, will: Will | None, environment: Mapping[str, str]) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
        entry = access(self.url, environment)
        if entry.user:
            client.username_pw_set(entry.user, entry.password)
        if entry.context:
            client.tls_set_context(entry.context)
        if will:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.on_socket_open = _no_delay
        client.on_connect = self._connected
        client.on_disconnect = self._lost
        client.on_connect_fail = self._not_connected
        client.on_message = self._message
        client.on_publish = self._published
        client.on_subscribe = self._suback
        return client

    def connect(self, timeout: float = 5.0) -> None:
        """Connect and wait until the broker has said yes.

        Raises:
            NoBrokerError: nobody listens there, it refuses us, or it says nothing within `timeout` seconds.
        """
        host, port = self._address()
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = SESSION_SECONDS if self._session_seconds is None else self._session_seconds
        anew = paho.MQTT_CLEAN_START_FIRST_ONLY if self._session_seconds is None else False
        self._paho.connect_timeout = timeout
        try:
            self._paho.connect(host, port, keepalive=30, clean_start=anew, properties=session)
        except (ssl.SSLError, ConnectionResetError) as error:
            what, then = why_no_tls(error)
            raise NoBrokerError(what, where=shown(self.url), next_step=then) from error
        except (OSError, UnicodeError) as error:
            raise NoBrokerError(
                f"no broker answers: {getattr(error, 'strerror', None) or error}",
                where=shown(self.url),
                next_step="is it running, and is the address right?",
            ) from error
        self._paho.loop_start()
        if not self._first.wait(timeout) or self._refused:
            self._end_thread()
            what, then = self._why_not()
            raise NoBrokerError(what, where=shown(self.url), next_step=then)

    def _why_not(self) -> tuple[str, str]:
        """Why nobody said yes, and what to do next."""
        if self._refused:
            return f"the broker refuses us: {self._refused}", "are user and password right?"
        if not self._was_cut:
            return "the broker says nothing", "is it an MQTT broker?"
        if urlsplit(self.url).scheme == "mqtts":
            return "the broker ends the connection", "does it ask for a certificate of ours (COPPER_BROKER_CERT_FILE)?"
        return "the broker ends the connection", "is it an MQTT broker, and does it want TLS (mqtts://)?"

    def _address(self) -> tuple[str, int]:
        try:
            parts = urlsplit(self.url)
            host, port = parts.hostname, parts.port or PORTS.get(parts.scheme)
        except ValueError:
            host = port = None
        if not host or port is None or parts.scheme not in PORTS:
            raise NoBrokerError(
                "no broker's address", where=shown(self.url), next_step="say mqtt://HOST[:PORT] or mqtts://"
            )
        return host, port

    def subscribe(self, filters: Iterable[str], timeout: float = 5.0, *, of_others: bool = False) -> None:
        """Subscribe at QoS 1 and wait for the SUBACK; after a reconnect they are subscribed again.

        With `of_others` the broker leaves out what we publish there ourselves.

        Raises:
            NoBrokerError: no SUBACK within `timeout` seconds, or the broker denies one of the filters.
        """
        new = {name: SubscribeOptions(qos=1, noLocal=of_others) for name in filters}
        if not new:
            return
        done = threading.Event()
        with self._lock:
            self._filters |= new
            code, mid = self._paho.subscribe(list(new.items()))
            if code == paho.MQTT_ERR_SUCCESS and mid is not None:
                self._subscribed[mid] = done
        if not done.wait(timeout):
            raise NoBrokerError("the broker does not answer a SUBSCRIBE", where=shown(self.url))
        denied = [name for name, code in zip(new, self._denied.pop(mid or 0, []), strict=False) if code.is_failure]
        if denied:
            raise NoBrokerError(
                f"the broker denies a subscription to {', '.join(denied)}",
                where=shown(self.url),
                next_step="its access rules must let this user subscribe there",
            )

    def subscribe_soon(self, filters: Iterable[str]) -> None:
        """Subscribe at QoS 1, without waiting; after a reconnect they are subscribed again."""
        new = {name: SubscribeOptions(qos=1) for name in filters if name not in self._filters}
        if new:
            with self._lock:
                self._filters |= new
                self._paho.subscribe(list(new.items()))

    def check_size(self, topic: str, payload: bytes) -> None:
        """End here if the broker does not take so large a message: it would cut the connection.

        Raises:
            TooLargeError: it doesn't.
        """
        if len(payload) + 2 * len(topic.encode()) + 256 > self._largest:  # with answer topic, correlation and lengths
            raise TooLargeError(f"{len(payload):,} bytes are more than the broker takes", where=topic)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        answer_to: str | None = None,
        correlation: bytes | None = None,
    ) -> int:
        """Publish, and return the message id that `Answered` will carry, if the broker has anything to say to it.

        That is so where an answer is expected (`answer_to`), and nobody will get it, or the broker refuses it.

        Args:
            topic: where to.
            payload: its bytes.
            qos: 0, 1 or 2.
            retain: whether the broker keeps it.
            answer_to: MQTT 5 Response Topic.
            correlation: MQTT 5 Correlation Data.

        Raises:
            TooLargeError: the broker does not take so large a message.
        """
        self.check_size(topic, payload)
        properties = None
        if answer_to is not None or correlation is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            if answer_to is not None:
                properties.ResponseTopic = answer_to
            if correlation is not None:
                properties.CorrelationData = correlation
        mid = self._paho.publish(topic, payload, qos=qos, retain=retain, properties=properties).mid
        self._await(mid, wanted=answer_to is not None)
        return mid

    def _await(self, mid: int, *, wanted: bool) -> None:
        """Its acknowledgement is to be told or not; it may have come already."""
        with self._acknowledging:
            code = self._early.pop(mid, None)
            if code is None:
                self._awaited[mid] = wanted
        if code is not None and wanted:
            self._acknowledged(mid, code)

    def publish_and_wait(self, topic: str, payload: bytes, *, retain: bool = False, timeout: float = 5.0) -> None:
        """Publish at QoS 1 and wait for the broker's acknowledgement, at most `timeout` seconds.

        When the connection is lost meanwhile the wait ends; the message is sent when the broker is back.

        Raises:
            TooLargeError: the broker does not take so large a message.
        """
        self.check_size(topic, payload)
        deadline = time.monotonic() + timeout
        info = self._paho.publish(topic, payload, qos=1, retain=retain)
        self._await(info.mid, wanted=False)
        with contextlib.suppress(RuntimeError, ValueError):  # not connected, or the queue is full: it is sent later
            while self._paho.is_connected() and not info.is_published() and time.monotonic() < deadline:
                info.wait_for_publish(LOOK_SECONDS)

    def close(self, *, keep: bool = False) -> None:
        """Disconnect in order (the will is not sent) and end the network thread.

        Args:
            keep: the session stays, and the broker goes on to take requests for us.
        """
        properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
        if not keep:
            properties.SessionExpiryInterval = 0
        self._paho.disconnect(properties=properties)
        self._end_thread()

    def _end_thread(self) -> None:
        ending = threading.Thread(target=self._paho.loop_stop, daemon=True)
        ending.start()
        ending.join(CLOSE_SECONDS)
        if not ending.is_alive():
            # paho leaves the sockets by which it wakes its thread to the garbage collector, which complains of them
            with contextlib.suppress(AttributeError):
                self._paho._reset_sockets(sockpair_only=True)  # noqa: SLF001

    def _connected(self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, properties: Any = None) -> None:
        if code.is_failure:
            self._refused = str(code)
            self._first.set()
            return
        again, self._was_connected = self._was_connected, True
        self._tries = 0
        self._largest = getattr(properties, "MaximumPacketSize", LARGEST)
        self._first.set()
        with self._lock:
            if again and self._filters:
                _, self._resubscribing = self._paho.subscribe(list(self._filters.items()))
                return
        self._tell(Connected(again))

    def _not_connected(self, _client: Any, _data: Any) -> None:
        """Says to paho how long to wait before its next try: many clients that lost one broker come back spread out."""
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2**self._tries)
        wait = random.uniform(longest / 2, longest)  # noqa: S311  no secret
        self._tries += 1
        self._paho.reconnect_delay_set(wait, wait)  # type: ignore[arg-type]  # paho adds it to a time

    def _lost(self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, _properties: Any = None) -> None:
        self._not_connected(_client, _data)
        self._was_cut = True
        if self._was_connected:
            self._tell(Lost(str(code)))

    def _message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        correlation = getattr(message.properties, "CorrelationData", None)
        self._tell(Message(message.topic, bytes(message.payload), bool(message.retain), correlation))

    def _published(self, _client: Any, _data: Any, mid: int, code: ReasonCode, _properties: Any = None) -> None:
        with self._acknowledging:
            wanted = self._awaited.pop(mid, None)
            if wanted is None:
                self._early[mid] = code
        if wanted:
            self._acknowledged(mid, code)

    def _acknowledged(self, mid: int, code: ReasonCode) -> None:
        """Whoever waits for answers need not be woken where all is well."""
        if code.value:
            self._tell(Answered(mid, code.value, str(code)))

    def _suback(self, _client: Any, _data: Any, mid: int, codes: list[ReasonCode], _properties: Any = None) -> None:
        with self._lock:
            done = self._subscribed.pop(mid, None)
            again = mid == self._resubscribing
            while again and self._subscribed:  # asked before the loss, and part of what was asked again
                self._subscribed.popitem()[1].set()
        if done:
            self._denied[mid] = codes
            done.set()
        if again:
            self._tell(Connected(again=True))

    def _tell(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001  a bug of ours must be seen, and must not end the network thread
            traceback.print_exc()


def _no_delay(_client: Any, _data: Any, sock: Any) -> None:
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
