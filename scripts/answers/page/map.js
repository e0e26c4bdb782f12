// Map: training points in two dimensions, coloured as asked, and the chosen one.

let chosen = 0;

function drawMap() {
  const map = data.maps[find("map-by").value], colour = data.colours[find("colour-by").value];
  const trace = (places, more) => ({
    type: "scatter", mode: "markers", hoverinfo: "none", customdata: places,
    x: places.map((i) => map.x[i]), y: places.map((i) => map.y[i]), ...more,
  });
  const all = data.points.row.map((_, i) => i);
  let traces;
  if (colour.kind === "category") {
    // those of which there are few lie above the others
    const own = colour.names.map((name, k) => [name, k, all.filter((i) => colour.values[i] === k)]);
    traces = own.filter(([, , places]) => places.length).map(([name, k, places]) => trace(places, {
      name: `${name} (${places.length})`, zorder: Math.round(1000 * (1 - places.length / all.length)),
      marker: { size: 7, opacity: 0.8, color: COLOURS[k % COLOURS.length], symbol: SYMBOLS[k % SYMBOLS.length] },
    }));
  } else {
    const known = all.filter((i) => colour.values[i] !== null);
    known.sort((a, b) => colour.values[a] - colour.values[b]);
    traces = [trace(known, {
      name: colour.name, showlegend: false,
      marker: { size: 7, color: known.map((i) => colour.values[i]), colorscale: "Cividis", cmin: 0, cmax: 1, showscale: true,
        colorbar: { title: { text: "share of<br>points that<br>have less" }, thickness: 14 } },
    })];
  }
  traces.push(ring(map));
  const axis = (word) => ({ title: { text: word }, zeroline: false, gridcolor: "#e3e6eb" });
  const plane = map.name === "the plane of the data";
  const layout = {
    margin: { l: 60, r: 10, t: 36, b: 46 }, hovermode: "closest", dragmode: "pan", font: { size: 13 },
    xaxis: axis(plane ? "x1" : "component 1"), yaxis: { ...axis(plane ? "x2" : "component 2"), scaleanchor: plane ? "x" : undefined },
    legend: { title: { text: colour.name }, itemsizing: "constant" }, showlegend: colour.kind === "category",
  };
  const options = { displaylogo: false, responsive: true, scrollZoom: true, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
  Plotly.react("plot", traces, layout, options);
  const kept = plane ? "" : ` The two axes have ${(100 * map.kept).toFixed(0)} % of the variance.`;
  const near = plane ? "" : map.kept < 0.5 ? " So little that points which lie near may yet differ." : " Near means alike to the network.";
  find("map-caption").textContent = `${all.length.toLocaleString("en")} ${all.length < data.count ? `of ${data.count.toLocaleString("en")} ` : ""}training points by ${map.name}.${kept}${near} A click chooses a point, ` +
    "the wheel zooms, a click in the legend hides a colour.";
}

function ring(map) {
  return { type: "scatter", mode: "markers", hoverinfo: "skip", showlegend: false, x: [map.x[chosen]], y: [map.y[chosen]],
    zorder: 2000, marker: { size: 18, symbol: "circle-open", color: "#000000", line: { width: 3 } } };
}

function choosePoint(i) {
  chosen = i;
  find("row").value = data.points.id[i] || data.points.row[i];
  const map = data.maps[find("map-by").value], plot = find("plot");
  if (plot.data) Plotly.restyle(plot, { x: [[map.x[i]]], y: [[map.y[i]]] }, [plot.data.length - 1]);
  showPoint();
}

const place = (rank) => rank === null ? "–" : `${rank} of ${data.count.toLocaleString("en")}`;

function showPoint() {
  const i = chosen, points = data.points, words = `training point ${named(i)}`;
  const pairs = [
    ["row", String(points.row[i])],
    ...(points.id[i] ? [["id", points.id[i]]] : []),
    ["label", label(i)],
    ["prediction", make("span", { class: isWrong(i) ? "wrong" : "", text: prediction(i) })],
    ["margin of the label", number(points.margin[i])],
    ["self-influence", number(points.self_influence[i])],
    ...data.labels.methods.map((method) => [`place by ${method}`, place(data.points.ranks[method][i])]),
    ...data.colours.filter((colour) => colour.name.startsWith("parts by"))
      .map((colour) => [colour.name, colour.names[colour.values[i]]]),
    ...data.colours.filter((colour) => colour.names && colour.names[1] === "members" && colour.values[i] === 1)
      .map((colour) => ["member of", colour.name]),
  ];
  const alike = data.alike.points[i].map((other, k) => card(other, number(data.alike.cosines[i][k])));
  find("point").replaceChildren(
    make("h2", { text: named(i) }), ...sample(i, points.text[i], 128, words), facts(pairs),
    make("h3", { text: "Treated most alike (cosine)" }), cards(alike));
}

// opens the map with a point chosen, from any view
function openPoint(i) {
  choosePoint(i);
  openView("map");
  find("tab-map").focus();
}

function showHover(event) {
  const i = event.points[0].customdata, box = find("hover");
  if (i === undefined) return;
  const text = data.points.text[i];
  box.replaceChildren(...sample(i, text.length > 160 ? `${text.slice(0, 160)} ...` : text, 96, ""),
    make("div", { text: named(i) }),
    make("div", { class: isWrong(i) ? "wrong" : "", text: `${label(i)}, predicted ${prediction(i)}` }),
    make("div", { text: `self-influence ${number(data.points.self_influence[i])}` }));
  box.style.display = "block";
  const { clientX, clientY } = event.event;
  box.style.left = `${Math.min(clientX + 14, innerWidth - box.offsetWidth - 8)}px`;
  box.style.top = `${Math.min(clientY + 14, innerHeight - box.offsetHeight - 8)}px`;
}

function goToRow(event) {
  event.preventDefault();
  // an id may look like a row, and stands first
  const asked = find("row").value.trim(), byId = asked === "" ? -1 : data.points.id.indexOf(asked);
  const i = byId >= 0 || !/^\d+$/.test(asked) ? byId : data.points.row.indexOf(Number(asked));
  find("map-said").textContent = i < 0 ? `${find("row-word").textContent} ${asked} is not on this page.` : "";
  if (i >= 0) choosePoint(i);
}

function step(by) {
  // in the order of a colouring by numbers, the highest first; else by row
  const colour = data.colours[find("colour-by").value];
  const worth = (i) => colour.kind === "number" ? -(colour.values[i] ?? -1) : data.points.row[i];
  const order = data.points.row.map((_, i) => i).sort((a, b) => worth(a) - worth(b) || a - b);
  choosePoint(order[(order.indexOf(chosen) + by + order.length) % order.length]);
}

function startMap() {
  fill(find("map-by"), data.maps.map((map) => map.name));
  fill(find("colour-by"), data.colours.map((colour) => colour.name));
  find("map-by").addEventListener("change", drawMap);
  find("colour-by").addEventListener("change", drawMap);
  find("row-word").textContent = data.points.id.some(Boolean) ? "Id or row" : "Row";
  find("go").addEventListener("submit", goToRow);
  find("previous-point").addEventListener("click", () => step(-1));
  find("next-point").addEventListener("click", () => step(1));
  chosen = Math.max(data.points.row.findIndex((_, i) => isWrong(i)), 0);
  drawMap();
  choosePoint(chosen);
  const plot = find("plot");
  plot.on("plotly_hover", showHover);
  plot.on("plotly_unhover", () => { find("hover").style.display = "none"; });
  plot.on("plotly_click", (event) => { if (event.points[0].customdata !== undefined) choosePoint(event.points[0].customdata); });
}
