"""Every reason a statement waits for or is not taken for has a sentence, in both languages."""

from accounts.texts import Language, texts
from banking.standing import Unkept
from kiosk.sentences_bank import BANK
from kiosk.sentences_kept import KEPT


def test_every_reason_not_to_keep_has_a_sentence() -> None:
    assert set(KEPT) == set(Unkept)
    for reason in Unkept:
        german = texts(Language.GERMAN).say(BANK[reason], detail="1,00")
        assert german != texts(Language.ENGLISH).say(BANK[reason], detail="1,00"), reason
