showFindings();
showChanges();
showHeader();
showNotes();
startTree();
showModule(below(root));
themes();
if (rowCount > 0) {
  // What has something to say first: the tensor of the worst finding, or the largest.
  const first = data.findings.list.find((f) => typeof f.about === "number" && f.severity !== "note");
  let row = 0;
  tensors.own.forEach((own, i) => { if (own > tensors.own[row]) row = i; });
  select(leafOf[first ? first.about : row]);
  reveal(tree.selected);
} else {
  byId("detail").append(el("p", { class: "empty" }, "The file holds no tensors."));
}
document.documentElement.setAttribute("data-ready", String(Math.round(performance.now())));
