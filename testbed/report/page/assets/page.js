// What any page needs: its data, its theme, its choosers. Everything lives in `page`.
"use strict";
const page = {
  data(name) {
    const found = document.getElementById(`data-${name}`);
    return found ? JSON.parse(found.textContent) : null;
  },

  colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  },

  make(name, attributes = {}, ...content) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...content);
    return made;
  },

  // -- theme: the system's, until the button is pressed ---------------------------------------------------------------

  repaints: [],

  theme() {
    const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
    const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const button = document.getElementById("theme");
    const tell = () => {
      button.textContent = dark() ? "☀ Light" : "☾ Dark";
      for (const repaint of page.repaints) repaint();
    };
    try { root.dataset.theme = localStorage.getItem("testbed-theme") || ""; } catch { /* a page without storage */ }
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("testbed-theme", root.dataset.theme); } catch { /* the same */ }
      tell();
    });
    system.addEventListener("change", tell);
    tell();
  },

  // -- parameters: a search over the rows of all tables ---------------------------------------------------------------

  search() {
    const field = document.getElementById("search");
    if (!field) return;
    const rows = [...document.querySelectorAll("#parameters tbody tr")];
    const groups = [...document.querySelectorAll("#parameters details")];
    const were = new Map(groups.map((group) => [group, group.open]));
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      for (const group of groups) {
        const some = [...group.querySelectorAll("tbody tr")].some((row) => !row.hidden);
        group.hidden = words.length > 0 && !some;
        group.open = words.length > 0 ? some : were.get(group);
      }
    });
  },

  // -- choosers: <select data-chooses="metric"> shows the elements whose data-metric is its value ---------------------

  choosers() {
    const all = [...document.querySelectorAll("select[data-chooses]")];
    const show = () => {
      const chosen = Object.fromEntries(all.map((one) => [one.dataset.chooses, one.value]));
      for (const [key] of Object.entries(chosen))
        for (const element of document.querySelectorAll(`[data-${key}]`))
          element.hidden = Object.entries(chosen).some(([k, v]) => element.dataset[k] !== undefined && element.dataset[k] !== v);
    };
    for (const one of all) one.addEventListener("change", show);
    if (all.length) show();
  },

  // -- the data, to be kept ---------------------------------------------------------------------------------------------

  downloads() {
    for (const button of document.querySelectorAll("button[data-download]"))
      button.addEventListener("click", () => {
        const text = JSON.stringify(page.data(button.dataset.download), null, 2);
        const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
        const link = page.make("a", { href: url, download: button.dataset.file || "data.json" });
        document.body.append(link);
        link.click();
        link.remove();
        setTimeout(() => URL.revokeObjectURL(url), 1000);
      });
  },
};
