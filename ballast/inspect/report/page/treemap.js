// Where the parameters are: rectangles as large as the parameters in them, and beside them the same as a table.
const kTiles = ["#77aadd", "#ee8866", "#eedd88", "#99ddff", "#44bb99", "#ffaabb", "#bbcc33", "#c3b1e1", "#d9c3a5", "#9fc5b5"];
const kMapWidth = 960, kMapHeight = 540;
const kSmallestTile = 48;  // where parts would be smaller in the middle, the module is drawn whole
let mapNode = root;

// Shades of a group's colour tell the parts of it apart.
const kShades = [0, 0.28, 0.5, 0.15, 0.4];
function shadeOf(group, leaf) {
  const fork = below(group);
  let at = leaf;
  while (at !== fork && at.parent !== fork) at = at.parent;
  return kShades[fork.children ? Math.max(0, childrenOf(fork).indexOf(at)) % kShades.length : 0];
}

// The node that a module with nothing beside it leads to: there is no choice to make before.
function below(node) {
  while (node.children && node.children.size === 1) {
    const only = node.children.values().next().value;
    if (!only.children) break;
    node = only;
  }
  return node;
}

function partsOf(node) {
  return [...node.children.values()].filter((c) => c.own > 0).sort((a, b) => b.own - a.own);
}

function colours(parts) {
  return new Map(parts.map((part, i) => [part, kTiles[i % kTiles.length]]));
}

function drawTreemap() {
  const parts = partsOf(mapNode);
  const colourOf = colours(parts);
  const area = kMapWidth * kMapHeight;
  const hierarchy = d3.hierarchy(mapNode, (n) => {
    if (!n.children || (n !== mapNode && ((n.own / mapNode.own) * area) / n.children.size < kSmallestTile)) return null;
    return partsOf(n);
  }).sum((n) => 0);
  // Values are those of the nodes: a module drawn whole has no children here to add up.
  hierarchy.each((h) => { h.value = h.data.own; });
  d3.treemap().size([kMapWidth, kMapHeight]).paddingInner(1).paddingOuter((h) => (h.depth === 1 && h.children ? 2 : 0))
    .paddingTop((h) => (h.depth === 1 && h.children && h.x1 - h.x0 > 40 && h.y1 - h.y0 > 34 ? 17 : h.depth === 1 && h.children ? 2 : 0))
    .round(false)(hierarchy);

  const svg = d3.create("svg:svg").attr("viewBox", `0 0 ${kMapWidth} ${kMapHeight}`).attr("role", "img")
    .attr("aria-label", treemapText(parts));
  const hatch = svg.append("defs").append("pattern").attr("id", "hatch").attr("width", 7).attr("height", 7)
    .attr("patternUnits", "userSpaceOnUse").attr("patternTransform", "rotate(45)");
  hatch.append("rect").attr("width", 2.2).attr("height", 7).attr("fill", "#14171b").attr("fill-opacity", 0.45);

  const top = (h) => { while (h.depth > 1) h = h.parent; return h.data; };
  const leaves = hierarchy.leaves().filter((h) => h.depth > 0 && h.x1 > h.x0 && h.y1 > h.y0);
  const box = (selection) => selection.attr("x", (h) => h.x0).attr("y", (h) => h.y0)
    .attr("width", (h) => Math.max(0, h.x1 - h.x0)).attr("height", (h) => Math.max(0, h.y1 - h.y0));
  const tiles = box(svg.append("g").selectAll("rect").data(leaves).enter().append("rect")).attr("class", "tile")
    .attr("fill", (h) => d3.interpolateRgb(colourOf.get(top(h)), "#ffffff")(shadeOf(top(h), h.data)));
  const cover = svg.append("g").attr("pointer-events", "none");
  box(cover.selectAll("rect").data(leaves.filter((h) => h.data.shared)).enter().append("rect")).attr("fill", "url(#hatch)");
  const words = svg.append("g");
  words.selectAll("text.group").data((hierarchy.children || []).filter((h) => h.children && h.x1 - h.x0 > 40 && h.y1 - h.y0 > 34)).enter()
    .append("text").attr("class", "group").attr("x", (h) => h.x0 + 4).attr("y", (h) => h.y0 + 13)
    .text((h) => shortened(`${h.data.name}  ${percent(h.value, mapNode.own)}`, (h.x1 - h.x0 - 6) / 7.2));
  words.selectAll("text.leaf").data(leaves.filter((h) => h.y1 - h.y0 > 15 && labelOf(h) !== "")).enter()
    .append("text").attr("class", "leaf").attr("x", (h) => h.x0 + 4).attr("y", (h) => h.y0 + 12).text(labelOf);

  const say = (h) => `${seen(h.data.path)}: ${whole(h.data.own)} parameters, ${percent(h.data.own, root.own)}` +
    (h.data.children ? `, ${plural(h.data.tensors, "tensor")}` : `, ${shapeText(tensors.shape[h.data.row])}`) +
    (h.data.shared ? ", shared" : "");
  tiles.each(function (h) {
    this.addEventListener("mousemove", (event) => tip.show(event, say(h)));
    this.addEventListener("mouseleave", tip.hide);
    this.addEventListener("click", () => {
      tip.hide();
      const part = top(h);
      if (part.children) showModule(below(part));
      else showRow(part.row);
    });
  });
  byId("treemap").replaceChildren(svg.node());
}

