"""Every reason a bank's file is not taken for has a sentence, in both languages."""

from accounts.texts import Language, texts
from banking.lines import Trouble
from kiosk.sentences_bank import BANK
from kiosk.sentences_statements import STATEMENTS


def test_every_trouble_of_a_statement_has_a_sentence() -> None:
    assert set(STATEMENTS) == set(Trouble)
    for trouble in Trouble:
        sentence = BANK[trouble]
        german = texts(Language.GERMAN).say(sentence, detail="1,00")
        assert german != texts(Language.ENGLISH).say(sentence, detail="1,00"), trouble
