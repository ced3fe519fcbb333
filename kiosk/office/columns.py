"""Rows in columns, for a terminal or a pipe: one head, no colours, nothing cut off."""

from collections.abc import Collection, Sequence


def in_columns(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()
) -> tuple[str, ...]:
    """The head and the rows, padded; columns in ``right`` (from 0) stand to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return tuple(
        "  ".join(
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    )
