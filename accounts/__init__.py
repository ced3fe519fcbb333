"""The ground floor: money, time, people, meals and the double-entry ledger.

Everything of the trade lives here and nothing of a screen, a reader, a bank or a paper.
This floor also carries what every other floor needs and nobody else owns: whole-cent money,
the clock, settings and the catalogue of texts (the mechanism only; sentences are made in
``kiosk`` and ``reports``). All tables of the ledger are declared here and nowhere else, so
there is one metadata and one line of migrations. Only this package knows SQLAlchemy.
"""