// As much of a leaf's path below its group as fits, from its end.
function labelOf(h) {
  let from = h;
  while (from.depth > 1) from = from.parent;
  const path = from === h ? h.data.name : h.data.path.slice(from.data.path.length + 1) || h.data.name;
  const most = (h.x1 - h.x0 - 6) / 6.8;
  for (let text = path; ; text = text.slice(text.indexOf(".") + 1)) {
    if (text.length <= most) return text;
    if (!text.includes(".")) return "";
  }
}
function shortened(text, most) {
  return text.length <= most ? text : most < 4 ? "" : text.slice(0, most - 1) + "\u2026";
}
function treemapText(parts) {
  const words = parts.slice(0, 5).map((p) => `${p.name} ${percent(p.own, mapNode.own)}`);
  return `Treemap of ${whole(mapNode.own)} parameters${mapNode.path ? " in " + mapNode.path : ""}. Largest: ${words.join(", ")}.` +
    " The table beside it has the figures.";
}

function drawLegend() {
  const parts = partsOf(mapNode);
  const colourOf = colours(parts);
  const rows = el("tbody");
  const table = el("table", {}, el("caption", {}, mapNode.path ? `Parts of ${mapNode.path}` : "Parts of the whole"),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "part"), el("th", { scope: "col", class: "number" }, "parameters"),
      el("th", { scope: "col", class: "number" }, "share"))), rows);
  const more = growing(rows, parts.length, 14, 100, (i) => {
    const part = parts[i];
    const swatch = el("span", { class: "swatch" });
    swatch.style.background = colourOf.get(part);
    const open = () => (part.children ? showModule(below(part)) : showRow(part.row));
    return el("tr", {}, el("td", {}, swatch, el("button", { type: "button", class: "name", onclick: open }, part.name),
      part.shared ? el("span", { class: "soft" }, " shared") : ""),
      el("td", { class: "number" }, whole(part.own)), el("td", { class: "number" }, percent(part.own, mapNode.own)));
  }, "parts");
  const hatched = mapNode.sharing ? el("p", { class: "soft" }, "Hatched: shares its storage with others; counted once.") : null;
  byId("legend").replaceChildren(...[table, more, hatched].filter(Boolean));
}

function showModule(node) {
  mapNode = node;
  const path = [];
  for (let up = node; up; up = up.parent) path.unshift(up);
  byId("crumbs").replaceChildren(...path.flatMap((n, i) => {
    const name = n === root ? "whole file" : n.name;
    const crumb = n === node ? el("span", { class: "mono", "aria-current": "true" }, name)
      : el("button", { type: "button", onclick: () => showModule(n) }, name);
    return i === 0 ? [crumb] : [el("span", { class: "soft", "aria-hidden": "true" }, "/"), crumb];
  }));
  if (node.own === 0) {
    byId("treemap").replaceChildren(el("p", { class: "empty" }, "There are no parameters."));
    byId("legend").replaceChildren();
    return;
  }
  drawTreemap();
  drawLegend();
}
