// Which tensors show one storage, and which part of it each of them shows.
function sharingFigure(group, row) {
  const { bytes: size, rows, spans } = tensors.groups[group];
  const grid = el("div", { class: "sharing" });
  const bar = (begin, end) => {
    const svg = d3.create("svg:svg").attr("viewBox", "0 0 1000 14").attr("preserveAspectRatio", "none").attr("aria-hidden", "true");
    svg.append("rect").attr("class", "storage").attr("width", 1000).attr("height", 14);
    svg.append("rect").attr("class", "part").attr("x", (1000 * begin) / size).attr("width", Math.max(2, (1000 * (end - begin)) / size))
      .attr("height", 14);
    return svg.node();
  };
  const more = growing(grid, rows.length, 12, 50, (i) => {
    const [begin, end] = spans[i];
    const name = rows[i] === row ? el("span", { class: "mono" }, "this tensor") : tensorButton(rows[i]);
    const said = begin === 0 && end === size ? "the whole storage" : `bytes ${whole(begin)} to ${whole(end)} of ${whole(size)}`;
    const line = document.createDocumentFragment();
    line.append(el("span", {}, name), el("span", { title: said }, bar(begin, end), el("span", { class: "hidden-text" }, said)));
    return line;
  }, "tensors");
  const same = spans.every(([b, e]) => b === spans[0][0] && e === spans[0][1]);
  return el("figure", {}, el("figcaption", {}, el("h4", {}, `Shared storage #${group + 1}`)), grid, more,
    el("p", {}, `${plural(rows.length, "tensor")} show one storage of ${bytes(size)}; each bar is the part that one of them reaches. ` +
      (same ? "All reach the same: what changes in one changes in all." : "Where bars lie over each other, what changes in one changes in the other.")));
}
