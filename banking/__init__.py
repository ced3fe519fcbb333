"""The city's bank connection: statements in, refunds out.

Nothing is built here yet. The floor stands so that the import contracts hold from the first
line; only this package will know FinTS.
"""
