"""Signs and letters made of full blocks, five pixels high.

A pixel is two cells wide and one high, which is about square. Only the full block and the
space are used: every Linux console font has them, while tick marks, half blocks and thin
digits are missing there (256 or 512 glyphs). Letters are capitals without umlauts; all
headlines are written so.
"""

from typing import Final

BLOCK: Final = "\u2588"
HEIGHT: Final = 5

SHAPES: Final = {
    "card": (
        "########..#..#.",
        "#......#...#..#",
        "#.##...#...#..#",
        "#......#...#..#",
        "########..#..#.",
    ),
    "tick": (
        ".......##",
        "......##.",
        "##...##..",
        ".##.##...",
        "..###....",
    ),
    "cross": (
        "##...##",
        ".##.##.",
        "..###..",
        ".##.##.",
        "##...##",
    ),
    "again": (
        "..####.#",
        ".#....##",
        "#....###",
        ".#......",
        "..####..",
    ),
    "one card": (
        "########....#",
        "#......#...##",
        "#.##...#..#.#",
        "#......#....#",
        "########....#",
    ),
    "closed": (
        ".#######.",
        "#########",
        "##.....##",
        "#########",
        ".#######.",
    ),
    "hourglass": (
        "#########",
        ".##...##.",
        "...###...",
        ".##.#.##.",
        "#########",
    ),
    "euro": (
        "..#####",
        ".#.....",
        "#####..",
        ".#.....",
        "..#####",
    ),
}
"""Every sign by its name, ``#`` for ink."""

_LETTERS: Final = {
    "A": ".#. #.# ### #.# #.#",
    "B": "##. #.# ##. #.# ##.",
    "C": "### #.. #.. #.. ###",
    "D": "##. #.# #.# #.# ##.",
    "E": "### #.. ##. #.. ###",
    "F": "### #.. ##. #.. #..",
    "G": "### #.. #.# #.# ###",
    "H": "#.# #.# ### #.# #.#",
    "I": "# # # # #",
    "J": "..# ..# ..# #.# ###",
    "K": "#.# #.# ##. #.# #.#",
    "L": "#. #. #. #. ##",
    "M": "#...# ##.## #.#.# #...# #...#",
    "N": "#..# ##.# #.## #..# #..#",
    "O": "### #.# #.# #.# ###",
    "P": "### #.# ### #.. #..",
    "Q": "### #.# #.# ### ..#",
    "R": "##. #.# ##. #.# #.#",
    "S": "### #.. ### ..# ###",
    "T": "### .#. .#. .#. .#.",
    "U": "#.# #.# #.# #.# ###",
    "V": "#.# #.# #.# #.# .#.",
    "W": "#...# #...# #.#.# ##.## #...#",
    "X": "#.# #.# .#. #.# #.#",
    "Y": "#.# #.# .#. .#. .#.",
    "Z": "### ..# .#. #.. ###",
    "0": "### #.# #.# #.# ###",
    "1": ".#. ##. .#. .#. ###",
    "2": "### ..# ### #.. ###",
    "3": "### ..# ### ..# ###",
    "4": "#.# #.# ### ..# ..#",
    "5": "### #.. ### ..# ###",
    "6": "### #.. ### #.# ###",
    "7": "### ..# ..# ..# ..#",
    "8": "### #.# ### #.# ###",
    "9": "### #.# ### ..# ###",
    "\u20ac": ".### #... ###. #... .###",
    ",": ". . . # #",
    ".": ". . . . #",
    "-": ".. .. ## .. ..",
    "!": "# # # . #",
    " ": ". . . . .",
}
_GLYPHS: Final = {letter: tuple(rows.split(" ")) for letter, rows in _LETTERS.items()}


def writable(text: str) -> bool:
    """Whether there is a letter for every character of the text."""
    return all(letter in _GLYPHS for letter in text)


def word(text: str) -> tuple[str, ...]:
    """The pixels of one line of letters, ``#`` for ink; five rows of one length.

    Raises KeyError for a character that has no letter here.
    """
    return tuple(".".join(_GLYPHS[letter][row] for letter in text) for row in range(HEIGHT))


def cells(pixels: tuple[str, ...], scale: int = 1) -> tuple[str, ...]:
    """The rows of a terminal that show these pixels, each ``2 * scale`` cells by ``scale`` rows."""
    ink, paper = BLOCK * (2 * scale), " " * (2 * scale)
    rows = ("".join(ink if pixel == "#" else paper for pixel in row) for row in pixels)
    return tuple(row for row in rows for _ in range(scale))
