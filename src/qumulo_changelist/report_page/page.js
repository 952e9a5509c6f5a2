(function () {
  "use strict";

  const PRINTED_WIDTH = 660;
  const SMALL_HEIGHT = 420;
  const ON_COLOUR = "#14161a";
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const paper = window.matchMedia("print");

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  // The colour of a folder with others in it lets the page through, which may be dark.
  function isPale(colour) {
    return colour.startsWith("rgba");
  }

  function themedTrace(trace, ink, card) {
    const marker = Object.assign({}, trace.marker);
    const themed = Object.assign({}, trace, { marker: marker });
    if (trace.type === "treemap") {
      const inks = marker.colors.map((one) => (isPale(one) ? ink : ON_COLOUR));
      themed.textfont = { color: inks, size: 13 };
      themed.pathbar = Object.assign({}, trace.pathbar, { textfont: { color: ink, size: 13 } });
      themed.root = { color: card };
      marker.line = { width: 1, color: card };
    } else {
      marker.line = { width: 0.8, color: ink };
      themed.textfont = { color: ink };
      themed.insidetextfont = { color: ON_COLOUR };
      themed.outsidetextfont = { color: ink };
    }
    return themed;
  }

  function draw(figure) {
    const place = document.getElementById(figure.id);
    const ink = colour("ink"), grid = colour("grid"), card = colour("card");
    const layout = JSON.parse(JSON.stringify(figure.layout));
    layout.font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: ink };
    layout.paper_bgcolor = layout.plot_bgcolor = "rgba(0,0,0,0)";
    layout.hoverlabel = { bgcolor: card, bordercolor: ink, font: { color: ink, size: 13 }, align: "left" };
    layout.dragmode = false;
    ["xaxis", "yaxis"].forEach((axis) => {
      if (layout[axis]) layout[axis].gridcolor = grid;
    });
    const isSmall = paper.matches || place.clientWidth < 480;
    layout.height = isSmall ? Math.min(figure.height, SMALL_HEIGHT) : figure.height;
    place.style.height = layout.height + "px";
    if (paper.matches) layout.width = Math.min(PRINTED_WIDTH, place.clientWidth || PRINTED_WIDTH);
    const traces = figure.traces.map((trace) => themedTrace(trace, ink, card));
    if (place.dataset.level) traces[0].level = place.dataset.level;
    return window.Plotly.react(place, traces, layout, { displayModeBar: false, responsive: true });
  }

  function drawAll() {
    figures.forEach(draw);
    document.documentElement.dataset.drawn = colour("ink");
  }

  function zoomed(event) {
    const place = document.getElementById(event.target.dataset.zooms);
    place.dataset.level = event.target.value;
    draw(figures.find((figure) => figure.id === place.id));
  }

  function showZone() {
    const minutes = -new Date(document.querySelector("time").dateTime).getTimezoneOffset();
    if (!minutes) return;
    const sign = minutes < 0 ? "\u2212" : "+", all = Math.abs(minutes);
    const rest = all % 60 ? ":" + String(all % 60).padStart(2, "0") : "";
    const zone = "UTC" + sign + Math.floor(all / 60) + rest;
    document.getElementById("zone").textContent = "; your clock shows " + zone;
    document.querySelectorAll("time").forEach((time) => {
      time.textContent += " (" + new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) + " with you)";
    });
  }

  drawAll();
  document.querySelectorAll("[data-zooms]").forEach((one) => one.addEventListener("change", zoomed));
  dark.addEventListener("change", drawAll);
  paper.addEventListener("change", drawAll);
  showZone();
})();
