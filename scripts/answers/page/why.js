// Why: what each method says helped and harmed the prediction of a test point, side by side.

function targetName(target) {
  const right = target.label === target.prediction;
  const words = right ? `${spoken(target.label)}, uncertain` : `${spoken(target.label)} taken for ${target.prediction}`;
  return `${target.id ? `${target.id}, ` : ""}row ${target.row}: ${words} (margin ${number(target.margin)})`;
}

function showTarget() {
  const target = data.targets[find("target").value];
  if (!target) return;
  const right = target.label === target.prediction;
  find("target-card").replaceChildren(
    make("h2", { text: `Test point ${target.id || target.row}` }),
    ...sample(target.picture, target.text, 160, `test point ${target.id || target.row}`),
    facts([
      ["row", String(target.row)],
      ...(target.id ? [["id", target.id]] : []),
      ["label", target.label],
      ["prediction", make("span", { class: right ? "" : "wrong", text: target.prediction })],
      ["margin of the label", number(target.margin)],
    ]),
    make("p", { class: "note", text: "Helpful points raise the margin of the label, log(p/(1−p)), harmful ones lower it; by a similarity, those most like it with its label and with others. Each method has its own unit. A blue frame: several methods name the point at this end. A red name: the network predicts another class." }));
  const named = {};
  for (const ends of Object.values(target.methods)) {
    for (const [end, pairs] of Object.entries(ends)) for (const [i] of pairs) named[`${end} ${i}`] = (named[`${end} ${i}`] ?? 0) + 1;
  }
  const list = (end, pairs) => pairs.length
    ? cards(pairs.map(([i, value]) => card(i, number(value), named[`${end} ${i}`])))
    : make("span", { class: "note", text: "none" });
  const rows = Object.entries(target.methods).map(([method, ends]) => make("tr", { "data-method": method },
    make("th", { scope: "row", text: method }),
    make("td", { "data-end": "helpful" }, list("helpful", ends.helpful)),
    make("td", { "data-end": "harmful" }, list("harmful", ends.harmful))));
  const head = ["method", "most helpful", "most harmful"].map((text) => make("th", { scope: "col", text }));
  find("explained").replaceChildren(
    make("table", { "aria-label": "Most helpful and most harmful training points by each method" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)));
}

function startWhy() {
  const select = find("target"), count = data.targets.length;
  fill(select, data.targets.map(targetName));
  const move = (by) => { select.value = (Number(select.value) + by + count) % count; showTarget(); };
  select.addEventListener("change", showTarget);
  find("previous-target").addEventListener("click", () => move(-1));
  find("next-target").addEventListener("click", () => move(1));
  if (count) showTarget();
  else find("explained").textContent = "No test point was explained.";
}
