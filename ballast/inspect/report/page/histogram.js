// How the values of a tensor are distributed.
let logarithmic = false;

function histogramFigure(row, figures) {
  const counts = data.histograms[tensors.look[row]];
  if (!counts || counts.length === 0) return null;
  const width = 560, height = 190, left = 54, right = 8, top = 14, bottom = 26;
  let [min, max] = [figures.min, figures.max];
  if (min === max) { min -= 0.5; max += 0.5; }
  const total = d3.sum(counts);
  const peak = d3.max(counts);
  const step = (max - min) / counts.length;
  const edge = (i) => (i === counts.length ? max : min + i * step);

  const chart = el("div");
  const draw = () => {
    const x = d3.scaleLinear().domain([min, max]).range([left, width - right]);
    const y = (logarithmic ? d3.scaleLog().domain([0.5, peak * 1.3]) : d3.scaleLinear().domain([0, peak * 1.05]))
      .range([height - bottom, top]);
    const svg = d3.create("svg:svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img").attr("class", "histogram")
      .attr("aria-label", histogramText(counts, edge, total));
    const base = height - bottom;
    svg.append("g").attr("class", "bars").selectAll("rect").data(counts).enter().append("rect")
      .attr("x", (c, i) => left + (i * (width - left - right)) / counts.length)
      .attr("width", Math.max(0.5, (width - left - right) / counts.length - 0.75))
      .attr("y", (c) => (c === 0 ? base : Math.min(base - 1, y(c)))).attr("height", (c) => (c === 0 ? 0 : Math.max(1, base - y(c))));
    const mark = (value, name) => {
      if (!(value >= min && value <= max)) return;
      svg.append("line").attr("class", "mark").attr("x1", x(value)).attr("x2", x(value)).attr("y1", top).attr("y2", base);
      svg.append("text").attr("class", "mark-text").attr("x", x(value)).attr("y", top - 4).attr("text-anchor", "middle").text(name);
    };
    mark(figures.mean, "mean");
    if (Math.abs(x(0) - x(figures.mean)) > 34) mark(0, "0");
    const large = Math.max(Math.abs(min), Math.abs(max));
    svg.append("g").attr("transform", `translate(0,${base})`).call(d3.axisBottom(x).ticks(7, large >= 1e5 || large < 1e-3 ? ".2e" : undefined));
    svg.append("g").attr("transform", `translate(${left},0)`).call(d3.axisLeft(y).ticks(4, "~s"));
    // One rectangle over all: low bars are easy to point at too.
    const over = svg.append("rect").attr("x", left).attr("y", top).attr("width", width - left - right).attr("height", base - top)
      .attr("fill", "transparent").node();
    over.addEventListener("mousemove", (event) => {
      const box = over.getBoundingClientRect();
      const i = Math.max(0, Math.min(counts.length - 1, Math.floor(((event.clientX - box.left) / box.width) * counts.length)));
      tip.show(event, `${figure(edge(i))} to ${figure(edge(i + 1))}: ${plural(counts[i], "value")}, ${percent(counts[i], total)}`);
    });
    over.addEventListener("mouseleave", tip.hide);
    chart.replaceChildren(svg.node());
  };
  draw();
  const toggle = el("button", { type: "button", "aria-pressed": String(logarithmic), onclick: () => {
    logarithmic = !logarithmic;
    toggle.setAttribute("aria-pressed", String(logarithmic));
    draw();
  } }, "logarithmic");
  return el("figure", { class: "histogram" }, el("figcaption", {}, el("h4", {}, "Histogram"), el("div", { class: "controls" }, toggle)), chart,
    el("p", {}, histogramText(counts, edge, total)));
}

function histogramText(counts, edge, total) {
  const peak = d3.max(counts);
  const at = counts.indexOf(peak);
  return `${counts.length} bins from ${figure(edge(0))} to ${figure(edge(counts.length))}. The highest, ${figure(edge(at))} to ` +
    `${figure(edge(at + 1))}, holds ${plural(peak, "value")}, ${percent(peak, total)}.`;
}
