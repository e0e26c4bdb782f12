// Views as tabs: buttons, arrow keys between them, and the view's name in the address.

const VIEWS = ["map", "why", "groups", "labels"];

// what the address names, else the map
const viewOfAddress = () => VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : VIEWS[0];

function openView(name) {
  for (const view of VIEWS) {
    const tab = find(`tab-${view}`), open = view === name;
    tab.setAttribute("aria-selected", open);
    tab.tabIndex = open ? 0 : -1;
    find(`view-${view}`).hidden = !open;
  }
  if (name === "map") Plotly.Plots.resize(find("plot"));
}

function goToView(name) {
  // inside the report it has no address of its own
  try { history.replaceState(null, "", `#${name}`); } catch { /* nothing to keep */ }
  openView(name);
}

function start() {
  find("title").textContent = data.title;
  find("facts").replaceChildren(...data.facts.map(([word, value]) =>
    make("div", {}, make("dt", { text: word }), make("dd", { text: value }))));
  if (data.sheet) {
    data.sheet.uris.forEach((uri, number) => {
      // by a short address: a style may not hold more than 2 MB
      const bytes = Uint8Array.from(atob(uri.split(",")[1]), (letter) => letter.charCodeAt(0));
      const address = URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
      document.documentElement.style.setProperty(`--sheet-${number}`, `url("${address}")`);
    });
  }
  startMap();
  startWhy();
  startGroups();
  startLabels();
  VIEWS.forEach((view, k) => {
    const tab = find(`tab-${view}`);
    tab.addEventListener("click", () => goToView(view));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const next = VIEWS[(k + by + VIEWS.length) % VIEWS.length];
      goToView(next);
      find(`tab-${next}`).focus();
    });
  });
  addEventListener("hashchange", () => openView(viewOfAddress()));
  openView(viewOfAddress());
}

document.addEventListener("DOMContentLoaded", start);
