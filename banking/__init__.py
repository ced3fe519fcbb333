"""The city's bank connection: statements in, money to its child, refunds out.

Only this package knows FinTS, camt, MT940 and payment files; the ledger below it knows lines,
days and what became of them.
"""
