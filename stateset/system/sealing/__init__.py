"""Tamper evidence: fingerprints of the append-only tables, chained and keyed.

A seal covers a range of ids of one table. Writers never wait for it: new rows are
sealed from time to time, once nobody can commit a row among them any more. What it
proves, and what not, is in docs/adr/seals-prove-what-was-written.md.
"""
