"""Copper: runs workflows of MQTT services, and shows how they hang together."""
