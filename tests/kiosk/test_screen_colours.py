"""Every pair of ink and paper is readable in the Linux console's sixteen colours."""

from itertools import product

import pytest
from screen_stage import Stage, perform
from screen_states import FACES, READY, STAFF

from kiosk.messages import Outcome
from kiosk.widgets.blocks import BLOCK

# The kernel's default palette (drivers/tty/vt/vt.c): papers are the first eight.
PAPERS = {f"#{r}{g}{b}" for r, g, b in product(("00", "aa"), repeat=3)} - {"#aaaa00"} | {"#aa5500"}
INKS = PAPERS | {f"#{r}{g}{b}" for r, g, b in product(("55", "ff"), repeat=3)}


def luminance(colour: str) -> float:
    """Relative luminance as in WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink: str, paper: str) -> float:
    """The ratio of WCAG 2.2, 1.4.3: from 1 to 21."""
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_of_contrast_is_the_standards() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#ffffff", "#00aa00") == pytest.approx(3.1, abs=0.05)
    assert contrast("#000000", "#00aa00") == pytest.approx(6.7, abs=0.1)


@pytest.mark.parametrize("steps", [*FACES.values(), *STAFF.values()], ids=[*FACES, *STAFF])
def test_all_that_is_painted_is_readable_on_the_linux_console(
    steps: tuple[Outcome | str, ...],
) -> None:
    pairs: set[tuple[str, str]] = set()
    styles: set[tuple[bool, bool]] = set()

    async def script(stage: Stage) -> None:
        await stage.act(*READY, *steps)
        for strip in stage.strips():
            papers = [part.style.bgcolor for part in strip if part.style and part.text != ""]
            for part in strip:
                if part.style is None or not part.text.strip():
                    continue
                assert part.style.color is not None
                assert part.style.bgcolor is not None
                ink = part.style.color.get_truecolor().hex
                paper = part.style.bgcolor.get_truecolor().hex
                if BLOCK in part.text:
                    assert ink == paper, "ink is painted as foreground and background"
                    around = {p.get_truecolor().hex for p in papers if p is not None} - {ink}
                    pairs.update((ink, p) for p in around)
                else:
                    pairs.add((ink, paper))
                styles.add((bool(part.style.bold), bool(part.style.dim)))

    perform(script)
    assert pairs
    for ink, paper in pairs:
        assert ink in INKS
        assert paper in PAPERS
        assert contrast(ink, paper) >= 4.5
    # Bold black is dark grey there, and dim is not shown.
    assert styles == {(False, False)}
