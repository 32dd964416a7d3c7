"""Dates as people read them on paper: ROC form in Chinese, ISO form in English."""


def is_chinese(language: str) -> bool:
    return language.lower().startswith("zh")


def roc_day(iso: str) -> str:
    """`2026-11-23` as `民國115年11月23日`; years before 1912 as `民國前`."""
    year = int(iso[:4]) - 1911
    era = f"民國{year}" if year > 0 else f"民國前{1 - year}"
    return f"{era}年{iso[5:7]}月{iso[8:10]}日"


class PaperDays(dict[str, str]):
    """ISO day → the form of one language, remembered: a million rows hold a few hundred days."""

    def __init__(self, language: str) -> None:
        super().__init__({"": ""})
        self._chinese = is_chinese(language)

    def __missing__(self, iso: str) -> str:
        text = self[iso] = roc_day(iso) if self._chinese else iso
        return text


def paper_moment(iso: str, language: str) -> str:
    """`2026-11-23 14:05:09` as `民國115年11月23日 14:05:09` in Chinese, `2026-11-23 14:05:09` in English."""
    return f"{PaperDays(language)[iso[:10]]} {iso[11:19]}"
