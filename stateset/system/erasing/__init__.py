"""Erase a customer: pseudonyms for what is personal, the books as they are.

What it means is in docs/adr/an-erasure-keeps-the-books.md.
"""
