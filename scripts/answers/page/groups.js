// Groups: a sheet a group of Algorithm 1 and a part of each partition.

// how what is missing is to be had
const MEASURE = {
  group: "Name the group's rows, which export/groups has, in key removed of your study, build target removal, and this page again.",
  part: "Ask for removal-fixed.csv of the study, which trains the network again without each part, and for this page again.",
};

function showSheet(k) {
  const sheet = data.sheets[k];
  for (const row of find("group-list").querySelectorAll("tbody tr")) row.classList.toggle("chosen", row.dataset.sheet === String(k));
  const mix = sheet.mix.map((share, j) => [share, data.classes[j]]).filter(([share]) => share > 0).sort((a, b) => b[0] - a[0]);
  const bars = mix.slice(0, 12).map(([share, name]) => {
    const bar = make("span", { class: "bar" });
    bar.style.width = `${Math.max(1, Math.round(160 * share))}px`;
    return make("tr", {}, make("th", { scope: "row", text: spoken(name) }), make("td", {}, bar), make("td", { class: "number", text: `${(100 * share).toFixed(1)} %` }));
  });
  const removal = sheet.removal.length
    ? [make("table", { "aria-label": "What its removal does" }, make("tbody", {}, ...sheet.removal.map(([words, value]) =>
      make("tr", {}, make("th", { scope: "row", text: words }), make("td", { class: "number", text: (value > 0 ? "+" : "") + number(value) })))))]
    : [make("p", { class: "note", text: `Not measured. ${MEASURE[sheet.kind]}` })];
  find("group-sheet").replaceChildren(
    make("h2", { text: sheet.name }),
    facts([["size", `${sheet.size} of ${data.facts[0][1]} training points`], ...sheet.facts]),
    make("h3", { text: `Members, ${sheet.central_words}; a red name: predicted as another class` }), cards(sheet.central.map((i) => card(i))),
    make("h3", { text: "Classes" }), make("table", { "aria-label": "Classes" }, make("tbody", {}, ...bars)),
    make("h3", { text: "What its removal does" }), ...removal);
}

function largestClass(mix) {
  const share = Math.max(...mix);
  return `${spoken(data.classes[mix.indexOf(share)])}, ${(100 * share).toFixed(0)}\u00a0%`;
}

function startGroups() {
  if (!data.sheets.length) {
    find("group-list").textContent = "This run has no groups.h5 and no partition.h5; the page is written again once they exist.";
    return;
  }
  const rows = data.sheets.map((sheet, k) => make("tr", { "data-sheet": k },
    make("td", {}, make("button", { type: "button", class: "link", text: sheet.name, onclick: () => showSheet(k) })),
    cell(sheet.size), cell(sheet.influence), cell(largestClass(sheet.mix))));
  const head = ["group or part", "size", "normalised influence", "largest class"].map((text) => make("th", { scope: "col", text }));
  find("group-list").replaceChildren(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Groups and parts" },
    make("table", { "aria-label": "Groups and parts" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows))));
  showSheet(0);
}
