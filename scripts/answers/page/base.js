"use strict";
// What the views share: the page's data, elements, and how a training point is shown.

const data = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);

// Okabe and Ito's palette without its yellow: told apart with any colour vision; symbols tell apart what repeats
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down", "hexagon"];

// an element with attributes (text, class and on-functions among them) and children
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") element.textContent = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function number(value) {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return String(value);
  const short = Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return value === 0 ? "0" : short.replaceAll("-", "−");
}

// at most so many characters, cut between words or numbers where that loses little
function clipped(text, most) {
  if (text.length <= most) return text;
  const kept = text.slice(0, most + 1).trimEnd(), words = kept.slice(0, Math.max(0, kept.lastIndexOf(" ")));
  return `${(words.length > 0.8 * most ? words : kept.slice(0, most)).replace(/,$/, "")} ...`;
}

// where nothing else says that it is a class, a number alone would be read as a value
const spoken = (name) => /^\d+$/.test(name) ? `class ${name}` : name;
const label = (i) => data.classes[data.points.label[i]];
const prediction = (i) => data.classes[data.points.prediction[i]];
const isWrong = (i) => data.points.label[i] !== data.points.prediction[i];
// the user's own id where the data have some, and always the row
const named = (i) => data.points.id[i] ? `${data.points.id[i]}, row ${data.points.row[i]}` : `row ${data.points.row[i]}`;

// picture number `place` of the sheets, of which all but the last are full, `side` pixels along its longer side
function picture(place, side, words) {
  const sheet = data.sheet, each = sheet.columns * sheet.rows[0], number = Math.floor(place / each), inside = place % each;
  const scale = side / Math.max(sheet.width, sheet.height);
  const width = sheet.width * scale, height = sheet.height * scale;
  const column = inside % sheet.columns, row = Math.floor(inside / sheet.columns);
  const element = make("span", { class: "thumb", role: "img", "aria-label": words });
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  element.style.backgroundImage = `var(--sheet-${number})`;
  element.style.backgroundSize = `${sheet.columns * width}px ${sheet.rows[number] * height}px`;
  element.style.backgroundPosition = `${-column * width}px ${-row * height}px`;
  return element;
}

// a sample: its picture where the data are images, and its text where there is one
function sample(place, text, side, words) {
  const shown = [];
  if (data.sheet) shown.push(picture(place, side, words));
  if (text) shown.push(make("span", { class: "words", text }));
  return shown;
}

// a button that opens a training point on the map; `extra` is a line of numbers
function card(i, extra = "", shared = 0) {
  const text = data.points.text[i], short = clipped(text, 120);
  const title = `${named(i)}, label ${label(i)}, predicted ${prediction(i)}${text ? `: ${text}` : ""}` +
    (shared > 1 ? `; named by ${shared} methods` : "");
  const value = make("span", { class: "number", text: extra });
  const name = make("span", { class: isWrong(i) ? "wrong" : "", text: spoken(label(i)) });
  const row = make("span", { class: "row", text: named(i) });
  const parts = data.sheet ? [...sample(i, short, 60, `training point ${named(i)}`), name, row, value]
    : [value, name, row, make("span", { class: "words", text: short })];
  const kind = `${data.sheet ? "card" : text.length > 30 ? "line long" : "line"}${shared > 1 ? " shared" : ""}`;
  return make("button", { type: "button", class: kind, title, "data-point": i, onclick: () => openPoint(i) }, ...parts);
}

// pictures beside each other, rows and texts one below the other
const cards = (buttons) =>
  make("ol", { class: data.sheet ? "cards" : "cards lines" }, ...buttons.map((button) => make("li", {}, button)));

function facts(pairs) {
  return make("dl", {}, ...pairs.flatMap(([word, value]) => [make("dt", { text: word }), make("dd", {}, value)]));
}

function fill(select, names) {
  select.replaceChildren(...names.map((text, value) => make("option", { value, text })));
}

function cell(value, kind = "td") {
  const isNumber = typeof value === "number" || value === null;
  const element = make(kind, isNumber ? { class: "number" } : {});
  element.append(isNumber ? number(value) : value);
  return element;
}
