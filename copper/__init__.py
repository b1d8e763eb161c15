"""Copper: runs workflows of MQTT services, and shows how they hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copper.service import ActionError, Job, Service

__all__ = ["ActionError", "Job", "Service"]


def __getattr__(name: str) -> Any:
    """The SDK's names, loaded when they are asked for: `copper --help` needs no MQTT client."""
    if name in __all__:
        from copper import service  # noqa: PLC0415

        return getattr(service, name)
    raise AttributeError(name)
