"""Removes what has been kept long enough, while everything else goes on."""
