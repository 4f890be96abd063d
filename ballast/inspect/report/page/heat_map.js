// A tensor as a matrix of few cells, which can be looked at closely.
let heatPlane = "mean";

// {rows, columns, cellRows, cellColumns, planes: {name: {codes, low, high}}, marks: Map of cell to 1 (NaN), 2 (infinity) or 3}
function heatMapOf(row) {
  const map = data.maps[tensors.look[row]];
  if (!map || map.length === 0) return null;
  const [matrixRows, matrixColumns, cellRows, cellColumns] = map;
  const plane = (k) => ({ codes: Uint8Array.from(atob(map[k]), (c) => c.charCodeAt(0)), low: map[k + 1], high: map[k + 2] });
  const single = cellRows * cellColumns === 1;
  const planes = single ? { mean: plane(4) } : { mean: plane(4), farthest: plane(7) };
  const marks = new Map();
  const list = map[map.length - 1];
  for (let i = 0; i < list.length; i += 2) marks.set(list[i], list[i + 1]);
  return { matrixRows, matrixColumns, cellRows, cellColumns, single, planes, marks, rows: Math.ceil(matrixRows / cellRows),
    columns: Math.ceil(matrixColumns / cellColumns) };
}
const decoded = (plane, cell) => (plane.codes[cell] === 0 ? NaN : plane.low + ((plane.codes[cell] - 1) / 254) * (plane.high - plane.low));

// Around zero where there are values on both sides, both sides to the same scale; else from low to high. Where few cells lie far from
// the rest, colours end before them, so that the rest can be told apart; `beyond` is how many are past the end.
function heatColour(plane) {
  const values = Float64Array.from(plane.codes, (code, cell) => decoded(plane, cell)).filter((v) => !Number.isNaN(v)).sort();
  const around = plane.low < 0 && plane.high > 0;
  let [from, to] = [plane.low, plane.high];
  if (around) {
    const sizes = values.map(Math.abs).sort();
    const usual = d3.quantile(sizes, 0.99), most = sizes[sizes.length - 1];
    to = usual > 0 && usual < most / 2 ? usual : most;
    from = -to;
  } else if (values.length > 0) {
    const [low, high] = [d3.quantile(values, 0.01), d3.quantile(values, 0.99)];
    if (high > low && high - low < (to - from) / 2) [from, to] = [low, high];
  }
  const part = (v) => (to > from ? Math.max(0, Math.min(1, (v - from) / (to - from))) : 0.5);
  return { domain: [from, to], beyond: values.filter((v) => v < from - (to - from) * 1e-3 || v > to + (to - from) * 1e-3).length,
    at: around ? (v) => d3.interpolateRdBu(1 - part(v)) : (v) => d3.interpolateViridis(part(v)) };
}

