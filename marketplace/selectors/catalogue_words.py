"""What filters and facts of the catalogue are called, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# Words of the solution file (form limits of the listing), with their names for readers.
TRADES = {
    "住宿及餐飲業": _("住宿及餐飲業"),
    "批發零售業": _("批發零售業"),
    "製造業": _("製造業"),
    "醫療": _("醫療"),
    "教育業": _("教育業"),
    "藝術娛樂休閒": _("藝術娛樂休閒"),
    "運輸及倉儲物流": _("運輸及倉儲物流"),
    "營建工程": _("營建工程"),
    "出版、影音、傳播及資通服務業": _("出版、影音、傳播及資通服務業"),
    "金融保險": _("金融保險"),
    "其他": pgettext_lazy("trade", "其他行業"),
}
REGIONS = {
    "北北基": _("北北基"),
    "桃竹苗": _("桃竹苗"),
    "中彰投": _("中彰投"),
    "雲嘉南": _("雲嘉南"),
    "高屏": _("高屏"),
    "宜花東": _("宜花東"),
    "離島": _("離島"),
}
TRAITS = {
    "open_formats": _("資料可匯出為開放格式"),
    "in_taiwan": _("資料與備份都在臺灣"),
    "uses_ai": _("使用AI"),
    "international": _("有國際版"),
}
PRICES = {
    "to10": _("10,000元以下"),
    "to20": _("10,001–20,000元"),
    "to30": _("20,001–30,000元"),
    "over30": _("超過30,000元"),
}
SIZES = {
    "9人以下": _("9人以下"),
    "10~20人": _("10–20人"),
    "21~50人": _("21–50人"),
    "51~100人": _("51–100人"),
    "101~200人": _("101–200人"),
}
EFFECTS = {
    "cost": _("省成本"),
    "revenue": _("增營收"),
    "input": _("省人力與時間"),
    "product": _("產品與服務變好"),
    "staff": _("員工更上手"),
}
# Section of the official classification of trades → word of the solution file.
TRADE_OF_SECTION = {
    "C": "製造業",
    "F": "營建工程",
    "G": "批發零售業",
    "H": "運輸及倉儲物流",
    "I": "住宿及餐飲業",
    "J": "出版、影音、傳播及資通服務業",
    "K": "金融保險",
    "P": "教育業",
    "Q": "醫療",
    "R": "藝術娛樂休閒",
}
