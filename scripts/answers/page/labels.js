// Labels: which to look at first by each method, and the whole table as a file.

const SHORT = 16; // characters of an id that stay on one line

function showSuspicious() {
  const table = data.labels, by = find("suspicion-by").value, method = table.methods[by];
  const order = table.points.map((_, k) => k).filter((k) => table.ranks[method][k] !== null && table.ranks[method][k] <= table.listed);
  order.sort((a, b) => table.ranks[method][a] - table.ranks[method][b]);
  const hasIds = data.points.id.some(Boolean);
  const rows = order.map((k) => {
    const i = table.points[k];
    const open = make("button", { type: "button", class: "link", title: "show on the map", text: String(data.points.row[i]), onclick: () => openPoint(i) });
    const shown = sample(i, clipped(data.points.text[i], 90), 48, `training point ${named(i)}`);
    return make("tr", { "data-row": data.points.row[i] }, cell(table.ranks[method][k]), make("td", {}, ...shown), make("td", {}, open),
      ...(hasIds ? [make("td", { class: data.points.id[i].length <= SHORT ? "whole" : "", text: data.points.id[i] })] : []), cell(label(i)), cell(table.suggested[k]),
      ...table.methods.flatMap((name) => [cell(table.scores[name][k]), cell(table.ranks[name][k])]));
  });
  const head = (text, isNumber) => make("th", { scope: "col", text, class: isNumber ? "number" : "" });
  const heads = [head("place", true), ...["sample", "row", ...(hasIds ? ["id"] : []), "label", "suggested"].map((text) => head(text)),
    ...table.methods.flatMap((name) => [head(name, true), head("its place", true)])];
  find("suspicious").replaceChildren(
    make("p", { class: "caption", text: `The ${order.length} labels that ${method} finds most suspicious; larger scores are more suspicious. Suggested: the likeliest other class by the network.` }),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Suspicious labels" },
      make("table", { "aria-label": "Suspicious labels" }, make("thead", {}, make("tr", {}, ...heads)),
        make("tbody", {}, ...rows))));
}

async function download() {
  const packed = JSON.parse(find("downloads").textContent)["suspicious.csv"];
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const address = URL.createObjectURL(new Blob([await new Response(stream).arrayBuffer()], { type: "text/csv" }));
  make("a", { href: address, download: "suspicious.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  find("labels-said").textContent = "suspicious.csv is in the browser's downloads.";
}

function startLabels() {
  fill(find("suspicion-by"), data.labels.methods);
  find("suspicion-by").addEventListener("change", showSuspicious);
  find("download").addEventListener("click", download);
  showSuspicious();
}
