// The module tree: searched, folded, and walked by keys as trees are (WAI-ARIA's pattern). Only the rows in view are elements, so that
// twenty thousand tensors open as fast as twenty.
const kRowHeight = 26;
const kBeyond = 8;  // rows above and below what is in view
const kDeepest = 12;  // levels that are moved to the right
const tree = { rows: [], active: null, selected: null, matched: null, closedInSearch: new Set() };

const childrenOf = (n) => (n.children ? [...n.children.values()] : []);
const isOpen = (n) => (tree.matched ? !tree.closedInSearch.has(n) : n.open);
function setOpen(n, open) {
  if (tree.matched) open ? tree.closedInSearch.delete(n) : tree.closedInSearch.add(n);
  else n.open = open;
}

// Nodes that are to be seen, in order.
function layRows() {
  tree.rows = [];
  const walk = (n) => {
    const shown = childrenOf(n).filter((c) => !tree.matched || tree.matched.has(c));
    shown.forEach((c, i) => {
      tree.rows.push({ node: c, position: i + 1, size: shown.length });
      if (c.children && isOpen(c)) walk(c);
    });
  };
  walk(root);
  const box = byId("tree-rows");
  box.firstChild.style.height = tree.rows.length * kRowHeight + "px";
  if (!tree.rows.some((r) => r.node === tree.active)) tree.active = tree.rows.length ? tree.rows[0].node : null;
  drawRows();
}

function drawRows() {
  const box = byId("tree-rows");
  const from = Math.max(0, Math.floor(box.scrollTop / kRowHeight) - kBeyond);
  const to = Math.min(tree.rows.length, Math.ceil((box.scrollTop + box.clientHeight) / kRowHeight) + kBeyond);
  const shown = [];
  for (let i = from; i < to; ++i) shown.push(rowElement(i));
  const active = tree.rows.findIndex((r) => r.node === tree.active);
  if (active >= 0 && (active < from || active >= to)) shown.push(rowElement(active));
  box.firstChild.replaceChildren(...shown);
  if (active >= 0) box.setAttribute("aria-activedescendant", "row-" + active);
  else box.removeAttribute("aria-activedescendant");
}

function rowElement(i) {
  const { node: n, position, size } = tree.rows[i];
  const what = n.children ? plural(n.tensors, "tensor") : typeOf(n.row) + " " + shapeText(tensors.shape[n.row]);
  const severity = kSeverities[n.severity];
  const group = n.row >= 0 ? tensors.group[n.row] : -1;
  const said = [n.name, what, plural(n.parameters, "parameter")];
  if (severity) said.push("has findings, the worst: " + severity);
  if (group >= 0) said.push("shares storage " + (group + 1));
  if (n.changed) said.push("changed");
  const row = el("div", { class: "row" + (n === tree.active ? " active" : ""), id: "row-" + i, role: "treeitem", "aria-level": n.depth,
    "aria-posinset": position, "aria-setsize": size, "aria-selected": String(n === tree.selected),
    "aria-expanded": n.children ? String(isOpen(n)) : null, "aria-label": said.join(", "), title: n.path },
  el("span", { class: "twist", "aria-hidden": "true" }, n.children ? (isOpen(n) ? "\u25be" : "\u25b8") : ""),
  el("span", { class: "label" + (n.children ? " module" : "") }, n.name),
  el("span", { class: "what" }, what),
  severity ? el("span", { class: "badge " + severity }, severity) : null,
  group >= 0 ? el("span", { class: "badge shared" }, "#" + (group + 1)) : null,
  n.changed ? el("span", { class: "badge note" }, "changed") : null,
  el("span", { class: "count" }, rounded(n.parameters)));
  row.style.top = i * kRowHeight + "px";
  row.style.paddingLeft = 0.2 + 0.95 * Math.min(n.depth - 1, kDeepest) + "rem";
  row.addEventListener("click", (event) => {
    const twist = event.target.classList.contains("twist");
    tree.active = n;
    if (n.children && (twist || n === tree.selected)) setOpen(n, !isOpen(n));
    else if (n.children && !isOpen(n)) setOpen(n, true);
    if (!twist) select(n);
    layRows();
  });
  return row;
}

function moveTo(i) {
  if (i < 0 || i >= tree.rows.length) return;
  tree.active = tree.rows[i].node;
  const box = byId("tree-rows");
  const top = i * kRowHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + kRowHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + kRowHeight - box.clientHeight;
  drawRows();
}

function onTreeKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const at = tree.rows.findIndex((r) => r.node === tree.active);
  const n = tree.active;
  if (!n) return;
  const page = Math.max(1, Math.floor(byId("tree-rows").clientHeight / kRowHeight) - 1);
  const keys = {
    ArrowDown: () => moveTo(Math.min(at + 1, tree.rows.length - 1)),
    ArrowUp: () => moveTo(Math.max(at - 1, 0)),
    PageDown: () => moveTo(Math.min(at + page, tree.rows.length - 1)),
    PageUp: () => moveTo(Math.max(at - page, 0)),
    Home: () => moveTo(0),
    End: () => moveTo(tree.rows.length - 1),
    ArrowRight: () => {
      if (!n.children) return;
      if (isOpen(n)) moveTo(at + 1);
      else { setOpen(n, true); layRows(); }
    },
    ArrowLeft: () => {
      if (n.children && isOpen(n)) { setOpen(n, false); layRows(); }
      else if (n.parent !== root) moveTo(tree.rows.findIndex((r) => r.node === n.parent));
    },
    Enter: () => { select(n); drawRows(); },
    " ": () => { select(n); drawRows(); },
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
}

// Whether a name has every word of the query; words with * stand for a whole name.
function matcher(query) {
  const tests = query.toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
    if (!word.includes("*")) return (name) => name.includes(word);
    const pattern = word.split("*").map((s) => s.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")).join(".*");
    const expression = new RegExp("^" + pattern + "$", "s");
    return (name) => expression.test(name);
  });
  return (name) => tests.every((test) => test(name.toLowerCase()));
}

const kOnly = [
  ["all", () => true, () => true],
  ["with findings", (row) => leafOf[row].severity > 0, () => root.severity > 0],
  ["shared", (row) => leafOf[row].shared, () => tensors.groups.length > 0],
  ["changed", (row) => leafOf[row].changed, () => root.children.size > 0 && leafOf.some((l) => l.changed)],
];

function search() {
  const query = byId("search").value.trim();
  const only = kOnly.find(([name]) => name === byId("only").value);
  tree.closedInSearch.clear();
  let found = rowCount;
  if (query === "" && only === kOnly[0]) {
    tree.matched = null;
  } else {
    const matches = matcher(query);
    tree.matched = new Set();
    found = 0;
    for (let row = 0; row < rowCount; ++row) {
      if (!only[1](row) || !matches(tensors.name[row])) continue;
      ++found;
      for (let up = leafOf[row]; up && !tree.matched.has(up); up = up.parent) tree.matched.add(up);
    }
  }
  byId("matches").textContent = tree.matched ? `${whole(found)} of ${plural(rowCount, "tensor")}` : plural(rowCount, "tensor");
  byId("tree-rows").scrollTop = 0;
  layRows();
}

function setAll(open) {
  const walk = (n) => {
    if (!n.children) return;
    if (n !== root) setOpen(n, open);
    childrenOf(n).forEach(walk);
  };
  walk(root);
  layRows();
}

// Unfolds what is around a node, and shows it.
function reveal(n) {
  if (tree.matched && !tree.matched.has(n)) {
    byId("search").value = "";
    byId("only").value = "all";
    search();
  }
  for (let up = n.parent; up && up !== root; up = up.parent) setOpen(up, true);
  tree.active = n;
  layRows();
  moveTo(tree.rows.findIndex((r) => r.node === n));
}

function startTree() {
  const inner = el("div", { role: "none" });
  byId("tree").append(el("div", { id: "tree-rows", role: "tree", tabindex: 0, "aria-label": "Modules and tensors", onkeydown: onTreeKey,
    onscroll: drawRows }, inner));
  kOnly.filter((only) => only[2]()).forEach(([name]) => byId("only").append(el("option", { value: name }, name)));
  byId("search").addEventListener("input", search);
  byId("only").addEventListener("change", search);
  byId("fold").addEventListener("click", () => setAll(false));
  byId("unfold").addEventListener("click", () => setAll(true));
  window.addEventListener("resize", drawRows);
  // Unfolded as far as it fits.
  let level = [root], rows = 0;
  while (level.length) {
    const next = level.flatMap(childrenOf);
    rows += next.length;
    if (rows > 24 && level[0] !== root) break;
    level.forEach((n) => { n.open = true; });
    level = next.filter((n) => n.children);
  }
  search();
}
