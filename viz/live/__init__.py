"""The live map: pages that show a system as it works, for as long as it works."""
