// Draws the plotly figures of a page: figures come as JSON, colours from the page's own tokens in the theme of the moment.
// plotly itself is loaded after the page, only where there is a chart.

const empty = { type: "Topology", objects: {}, arcs: [] };
const layers = ["coastlines", "land", "ocean", "lakes", "rivers", "countries", "subunits"];
for (const name of layers) empty.objects[name] = { type: "GeometryCollection", geometries: [] };
// plotly draws its own world under a map unless it is told that there is nothing on it
window.PlotlyGeoAssets = { topojson: new Proxy({}, { get: () => empty, has: () => true }) };

// plotly and the map library inside it add style sheets unless these stand in the page; our policy allows none from a
// script, so that their few rules are in css/components/map.css. The long name is the library's own, of the locked version.
const sheets = ["plotly.js-style-global", "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53"];
for (const id of sheets) {
  const stand = document.createElement("template");
  stand.id = id;
  stand.className = "no-inline-styles";
  document.head.append(stand);
}

const probe = document.createElement("span");
probe.hidden = true;

function token(name) {
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function dye(figure) {
  const ink = token("--ink-2");
  const line = token("--line");
  const font = { color: ink, family: getComputedStyle(document.body).fontFamily, size: 12 };
  for (const trace of figure.data) {
    if (trace.meta?.token) trace.marker = { ...trace.marker, color: token(trace.meta.token) };
    if (trace.meta?.tokens) {
      const last = trace.meta.tokens.length;
      trace.colorscale = trace.meta.tokens.flatMap((name, step) => [
        [step / last, token(name)],
        [(step + 1) / last, token(name)],
      ]);
      trace.marker = { ...trace.marker, line: { ...trace.marker?.line, color: token("--surface") } };
    }
  }
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line };
  const layout = { ...figure.layout, font, margin: { l: 40, r: 8, t: 8, b: 32 } };
  layout.xaxis = { ...layout.xaxis, ...axis };
  layout.yaxis = { ...layout.yaxis, ...axis };
  layout.hoverlabel = { bgcolor: token("--surface"), bordercolor: line, font: { color: token("--ink") } };
  return { data: figure.data, layout };
}

async function draw(place) {
  const source = document.getElementById(place.dataset.figure);
  const figure = JSON.parse(source.textContent);
  const geo = figure.data.find((trace) => typeof trace.geojson === "string");
  if (geo) geo.geojson = await (await fetch(geo.geojson)).json();
  if (geo) figure.layout.margin = { l: 0, r: 0, t: 0, b: 0 };
  const render = () => {
    const { data, layout } = dye(structuredClone(figure));
    if (geo) layout.margin = { l: 0, r: 0, t: 0, b: 0 };
    window.Plotly.react(place, data, layout, { displayModeBar: false, responsive: true, scrollZoom: false });
  };
  place.replaceChildren();
  render();
  place.on("plotly_click", (event) => {
    const target = event.points[0]?.customdata;
    if (typeof target === "string" && target.startsWith("/")) window.location.assign(target);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
  document.addEventListener("theme:changed", render);
}

function start() {
  const places = document.querySelectorAll("[data-figure]");
  if (!places.length) return;
  // so marked, plotly writes no style element of its own, which the policy forbids; its rules are in components/plotly.css
  const sheet = document.querySelector('link[rel="stylesheet"]');
  sheet.id = "plotly.js-style-global";
  sheet.classList.add("no-inline-styles");
  const script = document.createElement("script");
  script.src = places[0].dataset.plotly;
  script.addEventListener("load", () => places.forEach(draw));
  document.head.append(script);
}

start();
