"""Readers, cards and keys. No money, no people, no database.

Only this package knows pyscard. What leaves it are canonical card numbers and the proof
they came with, never raw bytes of a reader's making.
"""
