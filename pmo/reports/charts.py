"""Plotly figures of the war room, built here and drawn by the browser; colours come from the page's own tokens.

Note: plotly is imported inside functions, it takes over a second when cold. Colours are not in the figure: a trace's `meta` names the
token, and the page's script (static/js/charts.js) puts its value of the moment in, so that a chart follows the theme.
"""

from __future__ import annotations

from typing import Any


def months_figure(rows: list[dict[str, Any]], *, label: str) -> dict[str, Any]:
    """Orders by month as bars. Units: number of orders."""
    from plotly import graph_objects

    figure = graph_objects.Figure(
        graph_objects.Bar(
            x=[f"{row['month'].year - 1911}/{row['month'].month:02d}" for row in rows],
            y=[row["orders"] for row in rows],
            name=label,
            meta={"token": "--dye-5"},
            hovertemplate="%{x}　%{y:,}<extra></extra>",
        )
    )
    figure.update_layout(
        xaxis={"type": "category", "automargin": True}, yaxis={"rangemode": "tozero", "tickformat": ",d"}
    )
    return _plain(figure)


def townships_figure(shapes: list[dict[str, Any]], *, geojson_url: str) -> dict[str, Any]:
    """The 368 townships as a choropleth over our own GeoJSON: `shapes` has code, dye step, the words to show and the address behind it."""
    from plotly import graph_objects

    steps = [shape["dye"] for shape in shapes]
    figure = graph_objects.Figure(
        graph_objects.Choropleth(
            locations=[shape["code"] for shape in shapes],
            z=[step + 0.5 for step in steps],
            zmin=0,
            zmax=7,
            text=[shape["words"] for shape in shapes],
            customdata=[shape["url"] for shape in shapes],
            geojson=geojson_url,
            featureidkey="id",
            showscale=False,
            marker={"line": {"width": 0.5}},
            meta={"tokens": [f"--dye-{step}" for step in range(7)]},
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_geos(
        visible=False, fitbounds="geojson", projection={"type": "mercator"}, bgcolor="rgba(0,0,0,0)"
    )
    return _plain(figure)


def _plain(figure: Any) -> dict[str, Any]:
    figure.update_layout(
        template="none", paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", showlegend=False
    )
    plain: dict[str, Any] = figure.to_plotly_json()
    return plain
