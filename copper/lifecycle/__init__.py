"""How services are started and stopped."""
