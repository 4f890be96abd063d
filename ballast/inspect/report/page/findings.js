// What is wrong, the worst first.
function showFindings() {
  const body = byId("findings-body");
  const { counts, list } = data.findings;
  const total = counts.error + counts.warning + counts.note;
  if (total === 0) {
    body.append(el("p", { class: "empty" }, tensors.look.some((x) => x >= 0) ? "Nothing looks wrong." : "No tensor could be looked at."));
    return;
  }
  const words = ["error", "warning", "note"].filter((s) => counts[s] > 0).map((s) => plural(counts[s], s));
  body.append(el("p", {}, words.join(", ")));
  const ul = el("ul", { class: "findings" });
  body.append(ul, growing(ul, list.length, 8, 100, (i) => {
    const finding = list[i];
    const others = finding.others_count ? ` (and ${plural(finding.others_count, "other")})` : "";
    return el("li", {}, el("span", { class: "severity " + finding.severity }, finding.severity),
      el("span", {}, nameOrButton(finding.about), others), el("span", {}, finding.reason));
  }, "findings"));
  if (list.length < total) body.append(el("p", {}, `The page has the first ${whole(list.length)} of ${whole(total)}.`));
}
