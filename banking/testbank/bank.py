"""The bank: a message in, a message out, and a log that holds no PIN and no TAN.

One message at a time; whatever the bytes, there is an answer. Everything it knows can be changed
from outside between two messages (`banking.testbank.control`).
"""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from banking.testbank import approvals, entering
from banking.testbank.answers import OK, Answer
from banking.testbank.codec import Malformed, Segment
from banking.testbank.dialogs import Dialog, User, new_dialog
from banking.testbank.envelope import Request, open_request, seal_answer
from banking.testbank.faults import Fault, Faults, Rule
from banking.testbank.manners import DECOUPLED, Manners
from banking.testbank.notes import note
from banking.testbank.orders import Desk, carry_out
from banking.testbank.parameters import BLZ

_ENTERING = {"HKIDN", "HKVVB", "HKSYN", "HKEND", "HKTAN"}
_MOST_DIALOGS = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """The bytes of an answer, and the fault of the line it is to meet."""

    message: bytes
    rule: Rule | None = None

    @property
    def fault(self) -> Fault | None:
        """The fault, if there is one."""
        return self.rule.fault if self.rule else None


@dataclass(slots=True)
class Bank:
    """See the module. ``now`` gives aware UTC times; ``today`` may be told to stand still."""

    url: str
    now: Callable[[], dt.datetime]
    real_today: Callable[[], dt.date]
    users: dict[str, User] = field(default_factory=dict)
    manners: Manners = field(default_factory=Manners)
    version: int = 1
    """Of the parameters: it grows with every change of manners or accounts."""
    faults: Faults = field(default_factory=Faults)
    dialogs: dict[str, Dialog] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    today: Callable[[], dt.date] = field(init=False)

    def __post_init__(self) -> None:
        self.today = self.real_today

    def handle(self, raw: bytes) -> Reply:
        """Answer one message."""
        with self.lock:
            try:
                request = open_request(raw)
            except Malformed as trouble:
                return self._unreadable(str(trouble))
            rule = self.faults.on_request({segment.code for segment in request.segments})
            if rule is not None and rule.fault is Fault.RESET_UNHEARD:
                self._put_down(note(request, [], None, rule))
                return Reply(b"", rule)
            return self._answer(request, rule)

    def note_mistake(self, kind: str) -> None:
        """Put down that the bank itself failed; a test looks for it."""
        with self.lock:
            self._put_down({"mistake": kind})

    def _answer(self, request: Request, rule: Rule | None) -> Reply:
        answer = Answer()
        dialog = self._dialog(request, answer, rule)
        name = dialog.user.name if dialog and dialog.user else ""
        if dialog is not None:
            self._converse(dialog, request, answer)
            name = dialog.user.name if dialog.user else name
            if answer.ended:
                self.dialogs.pop(dialog.id, None)
        self._put_down(note(request, answer.codes(), dialog, rule))
        number = request.number
        if rule is not None and rule.fault is Fault.WRONG_NUMBER:
            number += 1
        message = seal_answer(
            answer.segments(),
            dialog=dialog.id if dialog else request.dialog,
            number=number,
            blz=BLZ,
            user=name,
            function=request.function if request.sealed else None,
        )
        return Reply(message, rule)

    def _dialog(self, request: Request, answer: Answer, rule: Rule | None) -> Dialog | None:
        fault = rule.fault if rule else None
        if request.dialog == "0":
            dialog = new_dialog()
            if len(self.dialogs) >= _MOST_DIALOGS:
                del self.dialogs[next(iter(self.dialogs))]
            self.dialogs[dialog.id] = dialog
        else:
            found = self.dialogs.get(request.dialog)
            if found is None or fault is Fault.LOST_DIALOG:
                self.dialogs.pop(request.dialog, None)
                answer.abort(("9010", "Unbekannte Dialogkennung"))
                return None
            dialog = found
        if request.number != dialog.expected or fault is Fault.REFUSED_NUMBER:
            del self.dialogs[dialog.id]
            answer.abort(("9120", "Nachrichtennummer ungueltig"))
            return None
        dialog.expected += 1
        return dialog

    def _converse(self, dialog: Dialog, request: Request, answer: Answer) -> None:
        first = request.dialog == "0"
        identity = next((s for s in request.segments if s.code == "HKIDN"), None)
        if first and identity is None:
            answer.abort(("9110", "Unbekannter Aufbau der Nachricht: HKIDN fehlt"))
            return
        if first and identity is not None:
            refusal = self.faults.on_order("HKIDN", paged=False)
            if refusal is not None:
                answer.say(identity.number, (refusal.code, "Anmeldung abgelehnt"))
                answer.abort()
                return
            if not entering.introduce(
                dialog, identity, request, answer, users=self.users, manners=self.manners
            ):
                return
        elif dialog.user is not None and not entering.check_pin(
            dialog.user, request, answer, code="9340"
        ):
            return
        self._segments(dialog, request, answer)

    def _segments(self, dialog: Dialog, request: Request, answer: Answer) -> None:
        asking = {s.text(2): s for s in request.segments if s.code == "HKTAN" and s.text(1) == "4"}
        for segment in request.segments:
            if segment.code == "HKVVB":
                entering.prepare(
                    dialog,
                    segment,
                    answer,
                    manners=self.manners,
                    version=self.version,
                    url=self.url,
                    asks_for_tan="HKIDN" in asking,
                )
            elif segment.code == "HKSYN":
                entering.synchronise(dialog, segment, answer)
            elif segment.code == "HKEND":
                answer.about.append(("0100", "Dialog beendet"))
                answer.ended = True
            elif segment.code == "HKTAN":
                self._tan(dialog, segment, request, answer)
            elif segment.code not in _ENTERING:
                self._order(dialog, segment, asking.get(segment.code), request, answer)

    def _tan(self, dialog: Dialog, tan: Segment, request: Request, answer: Answer) -> None:
        if tan.text(1) == "4":
            if tan.text(2) in {"", "HKIDN"}:
                if approvals.wants_tan_at_login(dialog, self.manners):
                    self._ask(dialog, tan, None, request, answer)
                else:
                    approvals.waive(tan, answer)
            return
        approval = approvals.settle(tan, answer, dialog, given=request.tan)
        if approval is None or dialog.user is None:
            return
        dialog.proved = dialog.open = True
        dialog.user.trusted.add(dialog.system)
        news = entering.tell_user(
            dialog, answer, tan.number, manners=self.manners, version=self.version
        )
        answer.say(tan.number, *news, OK)
        if approval.order is not None:
            self._carry_out(dialog, approval.order, answer)

    def _order(
        self,
        dialog: Dialog,
        order: Segment,
        tan: Segment | None,
        request: Request,
        answer: Answer,
    ) -> None:
        if not dialog.open:
            answer.say(order.number, ("9075", "Dialog ist nicht freigegeben"))
            answer.abort()
        elif not approvals.wants_tan(order, dialog, self.manners, self.today()):
            if tan is not None:
                approvals.waive(tan, answer)
            self._carry_out(dialog, order, answer)
        elif tan is None:
            answer.say(order.number, ("9075", "Starke Kundenauthentifizierung notwendig"))
        else:
            self._ask(dialog, tan, order, request, answer)

    def _ask(
        self,
        dialog: Dialog,
        tan: Segment,
        order: Segment | None,
        request: Request,
        answer: Answer,
    ) -> None:
        own = request.function in self.manners.mechanisms
        function = request.function if own else self.manners.mechanisms[0]
        if tan.version < 7 and function == DECOUPLED:
            answer.say(tan.number, ("9010", "Dieses Verfahren verlangt HKTAN 7"))
            return
        approvals.ask(tan, order, answer, dialog, self.manners, function=function, now=self.now())

    def _carry_out(self, dialog: Dialog, order: Segment, answer: Answer) -> None:
        if dialog.user is None:
            return
        place = order.text(6 if order.code == "HKKAZ" else 7)
        fault = self.faults.on_order(order.code, paged=bool(place))
        carry_out(order, answer, Desk(dialog.user, self.manners, self.today(), fault))

    def _unreadable(self, trouble: str) -> Reply:
        answer = Answer()
        answer.abort(("9110", "Unbekannter Aufbau der Nachricht"))
        self._put_down({"unreadable": trouble, "codes": answer.codes()})
        return Reply(seal_answer(answer.segments(), dialog="0", number=1, blz=BLZ))

    def _put_down(self, entry: dict[str, Any]) -> None:
        at = self.now().isoformat(timespec="seconds")
        self.log.append({"no": len(self.log) + 1, "at": at, **entry})
