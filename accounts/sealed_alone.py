"""Bytes sealed under a key of their own that lies wrapped before them: one column, erased at once.

For what is kept beside the books and belongs to no bank's file: a refund's payee, a payment
file. Whoever deletes the row has erased it; what is sealed is bound to the row it is for.
"""

from accounts.bank_vault import BankVault, Unopenable

_WRAPPED_BYTES = 12 + 32 + 16  # nonce, key and tag of AES-GCM


def seal_alone(vault: BankVault, clear: bytes, *, bound: str) -> bytes:
    """The sealed bytes; ``bound`` names the row they are for, as "refund:7"."""
    key, wrapped = vault.new_file_key(bound=bound.encode())
    if len(wrapped) != _WRAPPED_BYTES:
        raise ValueError(f"a wrapped key of {len(wrapped)} bytes")
    return wrapped + key.seal_bytes(clear, bound=bound.encode())


def open_alone(vault: BankVault, sealed: bytes, *, bound: str) -> bytes:
    """What ``seal_alone`` was given. Raises Unopenable."""
    if len(sealed) <= _WRAPPED_BYTES:
        raise Unopenable
    key = vault.unwrap(sealed[:_WRAPPED_BYTES], bound=bound.encode())
    return key.open_bytes(sealed[_WRAPPED_BYTES:], bound=bound.encode())
