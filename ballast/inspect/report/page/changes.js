// What changed between two files, most first.
function showChanges() {
  const changes = data.changes;
  if (!changes) return;
  const body = byId("changes-body");
  byId("changes").hidden = false;
  const words = [];
  if (changes.pairs.length) words.push(`${whole(changes.pairs.length)} of ${plural(changes.compared, "tensor")} changed`);
  else if (changes.compared) words.push(`all ${plural(changes.compared, "tensor")} that are in both are equal`);
  for (const word of ["added", "removed", "renamed", "reshaped", "retyped", "unread"])
    if (changes[word].length) words.push(whole(changes[word].length) + " " + (word === "unread" ? "not compared" : word));
  body.append(el("p", {}, words.length ? words.join(", ") + "." : "No tensor is in both files."));

  if (changes.layers.length > 1) body.append(layersTable(changes.layers));
  if (changes.pairs.length) {
    const rows = el("tbody");
    const meter = meterOf(changes.pairs.map((p) => real(p[1])));
    const header = (text, number) => el("th", { scope: "col", class: number ? "number" : null }, text);
    const table = el("table", { id: "pairs" },
      el("caption", {}, "Most changed first: those with values that are not finite, then by the norm of the difference relative to that of the tensor before"),
      el("thead", {}, el("tr", {}, header("tensor"), header("relative change", true), el("td", {}), header("root mean square", true),
        header("largest", true), header("values changed", true), header("cosine", true))), rows);
    const more = growing(rows, changes.pairs.length, 15, 200, (i) => {
      const [name, relative, rms, largestAbs, changed, count, cosine, notFinite] = changes.pairs[i];
      return el("tr", { "data-relative": real(relative) }, el("td", {}, nameOrButton(name), notFinite ? ` ${whole(notFinite)} not finite` : ""),
        el("td", { class: "number" }, figure(real(relative))), el("td", {}, meter(real(relative))), el("td", { class: "number" }, figure(real(rms))),
        el("td", { class: "number" }, figure(real(largestAbs))), el("td", { class: "number" }, percent(changed, count)),
        el("td", { class: "number" }, figure(real(cosine))));
    }, "tensors");
    body.append(el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Tensors that changed" }, table), more);
  }

  const listed = (title, entries, line) => {
    if (!entries.length) return;
    const ul = el("ul", {});
    body.append(el("details", {}, el("summary", {}, `${title} (${whole(entries.length)})`), ul,
      growing(ul, entries.length, 50, 500, (i) => el("li", {}, line(entries[i])), "names")));
  };
  listed("Added: only in the second file", changes.added, nameOrButton);
  listed("Removed: only in the first file", changes.removed, nameOrButton);
  listed("Renamed: the same bits under another name", changes.renamed, (r) => [nameOrButton(r[0]), " \u2192 ", nameOrButton(r[1])]);
  listed("Reshaped", changes.reshaped, (r) => [nameOrButton(r[0]),
    `: ${r[1]} ${shapeText(r[2])} \u2192 ${r[3]} ${shapeText(r[4])}${r[5] ? ", the same elements" : ""}`]);
  listed("Not compared", changes.unread, (r) => [nameOrButton(r[0]), ": " + r[1]]);
  listed("Retyped", changes.retyped, (r) => [nameOrButton(r[0]), `: ${r[1]} \u2192 ${r[2]}`]);
}

// Bars in proportion to the largest of some figures.
function meterOf(figures) {
  const largest = figures.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, x) : most), 1e-300);
  return (x) => {
    const meter = el("span", { class: "meter" }, el("i"));
    meter.firstChild.style.width = (x === Infinity ? 100 : Math.min(100, (100 * x) / largest || 0)) + "%";
    return meter;
  };
}

// Which layers moved, their tensors taken together.
function layersTable(layers) {
  const rows = el("tbody");
  const meter = meterOf(layers.map((layer) => real(layer[1])));
  const more = growing(rows, layers.length, 6, 100, (i) => {
    const [path, relative, changed, all] = layers[i];
    const at = moduleAt(path);
    const name = at ? el("button", { type: "button", class: "name", onclick: () => goTo(at) }, seen(path)) : el("span", { class: "mono" }, seen(path));
    return el("tr", {}, el("td", {}, name), el("td", { class: "number" }, figure(real(relative))), el("td", {}, meter(real(relative))),
      el("td", { class: "number" }, `${whole(changed)} of ${whole(all)}`));
  }, "layers");
  return el("div", { class: "layers scroll", tabindex: 0, role: "region", "aria-label": "Layers that changed" }, el("table", { id: "layers" }, el("caption", {}, "Layers, their tensors taken together"),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "layer"), el("th", { scope: "col", class: "number" }, "relative change"), el("td", {}),
      el("th", { scope: "col", class: "number" }, "tensors changed"))), rows), more);
}
