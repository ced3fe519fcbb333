"""German business transaction codes (GVC), as far as they decide anything.

Source: Deutsche Kreditwirtschaft, DFÜ-Abkommen, Anlage 3, chapter on MT940 and the code mapping.
"""

# 009 and 059: returned debit and transfer before SEPA; 108 and 109: our debit came back;
# 159: our transfer came back; 181 and 184: a debit taken from us came back.
_RETURNS = frozenset({"009", "059", "108", "109", "159", "181", "184"})


def is_return_code(gvc: str) -> bool:
    """Whether the code says that money came back."""
    return gvc in _RETURNS
