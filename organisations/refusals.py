"""An expected 'no': a sentence for the person and what to do next. Anything else that is raised is a bug."""

from __future__ import annotations

from django.utils.functional import Promise


class Refused(Exception):
    """A verb declines. `code` is for machines and tests, `sentence` says what happened and what is kept, `remedy` what to do."""

    def __init__(self, code: str, sentence: str | Promise, *, remedy: str | Promise = "") -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.remedy = remedy

    def __str__(self) -> str:
        sentence, remedy = str(self.sentence), str(self.remedy)
        space = "" if sentence.endswith(("。", "！", "？")) else " "
        return f"{sentence}{space}{remedy}".strip()
