"""Addresses: a real county and township, then an invented village, road and number in the digit styles of the register."""

import random
import re

from outside.sandbox.pools import FULL, Township, content

FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def address_bases(town: Township) -> list[str]:
    """Sixty-four beginnings of an address: county (臺 or 台), township, village, road or hamlet."""
    rng = random.Random(f"address {town.code}")
    return [_county_text(town, rng) + town.name + _place_text(town, rng) for _ in range(64)]


def _county_text(town: Township, rng: random.Random) -> str:
    share = content("addresses.json")["tai"]["share_variant"].get(town.county, 0)
    return town.county.replace("臺", "台") if rng.random() < share else town.county


def _place_text(town: Township, rng: random.Random) -> str:
    pool = content("addresses.json")
    country = town.rural or town.name[-1] in "鄉"
    village = ""
    if rng.random() < (pool["village"]["share_rural"] if country else pool["village"]["share_city"]):
        village = rng.choice(pool["village"]["stems"]) + ("村" if town.name[-1] == "鄉" else "里")
        if rng.random() < (0.4 if country else 0.12):
            village += f"{rng.randint(1, 32)}鄰".translate(FULL_WIDTH)
    tribes = pool["tribe"]["by_township"].get(town.county + town.name)
    if tribes and rng.random() < 0.22:
        return f"{village}{rng.choice(tribes)}部落"
    if country and rng.random() < 0.35:
        return village + rng.choice(pool["hamlets"])
    return village + _road(town, country, rng)


def _road(town: Township, country: bool, rng: random.Random) -> str:
    zones = {"all", "rural" if country else "city", "town"}
    zones |= {"hakka"} if town.hakka else set()
    zones |= {"indigenous"} if town.indigenous else set()
    zones |= {"offshore"} if town.offshore else set()
    roads = [road for road in content("addresses.json")["roads"].values() if road["zones"] in zones]
    road = str(rng.choice(rng.choices(roads, [road["weight"] for road in roads])[0]["names"]))
    if road.endswith("路") and not country and rng.random() < 0.3:
        road += rng.choices(("一段", "二段", "三段", "四段"), (34, 30, 18, 9))[0]
    return road


def address_ends() -> list[str]:
    """Lane, alley, number and floor in the digit styles of the register."""
    rng = random.Random("ends")
    return [_styled(_end(rng), rng) for _ in range(FULL)]


def _end(rng: random.Random) -> str:
    text = ""
    if rng.random() < 0.34:
        text += f"{min(960, int(rng.lognormvariate(4.56, 1)) + 1)}巷"
        if rng.random() < 0.33:
            text += f"{min(120, int(rng.lognormvariate(2.5, 0.8)) + 1)}弄"
    number = min(1200, int(rng.lognormvariate(4.45, 1)) + 1)
    text += (
        f"{number}號"
        if rng.random() > 0.13
        else rng.choice((f"{number}之{rng.randint(1, 9)}號", f"{number}號之{rng.randint(1, 9)}"))
    )
    if rng.random() < 0.42:
        floor = rng.randint(1, 12)
        text += rng.choice(
            (f"{floor}樓", f"{floor}樓", f"{floor}樓", f"{floor}樓之{rng.randint(1, 8)}", "1樓")
        )
    return text


def _styled(text: str, rng: random.Random) -> str:
    drawn = rng.random()
    if drawn < 0.76:
        return text.translate(FULL_WIDTH)
    if drawn < 0.98:
        return text
    return re.sub(
        r"(?<!\d)([1-9])樓", lambda floor: "一二三四五六七八九"[int(floor[1]) - 1] + "樓", text
    ).translate(FULL_WIDTH)
