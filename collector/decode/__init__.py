"""Bytes in, spans out: pure functions without I/O."""
