"""The map dyes townships by figures and never shows more than the figures say."""

from __future__ import annotations

from types import SimpleNamespace

from pmo.reports.township_map import DYE_STEPS, dye_breaks, dye_of, legend, paths, township_map


def row(code: str, enterprises: int, share_bp: int | None) -> dict[str, object]:
    return {"township": SimpleNamespace(pk=code), "enterprises": enterprises, "share_bp": share_bp}


def test_all_368_townships_and_22_counties_are_drawn() -> None:
    assert len(paths()["towns"]) == 368
    assert len(paths()["counties"]) == 22
    assert all(path.startswith("M") for path in paths()["towns"].values())


def test_nothing_is_plain_cloth_and_most_is_deepest() -> None:
    breaks = dye_breaks([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    assert dye_of(0, breaks) == 0
    assert dye_of(None, breaks) == 0
    assert dye_of(1, breaks) == 1
    assert dye_of(12, breaks) == DYE_STEPS


def test_equal_figures_get_equal_dye() -> None:
    breaks = dye_breaks([5, 5, 5, 5])
    assert breaks == [5]
    assert dye_of(5, breaks) == DYE_STEPS


def test_townships_outside_the_layer_are_left_undyed() -> None:
    codes = list(paths()["towns"])[:3]
    drawn = township_map([row(codes[0], 4, 120), row(codes[1], 0, 0)])
    dyes = {shape.path: shape.dye for shape in drawn.shapes}
    assert dyes[paths()["towns"][codes[0]]] == DYE_STEPS
    assert dyes[paths()["towns"][codes[1]]] == 0
    assert dyes[paths()["towns"][codes[2]]] == -1
    assert drawn.untouched == 1
    assert drawn.deepest is not None
    assert drawn.deepest["enterprises"] == 4


def test_legend_names_the_lower_bound_of_each_step_in_use() -> None:
    codes = list(paths()["towns"])[:2]
    drawn = township_map([row(codes[0], 4, 120), row(codes[1], 9, 300)])
    assert [step["label"] for step in legend(drawn, measure="share_bp")] == ["≥1.2%", "≥3.0%"]
    assert legend(drawn, measure="share_bp")[-1]["dye"] == DYE_STEPS
