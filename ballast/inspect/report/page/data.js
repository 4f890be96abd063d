// The data of the page, and the tree of modules that the names of the tensors make.
//
// data.tensors is by columns: entry i of each is of tensor i ("row"). A tensor that can be looked at has a look: tied tensors have
// one together. figures, histograms and maps are by looks.
const data = JSON.parse(document.getElementById("data").textContent);
const tensors = data.tensors;
const rowCount = tensors.name.length;

const kFigures = ["count", "mean", "std", "min", "max", "l2", "zeros", "negatives", "nans", "plusInfinities", "minusInfinities",
  "subnormals", "overflowFloat16", "vanishFloat16", "overflowBFloat16", "vanishBFloat16"];

// JSON has no infinities; they come as text.
const real = (x) => (typeof x === "string" ? Number(x) : x === null || x === undefined ? NaN : x);

function figuresOf(row) {
  const look = tensors.look[row];
  if (look < 0) return null;
  const all = {};
  kFigures.forEach((name, k) => { all[name] = k < 8 ? real(data.figures[look][k]) : data.figures[look][k] || 0; });
  return all;
}

const elements = (shape) => shape.reduce((n, size) => n * size, 1);
const typeOf = (row) => {
  const layout = tensors.layouts[row];
  return tensors.types[tensors.type[row]] + (layout ? " " + layout : "");
};
const shapeText = (shape) => "[" + shape.join(", ") + "]";

// Nodes of the tree: {name, path, parent, children (a Map by name) or null, row or -1, parameters, own, tensors, findings, ...}.
// A name may be a module's and a tensor's at once; the tensor then stands inside the module, under the empty name.
function node(name, path, parent) {
  return { name, path, parent, children: new Map(), row: -1, parameters: 0, own: 0, tensors: 0, depth: parent ? parent.depth + 1 : 0,
    severity: 0, changed: false, shared: false, sharing: false, open: false };
}

// A name that would be seen as nothing.
const seen = (name) => (name.trim() === "" ? "(no name)" : name);

const root = node("", "", null);
const leafOf = new Array(rowCount);
const kSeverities = ["", "note", "warning", "error"];

function leafKey(parent, name) {
  let key = name;
  for (let n = 2; parent.children.has(key); ++n) key = name + "\u0000" + n;
  return key;
}

for (let row = 0; row < rowCount; ++row) {
  const parts = tensors.name[row].split(".");
  let at = root;
  for (let k = 0; k + 1 < parts.length; ++k) {
    let next = at.children.get("m" + parts[k]);
    if (!next) {
      next = node(seen(parts[k]), parts.slice(0, k + 1).join("."), at);
      at.children.set("m" + parts[k], next);
    }
    at = next;
  }
  const name = parts[parts.length - 1];
  const leaf = node(seen(name), tensors.name[row], at);
  leaf.children = null;
  leaf.row = row;
  leaf.shared = tensors.group[row] >= 0;
  at.children.set(leafKey(at, "t" + name), leaf);
  leafOf[row] = leaf;
  const count = elements(tensors.shape[row]);
  for (let up = leaf; up; up = up.parent) {
    up.parameters += count;
    up.own += tensors.own[row];
    up.tensors += 1;
    up.sharing = up.sharing || leaf.shared;
  }
}

// The module of a path; undefined if there is none.
function moduleAt(path) {
  let at = root;
  if (path !== "") for (const part of path.split(".")) at = at && at.children.get("m" + part);
  return at;
}

const findingsOf = new Map();  // by row
data.findings.list.forEach((finding) => {
  const rows = [finding.about].concat(finding.others || []).filter((x) => typeof x === "number");
  rows.forEach((row) => {
    if (!findingsOf.has(row)) findingsOf.set(row, []);
    findingsOf.get(row).push(finding);
    const severity = kSeverities.indexOf(finding.severity);
    for (let up = leafOf[row]; up; up = up.parent) up.severity = Math.max(up.severity, severity);
  });
});

const changeOf = new Map();  // by row
if (data.changes) {
  data.changes.pairs.forEach((pair) => {
    if (typeof pair[0] !== "number") return;
    changeOf.set(pair[0], pair);
    leafOf[pair[0]].changed = true;
  });
}
