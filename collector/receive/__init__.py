"""Doors: OTLP over HTTP and gRPC, with every answer the specification asks for."""
