"""A FinTS 3.0 PIN/TAN bank on loopback, for the demo and the tests: no bank, and it says so.

It has accounts with dated bookings and answers the requests that reading statements takes: dialogs
over TLS, TANs, paging, balances, camt.052 and MT940. It misbehaves on command, in the ways real
banks and networks were seen to. It was written from the published FinTS 3.0 specification and
shares no code with the client it answers, so the two cannot agree on the same mistake.

``python -m banking.testbank`` starts it; `banking.testbank.__main__` says how it is told things.
"""

NAME = "Testbank (keine Bank, nur zum Ueben)"
"""What it calls itself in its parameters, challenges and pages. ASCII: some clients read no more."""
