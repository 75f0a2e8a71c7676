// Charts over time by uPlot: one cursor, one zoom, series by flow. `charts.range` is what all of them show.
"use strict";
const charts = {
  all: [],          // {place, plot, repaint}
  range: null,
  told: null,
  shown: new Set(),

  start() {
    charts.told = page.data("charts");
    if (!charts.told) return;
    const { end, flows, chosen } = charts.told;
    charts.home = [0, end > 0 ? end : 1e-3];
    const asked = /^#t=([\d.e-]+),([\d.e-]+)$/.exec(location.hash);  // page.html#t=1.2,1.5 shows that stretch
    charts.range = asked ? [Number(asked[1]), Number(asked[2])] : charts.home;
    flows.forEach((_, at) => at < chosen && charts.shown.add(at));
    for (const place of document.querySelectorAll("[data-chart]")) {
      const chart = charts.told.charts.find((one) => one.name === place.dataset.chart);
      charts.add(place, () => charts.build(place, chart));
    }
    for (const box of document.querySelectorAll("[data-flow]"))
      box.addEventListener("change", () => {
        charts.shown[box.checked ? "add" : "delete"](Number(box.dataset.flow));
        charts.rebuild();
      });
    charts.controls();
    let width = innerWidth;
    addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; charts.resize(); } });
    addEventListener("beforeprint", () => charts.resize(690));  // what a sheet of A4 is wide
    addEventListener("afterprint", () => charts.resize());
    page.repaints.push(() => charts.all.forEach(({ plot }) => plot.redraw(false)));
    charts.tell();
  },

  // -- all together -----------------------------------------------------------------------------------------------------

  add(place, build) {
    const one = { place, build, plot: build() };
    charts.all.push(one);
    place.addEventListener("keydown", (event) => {
      const what = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", 0: "all" }[event.key];
      if (!what || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      charts.move(what);
    });
    return one;
  },

  rebuild() {
    for (const one of charts.all) {
      one.plot.destroy();
      one.place.replaceChildren();
      one.plot = one.build();
    }
  },

  resize(width) {
    for (const { place, plot } of charts.all) plot.setSize({ width: width ?? charts.width(place), height: plot.height });
  },

  zoom(low, high) {
    const [first, last] = charts.home, least = (last - first) * 1e-6;
    low = Math.max(first, low); high = Math.min(last, high);
    if (!(high - low > least)) return;
    charts.range = [low, high];
    for (const { plot } of charts.all) plot.setScale("x", { min: low, max: high });
    charts.tell();
  },

  move(what) {
    const [low, high] = charts.range, width = high - low, [first, last] = charts.home;
    if (what === "all") charts.zoom(first, last);
    if (what === "in") charts.zoom(low + width / 4, high - width / 4);
    if (what === "out") charts.zoom(low - width / 2, high + width / 2);
    const by = what === "left" ? -Math.min(width / 4, low - first) : what === "right" ? Math.min(width / 4, last - high) : 0;
    if (by) charts.zoom(low + by, high + by);
  },

  tell() {
    const span = document.getElementById("span"), [low, high] = charts.range;
    if (span) span.textContent = `${charts.number(low, "s", high)} to ${charts.number(high, "s", high)}`;
  },

  controls() {
    for (const button of document.querySelectorAll("[data-zoom]"))
      button.addEventListener("click", () => charts.move(button.dataset.zoom));
  },

  // -- numbers ------------------------------------------------------------------------------------------------------------

  units: {
    B: [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]],
    "bit/s": [[1e9, "Gbit/s"], [1e6, "Mbit/s"], [1e3, "kbit/s"], [1, "bit/s"]],
    s: [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]],
  },

  number(value, unit, scale = value, digits = 4) {
    if (value === null || value === undefined) return "–";
    const known = charts.units[unit];
    if (!known) return Number(value.toPrecision(6)).toLocaleString("en") + (unit ? ` ${unit}` : "");
    if (value === 0) return "0";
    const [factor, name] = known.find(([factor]) => Math.abs(scale) >= factor * 0.9999) ?? known.at(-1);
    return `${Number((value / factor).toPrecision(digits))} ${name}`;
  },

  undo(steps, tick = 1) {
    let sum = 0;
    return steps.map((step) => (sum += step) * tick);
  },

  times(steps, tick) {  // what happened at one instant stays in order: a thousandth of a tick apart
    let sum = 0, same = 0;
    return steps.map((step) => ((same = step ? 0 : same + 1), (sum += step) + same / 1000) * tick);
  },

  whole: [...Array(13).keys()].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power)),
  colour: (at) => page.colour(`--c${at % 7}`),
  width: (place) => Math.max(200, Math.floor(place.clientWidth)),

  // -- one chart ------------------------------------------------------------------------------------------------------------

  build(place, chart) {
    const series = chart.series.filter((one) => one.flow < 0 || charts.shown.has(one.flow));
    for (const one of series) one.times ??= charts.times(one.t, charts.told.tick);
    const tables = series.map((one) => [one.times, one.y]);
    const data = tables.length ? uPlot.join(tables, tables.map(() => [1])) : [charts.home.slice(), [null, null]];
    charts.notes(series, data);
    const drawn = series.length ? series.map((one) => charts.line(one)) : [{ show: false }];
    const plot = new uPlot(charts.options(place, chart.unit, 240, drawn, {
      log: chart.log, tip: (u) => charts.told_at(u, series, chart.unit),
    }), data, place);
    charts.legend(place, plot, series);
    return plot;
  },

  notes(series, data) {  // which point of a series stands at each moment of all
    series.forEach((one, at) => {
      let next = 0;
      const known = data[at + 1];
      one.which = new Int32Array(known.length).fill(-1);
      for (let i = 0; i < known.length && next < one.times.length; i++)
        while (next < one.times.length && one.times[next] <= data[0][i]) one.which[i] = next++;
    });
  },

  line(one) {
    const few = one.times.length < (one.step ? 3 : 60);
    return {
      label: one.label, spanGaps: true, width: 1.5, stroke: () => charts.colour(one.colour),
      dash: one.dash ? [5, 4] : undefined, paths: one.step ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear(),
      points: { show: few, size: 4, fill: () => charts.colour(one.colour) },
    };
  },

  options(place, unit, height, series, { log = false, tip = null, y = null, draw = null } = {}) {
    const dim = () => page.colour("--dim"), grid = { stroke: () => page.colour("--grid"), width: 1 };
    const font = "12px system-ui, sans-serif", ticks = { ...grid, size: 4 };
    const shown = unit === "packets" ? "" : unit, whole = unit === "packets" || unit === "B";
    const text = (u, splits) => splits.map((v) => (v === null ? "" : charts.number(v, shown, unit === "s" && log ? v : Math.max(...splits.map(Math.abs)))));
    return {
      width: charts.width(place), height, series: [{ label: "time" }, ...series],
      scales: {
        x: { time: false, range: () => charts.range },
        y: { distr: log ? 3 : 1, range: y ?? (log ? undefined : (u, min, max) => [Math.min(0, min ?? 0), max > 0 ? max * 1.05 : 1]) },
      },
      axes: [
        { stroke: dim, grid, ticks, font, label: "Time (s)", labelFont: font, labelSize: 18, size: 34, space: 60 },
        { stroke: dim, grid, ticks, font, values: text, gap: 4, space: log ? 24 : 34,
          size: innerWidth < 640 ? 66 : 82,
          ...(whole && { incrs: charts.whole }) },
      ],
      legend: { show: false },
      cursor: {
        y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 },
        sync: { key: "time", setSeries: false, scales: ["x", null], filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
        dataIdx: (u, at, index, x) => charts.holds(u, at, index, x),
        bind: { dblclick: () => () => { charts.zoom(...charts.home); return null; } },
      },
      hooks: {
        setSelect: [(u) => charts.selected(u)],
        setCursor: tip ? [charts.tip(place, tip)] : [],
        draw: draw ? [draw] : [],
      },
    };
  },

  holds(u, at, index, x) {  // the point that holds at x: the last one up to it
    const values = u.data[at], times = u.data[0];
    let i = times[index] > x && index > 0 ? index - 1 : index;
    while (i > 0 && (values[i] === null || values[i] === undefined)) i--;
    return values[i] === null || values[i] === undefined ? index : i;
  },

  selected(u) {
    const { left, width } = u.select;
    if (width > 4) charts.zoom(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
    if (width) u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  },

  // -- what is under the cursor ---------------------------------------------------------------------------------------------

  told_at(u, series, unit) {
    const at = u.posToVal(u.cursor.left, "x"), lines = [];
    series.forEach((one, i) => {
      const index = u.cursor.idxs[i + 1];
      if (!u.series[i + 1].show || index === null || index === undefined) return;
      const value = u.data[i + 1][index];
      if (value === null || value === undefined || u.data[0][index] > at + 1e-12) return;
      const mark = page.make("i");
      mark.style.background = charts.colour(one.colour);
      const line = page.make("div", {}, mark, `${one.label} ${charts.number(value, unit)}`);
      if (one.notes && one.which[index] >= 0) line.append(" ", page.make("em", {}, charts.told.words[one.notes[one.which[index]]]));
      lines.push(line);
    });
    return lines.length ? [page.make("strong", {}, `${at.toFixed(6).replace(/0{1,3}$/, "")} s`), ...lines.slice(0, 14)] : [];
  },

  tip(place, told) {
    return (u) => {
      let box = place.querySelector(".tip");
      const lines = u.cursor.event && u.cursor.left >= 0 ? told(u) : [];
      if (!lines.length) { box?.remove(); return; }
      if (!box) place.append((box = page.make("div", { class: "tip" })));
      box.replaceChildren(...lines);
      const x = u.over.offsetLeft + u.cursor.left, right = x > place.clientWidth / 2;
      box.style.left = right ? "" : `${x + 14}px`;
      box.style.right = right ? `${place.clientWidth - x + 14}px` : "";
      box.style.top = `${u.over.offsetTop + 6}px`;
    };
  },

  legend(place, plot, series) {
    const list = page.make("ul", { class: "legend" });
    series.forEach((one, i) => list.append(page.make("li", {}, charts.key(
      one.label, `<line x1="0" y1="5" x2="22" y2="5" class="s${one.colour % 7}" stroke-width="2.5"${one.dash ? ' stroke-dasharray="5 4"' : ""}/>`,
      (on) => plot.setSeries(i + 1, { show: on }),
    ))));
    place.append(list);
  },

  key(label, picture, toggled) {  // an entry of a legend, to be switched on and off
    const button = page.make("button", { type: "button", "aria-pressed": "true" });
    button.innerHTML = `<svg width="22" height="10" aria-hidden="true">${picture}</svg>`;
    button.append(label);
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      toggled(on);
    });
    return button;
  },
};
