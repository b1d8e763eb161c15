"""From a graph to something to look at."""
