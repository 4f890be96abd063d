// Elements and figures. Text from the file only ever becomes a text node.
const kSvg = "http://www.w3.org/2000/svg";

// el("td", {class: "number", onclick: f}, "text", child, ...)
function el(tag, properties, ...children) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else e.setAttribute(key, value === true ? "" : value);
  }
  e.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined));
  return e;
}

const byId = (id) => document.getElementById(id);
const grouped = new Intl.NumberFormat("en-US");
const whole = (n) => grouped.format(n);
const plural = (n, word) => whole(n) + " " + word + (n === 1 ? "" : "s");

function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let k = 0;
  while (n >= 999.5 && k + 1 < units.length) { n /= 1024; ++k; }
  return (k === 0 ? n : n.toPrecision(3)) + " " + units[k];
}

// 1,234 -> "1.23 k"
function rounded(n) {
  if (n < 1000) return String(n);
  const units = ["", "k", "M", "G", "T", "P"];
  let k = 0;
  while (n >= 999.5 && k + 1 < units.length) { n /= 1000; ++k; }
  return n.toPrecision(3) + " " + units[k];
}

function figure(x) {
  if (Number.isNaN(x)) return "none";
  if (!Number.isFinite(x)) return x > 0 ? "infinite" : "-infinite";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e9) return whole(x).replace("-", "\u2212");
  const text = size >= 1e6 || size < 1e-4 ? x.toExponential(3) : String(Number(x.toPrecision(5)));
  return text.replace("-", "\u2212").replace("e-", "e\u2212").replace("e+", "e");
}

function percent(part, total) {
  if (total === 0 || !(part >= 0)) return "0%";
  const p = (100 * part) / total;
  if (p > 0 && p < 0.01) return "<0.01%";
  return (p >= 99.995 && part < total ? ">99.99" : p >= 10 ? p.toFixed(1) : p.toPrecision(2)).replace(/\.0$/, "") + "%";
}

// A button with the name of a tensor, which shows it.
function tensorButton(row, text) {
  return el("button", { type: "button", class: "name", onclick: () => showRow(row) }, text || seen(tensors.name[row]));
}
const nameOrButton = (x) => (typeof x === "number" ? tensorButton(x) : el("span", { class: "mono" }, x || "(no name)"));

const tip = {
  show(event, text) {
    const box = byId("tip");
    box.textContent = text;
    box.hidden = false;
    const right = event.clientX + 16 + box.offsetWidth > window.innerWidth;
    box.style.left = Math.max(4, right ? event.clientX - 12 - box.offsetWidth : event.clientX + 14) + "px";
    box.style.top = Math.max(4, Math.min(event.clientY + 14, window.innerHeight - box.offsetHeight - 4)) + "px";
  },
  hide() { byId("tip").hidden = true; },
};

// `rows` built as they are wanted: the first `first`, then more with a button.
function growing(parent, count, first, step, add, word) {
  let shown = 0;
  const more = el("button", { type: "button", class: "more" });
  const grow = (n) => {
    const end = Math.min(count, shown + n);
    for (; shown < end; ++shown) parent.append(add(shown));
    more.hidden = shown === count;
    more.textContent = `Show ${whole(Math.min(step, count - shown))} more of ${whole(count - shown)} ${word}`;
  };
  more.addEventListener("click", () => grow(step));
  grow(first);
  return more;
}
