"""Statements and letters: figures first, pages second.

Nothing is built here yet. The floor stands so that the import contracts hold from the first
line; only this package will know the PDF library.
"""
