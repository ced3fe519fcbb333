"""What the bank and the line to it do wrong on command, and on which request.

A fault waits until a request it names has come often enough, happens, and is used up. Faults of
the line look at what a request carries; faults of an order happen when the order is carried out,
which after a TAN is a later request than the one that brought it.
"""

import enum
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any


class Fault(enum.Enum):
    """The ways to misbehave."""

    TIMEOUT = "timeout"
    """The request is carried out, and no answer comes while the connection stands."""
    RESET = "reset"
    """The request is carried out, and the connection breaks instead of an answer."""
    RESET_UNHEARD = "reset_unheard"
    """The connection breaks before the request was looked at."""
    HTTP_500 = "http_500"
    HTML_PAGE = "html_page"
    TRUNCATED_BODY = "truncated_body"
    """Half of the answer, announced as if it were whole."""
    CUT_SHORT = "cut_short"
    """The connection breaks in the middle of the announced answer."""
    EMPTY_BODY = "empty_body"
    NOT_BASE64 = "not_base64"
    WRONG_NUMBER = "wrong_number"
    """The answer names another message than it answers."""
    REFUSED_NUMBER = "refused_number"
    """9120 and the end of the dialog, as if the client had miscounted."""
    LOST_DIALOG = "lost_dialog"
    """9010 and the end of the dialog: the bank has forgotten it."""
    CODE = "code"
    """The order, or HKIDN's dialog, is refused with the rule's code."""
    REPEATED_PAGE = "repeated_page"
    """The page before comes again in between; nothing is lost by it."""
    LOST_PAGE = "lost_page"
    MORE_WITHOUT_DATA = "more_without_data"
    """3040 and no data; the next page has what is missing."""
    ENDLESS_PAGES = "endless_pages"
    """The same page for ever, always with 3040 and the same point to go on from."""
    EMPTY_DOCUMENT = "empty_document"
    """A camt document without lines or balances; MT940 without a single tag."""
    UNBALANCED = "unbalanced"
    """The last statement's closing balance is wrong by the rule's cents."""
    LOST_LINE = "lost_line"
    """The last line of the page is left out, the balances are right."""
    UTF8 = "utf8"
    """MT940 in UTF-8, where Latin-1 is due."""


ON_ORDERS = frozenset(
    {
        Fault.CODE,
        Fault.REPEATED_PAGE,
        Fault.LOST_PAGE,
        Fault.MORE_WITHOUT_DATA,
        Fault.ENDLESS_PAGES,
        Fault.EMPTY_DOCUMENT,
        Fault.UNBALANCED,
        Fault.LOST_LINE,
        Fault.UTF8,
    }
)


@dataclass(slots=True)
class Rule:
    """A fault and when it happens.

    ``on`` is the segment a request must carry ("" for any); ``skip`` such requests pass first;
    then it happens ``times`` times, 0 meaning for ever.
    """

    fault: Fault
    on: str = ""
    skip: int = 0
    times: int = 1
    code: str = "9210"
    cents: int = 1


class Faults:
    """The rules that wait."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        """Let a rule wait for its request."""
        self._rules.append(rule)

    def clear(self) -> None:
        """Behave from now on."""
        self._rules.clear()

    def waiting(self) -> list[dict[str, Any]]:
        """The rules that have not happened, as JSON's values."""
        return [{**asdict(rule), "fault": rule.fault.value} for rule in self._rules]

    def on_request(self, codes: Collection[str]) -> Rule | None:
        """The fault of the line or the dialog that this request meets."""
        return self._take(codes, lambda fault: fault not in ON_ORDERS)

    def on_order(self, code: str, *, paged: bool) -> Rule | None:
        """The fault that this order meets when it is carried out; paged where it goes on."""
        late = ON_ORDERS if paged else ON_ORDERS - {Fault.REPEATED_PAGE}
        return self._take({code}, late.__contains__)

    def _take(self, codes: Collection[str], fits: Callable[[Fault], bool]) -> Rule | None:
        for rule in list(self._rules):
            if not fits(rule.fault) or (rule.on and rule.on not in codes):
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            if rule.times == 1:
                self._rules.remove(rule)
            elif rule.times > 1:
                rule.times -= 1
            return rule
        return None


def read_rule(values: dict[str, Any]) -> Rule:
    """A rule from JSON's values. Raises ValueError or TypeError for anything else."""
    return Rule(**{**values, "fault": Fault(values["fault"])})