// One pixel a cell.
function heatImage(map, plane, colour) {
  const canvas = el("canvas", { width: map.columns, height: map.rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(map.columns, map.rows);
  const table = d3.range(256).map((code) => (code === 0 ? null : d3.rgb(colour.at(plane.low + ((code - 1) / 254) * (plane.high - plane.low)))));
  for (let i = 0; i < plane.codes.length; ++i) {
    const rgb = table[plane.codes[i]] || { r: 128, g: 128, b: 128 };
    image.data.set([rgb.r, rgb.g, rgb.b, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function heatMapFigure(row) {
  const map = heatMapOf(row);
  if (!map) return null;
  const width = 1120, height = Math.round(Math.max(map.rows === 1 ? 60 : 200, Math.min(720, (width * map.rows) / map.columns)));
  const canvas = el("canvas", { width, height, tabindex: 0, role: "img", class: "map" });
  // Cells of a small tensor need not fill the page.
  canvas.style.maxWidth = Math.max(240, 48 * map.columns) + "px";
  const scale = el("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const axis = el("div");
  const ends = el("span");
  const status = el("p", { role: "status", class: "hidden-text" });
  let image, transform = d3.zoomIdentity;

  const draw = () => {
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, width, height);
    context.save();
    context.translate(transform.x, transform.y);
    context.scale(transform.k, transform.k);
    context.drawImage(image, 0, 0, width, height);
    const w = width / map.columns, h = height / map.rows;
    map.marks.forEach((kind, cell) => {
      // Large enough to be found, however small the cell is.
      const x = (cell % map.columns + 0.5) * w, y = (Math.floor(cell / map.columns) + 0.5) * h;
      const side = Math.max(w / 2, 9 / transform.k), up = Math.max(h / 2, 9 / transform.k);
      for (const [style, thick] of [["#ffffff", 5], ["#000000", 2]]) {
        context.strokeStyle = style;
        context.lineWidth = thick / transform.k;
        context.beginPath();
        context.rect(x - side, y - up, 2 * side, 2 * up);
        context.moveTo(x - side, y - up);
        context.lineTo(x + side, y + up);
        context.moveTo(x + side, y - up);
        context.lineTo(x - side, y + up);
        context.stroke();
      }
    });
    context.restore();
  };
  const paint = () => {
    if (!map.planes[heatPlane]) heatPlane = "mean";
    const plane = map.planes[heatPlane];
    const colour = heatColour(plane);
    image = heatImage(map, plane, colour);
    const context = scale.getContext("2d");
    for (let i = 0; i < 256; ++i) {
      context.fillStyle = colour.at(colour.domain[0] + (i / 255) * (colour.domain[1] - colour.domain[0]));
      context.fillRect(i, 0, 1, 1);
    }
    const svg = d3.create("svg:svg").attr("viewBox", "0 0 560 22").attr("aria-hidden", "true");
    const large = Math.max(Math.abs(colour.domain[0]), Math.abs(colour.domain[1]));
    svg.append("g").call(d3.axisBottom(d3.scaleLinear().domain(colour.domain).range([1, 559]))
      .ticks(7, large >= 1e5 || large < 1e-3 ? ".1e" : undefined));
    axis.replaceChildren(svg.node());
    ends.textContent = colour.beyond ? ` Colours end at ${figure(Number(colour.domain[0].toPrecision(3)))} and ` +
      `${figure(Number(colour.domain[1].toPrecision(3)))}; ${plural(colour.beyond, "cell")} ${colour.beyond === 1 ? "is" : "are"} beyond.` : "";
    canvas.setAttribute("aria-label", heatText(map, plane));
    draw();
  };

  const zoom = d3.zoom().scaleExtent([1, 64]).translateExtent([[0, 0], [width, height]]).extent([[0, 0], [width, height]])
    .filter(function () {
      const event = d3.event || arguments[0];
      // The wheel scrolls the page until the map was chosen.
      return !event.button && (event.type !== "wheel" || event.ctrlKey || document.activeElement === canvas);
    })
    .on("zoom", () => {
      transform = d3.zoomTransform(canvas);
      draw();
    });
  const selection = d3.select(canvas).call(zoom).on("dblclick.zoom", null);
  const zoomBy = (factor) => { selection.call(zoom.scaleBy, factor); status.textContent = `Zoom ${figure(transform.k)}`; };
  const reset = () => { selection.call(zoom.transform, d3.zoomIdentity); status.textContent = "Zoom 1"; };
  canvas.addEventListener("keydown", (event) => {
    const step = width / 12 / transform.k;
    const keys = { "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), 0: reset,
      ArrowLeft: () => selection.call(zoom.translateBy, step, 0), ArrowRight: () => selection.call(zoom.translateBy, -step, 0),
      ArrowUp: () => selection.call(zoom.translateBy, 0, step), ArrowDown: () => selection.call(zoom.translateBy, 0, -step) };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  canvas.addEventListener("mousemove", (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = transform.invert([((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height]);
    const i = Math.floor((y / height) * map.rows), j = Math.floor((x / width) * map.columns);
    if (i < 0 || j < 0 || i >= map.rows || j >= map.columns) return tip.hide();
    tip.show(event, cellText(map, i, j));
  });
  canvas.addEventListener("mouseleave", tip.hide);

  const planeButton = (name, text) => el("button", { type: "button", "aria-pressed": String(heatPlane === name), onclick: (event) => {
    heatPlane = name;
    for (const b of event.target.parentNode.querySelectorAll("[aria-pressed]")) b.setAttribute("aria-pressed", String(b === event.target));
    paint();
  } }, text);
  paint();
  return el("figure", {}, el("figcaption", {}, el("h4", {}, "Heat map"), el("div", { class: "controls" },
    map.single ? null : [planeButton("mean", "mean"), planeButton("farthest", "farthest from zero")],
    el("button", { type: "button", "aria-label": "Zoom in", onclick: () => zoomBy(1.5) }, "+"),
    el("button", { type: "button", "aria-label": "Zoom out", onclick: () => zoomBy(1 / 1.5) }, "\u2212"),
    el("button", { type: "button", onclick: reset }, "whole"))),
  el("div", { class: "heat" }, canvas), el("div", { class: "heat-scale" }, scale, axis),
  el("p", {}, coverText(map), ends, " Click it, then scroll or press + and \u2212 to zoom; drag or use the arrows to move."), status);
}

function coverText(map) {
  const matrix = `${whole(map.matrixRows)} x ${whole(map.matrixColumns)} values`;
  const cells = map.single ? "Each cell is one value" : `Each cell covers ${whole(map.cellRows)} x ${whole(map.cellColumns)} values`;
  const marked = map.marks.size ? ` ${plural(map.marks.size, "cell")} with NaN or infinities ${map.marks.size === 1 ? "is" : "are"} crossed.` : "";
  return `${matrix} as ${whole(map.rows)} x ${whole(map.columns)} cells. ${cells}.${marked}`;
}
function heatText(map, plane) {
  const what = map.single ? "values" : heatPlane === "mean" ? "means" : "values farthest from zero";
  return `Heat map: ${coverText(map)} The ${what} go from ${figure(plane.low)} to ${figure(plane.high)}.`;
}
function cellText(map, i, j) {
  const range = (at, each, all) => {
    const first = at * each, last = Math.min(first + each, all) - 1;
    return first === last ? whole(first) : `${whole(first)}\u2013${whole(last)}`;
  };
  const cell = i * map.columns + j;
  const mean = decoded(map.planes.mean, cell);
  let text = `row ${range(i, map.cellRows, map.matrixRows)}, column ${range(j, map.cellColumns, map.matrixColumns)}: `;
  text += Number.isNaN(mean) ? "no finite value" : map.single ? `about ${figure(Number(mean.toPrecision(3)))}` :
    `mean about ${figure(Number(mean.toPrecision(3)))}, farthest from zero about ${figure(Number(decoded(map.planes.farthest, cell).toPrecision(3)))}`;
  const mark = map.marks.get(cell);
  return text + (mark ? `; has ${["NaN", "infinities", "NaN and infinities"][mark - 1]}` : "");
}
