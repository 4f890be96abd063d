// All about one tensor, or about one module.
function select(n) {
  tree.selected = n;
  const pane = byId("detail");
  pane.replaceChildren(...(n.children ? moduleDetail(n) : tensorDetail(n)));
}

// Selects a tensor or a module from elsewhere on the page, and goes there.
function goTo(n) {
  select(n);
  reveal(n);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("tensors").scrollIntoView({ behavior: still ? "auto" : "smooth" });
  byId("detail").querySelector("h3").focus({ preventScroll: true });
}

const showRow = (row) => goTo(leafOf[row]);

const heading = (text) => el("h3", { tabindex: -1 }, text);

function moduleDetail(n) {
  const rows = el("tbody");
  const parts = childrenOf(n).sort((a, b) => b.parameters - a.parameters);
  const more = growing(rows, parts.length, 30, 100, (i) => {
    const part = parts[i];
    return el("tr", {}, el("td", {}, el("button", { type: "button", class: "name", onclick: () => goTo(part) }, part.name)),
      el("td", {}, part.children ? plural(part.tensors, "tensor") : shapeText(tensors.shape[part.row])),
      el("td", { class: "number" }, whole(part.parameters)), el("td", { class: "number" }, percent(part.parameters, n.parameters)));
  }, "parts");
  return [heading(seen(n.path)),
    el("p", { class: "lead" }, `${plural(n.tensors, "tensor")}, ${plural(n.parameters, "parameter")}` +
      (n.own !== n.parameters ? ` (${whole(n.own)} with shared ones counted once)` : "") + `, ${percent(n.own, root.own)} of the file`),
    el("p", {}, el("button", { type: "button", onclick: () => {
      showModule(n);
      byId("map").scrollIntoView();
    } }, "Show in the treemap")),
    el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "part"), el("th", { scope: "col" }, "holds"),
      el("th", { scope: "col", class: "number" }, "parameters"), el("th", { scope: "col", class: "number" }, "share"))), rows), more];
}

function tensorDetail(n) {
  const row = n.row;
  const count = elements(tensors.shape[row]);
  const figures = figuresOf(row);
  const out = [heading(seen(n.path)),
    el("p", { class: "lead" }, `${typeOf(row)} ${shapeText(tensors.shape[row])}, ${plural(count, "parameter")}, ${bytes(tensors.bytes[row])}`)];
  const note = tensors.notes[row];
  if (note) out.push(el("p", {}, note[0].toUpperCase() + note.slice(1) + "."));
  const findings = findingsOf.get(row);
  if (findings) {
    out.push(el("ul", { class: "findings" }, findings.map((f) => {
      const rest = [f.about].concat(f.others || []).filter((x) => x !== row);
      return el("li", {}, el("span", { class: "severity " + f.severity }, f.severity), el("span", {}, f.problem.replace(/-/g, " ")),
        el("span", {}, f.reason, rest.length ? [". With ", rest.slice(0, 8).flatMap((x, i) => (i ? [", ", nameOrButton(x)] : [nameOrButton(x)])),
          rest.length > 8 ? ", \u2026" : ""] : null));
    })));
  }
  const change = changeOf.get(row);
  if (change) {
    out.push(el("h4", {}, "Change"), el("p", {}, `Moved by ${figure(real(change[1]))} of its norm; root mean square ${figure(real(change[2]))}, ` +
      `largest ${figure(real(change[3]))}; ${percent(change[4], change[5])} of the values changed; cosine ${figure(real(change[6]))}.`));
  }
  if (figures && figures.count > 0) {
    const histogram = histogramFigure(row, figures);
    if (histogram) out.push(histogram);
    const map = heatMapFigure(row);
    if (map) out.push(map);
    out.push(el("h4", {}, "Statistics"), statisticsList(figures));
  } else if (!note) {
    out.push(el("p", { class: "empty" }, "It has no elements."));
  }
  if (tensors.group[row] >= 0) out.push(sharingFigure(tensors.group[row], row));
  return out;
}

function statisticsList(f) {
  const lines = [["values", whole(f.count)], ["mean", figure(f.mean)], ["standard deviation", figure(f.std)], ["smallest", figure(f.min)],
    ["largest", figure(f.max)], ["norm (L2)", figure(f.l2)]];
  const share = (name, n, always) => {
    if (n > 0 || always) lines.push([name, n === 0 ? "none" : `${whole(n)} (${percent(n, f.count)})`]);
  };
  share("zeros", f.zeros, true);
  share("below zero", f.negatives, true);
  share("NaN", f.nans, true);
  share("infinities", f.plusInfinities + f.minusInfinities, true);
  share("subnormal", f.subnormals);
  share("infinite in float16", f.overflowFloat16);
  share("zero in float16", f.vanishFloat16);
  share("infinite in bfloat16", f.overflowBFloat16);
  share("zero in bfloat16", f.vanishBFloat16);
  return el("dl", { class: "statistics" }, lines.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
