"""The write path: receive, decode, journal, derive, store.

An export arrives (`receive`), is checked (`decode`), and is committed to the journal (`journal`)
before it is acknowledged. Everything that a page shows is derived from the journal (`derive`) into
tables (`store`). `pipeline.py` is that path in one function.
"""
