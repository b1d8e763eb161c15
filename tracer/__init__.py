"""From the log of a Mosquitto broker to a graph of who publishes, who subscribes and whose messages reached whom."""
