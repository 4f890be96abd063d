// The title, what the file is, the theme, the contents, and the notes at the end.
function fact(name, value, more) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, value, more ? el("span", {}, more) : null));
}

function factsOf(file, title) {
  const unique = file.parameters_unique !== file.parameters;
  const types = file.types.slice().sort((a, b) => b[1] - a[1]);
  const filtered = file.tensors !== file.tensors_in_file;
  const box = el("div", { class: "file" });
  if (title) box.append(el("h2", {}, title));
  box.append(el("p", { class: "mono soft" }, file.path));
  box.append(el("dl", { class: "figures" },
    fact("format", file.format, file.checked ? "checksums compared" : null),
    fact("parameters", whole(file.parameters_unique), unique ? whole(file.parameters) + " with shared ones counted each time" : null),
    fact("tensors", whole(file.tensors), filtered ? "of " + whole(file.tensors_in_file) + " in the file" : null),
    fact("size of tensors", bytes(file.bytes_unique), whole(file.bytes_unique) + " bytes"),
    fact(types.length === 1 ? "type" : "types", types.length ? types[0][0] : "none",
      types.length > 1 ? types.slice(1, 5).map(([t, n]) => `${t} (${whole(n)})`).join(", ") + (types.length > 5 ? ", \u2026" : "") : null)));
  file.hashes.forEach((hash) => {
    const several = file.hashes.length > 1;
    box.append(el("p", { class: "hash" }, (several ? hash.file + ", " : "") + bytes(hash.bytes) + ", SHA-256 ",
      el("code", {}, hash.sha256)));
  });
  if (file.left_out > 0)
    box.append(el("p", {}, `${whole(file.left_out)} more tensors are left out: --filter chooses which are shown.`));
  return box;
}

function themes() {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = "system";
  const apply = () => {
    const theme = chosen === "system" ? (dark.matches ? "dark" : "light") : chosen;
    document.documentElement.setAttribute("data-theme", theme);
    byId("theme").textContent = "Theme: " + chosen;
    byId("theme").setAttribute("aria-label", "Theme: " + chosen + ". Change it");
    document.dispatchEvent(new Event("themed"));
  };
  byId("theme").addEventListener("click", () => {
    const order = dark.matches ? ["system", "light", "dark"] : ["system", "dark", "light"];
    chosen = order[(order.indexOf(chosen) + 1) % 3];
    apply();
  });
  dark.addEventListener("change", apply);
  apply();
}

function showHeader() {
  byId("title").textContent = data.title;
  byId("facts").append(factsOf(data.file, data.other ? "From" : null));
  if (data.other) byId("facts").append(factsOf(data.other, "To"));
  if (data.filter) byId("facts").append(el("p", {}, "Only tensors that match ", el("code", {}, data.filter), "."));
  document.querySelectorAll("main section").forEach((section) => {
    if (section.hidden) return;
    byId("contents").append(el("a", { href: "#" + section.id }, section.querySelector("h2").textContent));
  });
}

function showNotes() {
  const say = (text) => byId("notes").append(el("p", {}, text));
  say("Figures are of the finite values; NaN and infinities are counted beside them. The standard deviation has divisor n \u2212 1. " +
    "Six digits are kept. A complex number counts as two values.");
  say(data.bins > 0 ? `Histograms have ${data.bins} bins of equal width from the smallest to the largest value; counts are exact.` :
    "There are too many tensors for histograms in a page of this size.");
  say("A heat map shows a tensor as the matrix [first dimension, all others]. Each cell covers a rectangle of values, and every value " +
    "is in one cell: its mean, and the value in it that is farthest from zero. Both are kept in 254 steps between the lowest and the " +
    "highest of the map. Cells with a NaN or an infinity are marked with a cross.");
  say(`The page is made to stay near ${whole(data.page_bytes)} bytes: with more tensors, each has a map of fewer cells.`);
  say("Tensors that share storage are counted once in the totals and in the picture of where the parameters are. Names are shown with " +
    "escapes for characters that do not print.");
  byId("made").textContent = "Made by " + data.made_by + ". The page fetches nothing and runs nothing but its own two scripts.";
}
