// The time-sequence graph: uPlot for axes, cursor and zoom; the strokes are our own, on its canvas.
"use strict";
const sequence = {
  kinds: [
    { name: "windows", label: "window", colour: "--c5" }, { name: "acks", label: "acknowledged", colour: "--c2" },
    { name: "sacks", label: "SACK block", colour: "--c3" }, { name: "sent", label: "sent", colour: "--c0" },
    { name: "again", label: "sent again", colour: "--c1" }, { name: "lost", label: "lost", colour: "--bad" },
  ],
  hidden: new Set(),

  start() {
    const place = document.getElementById("sequence-graph"), graphs = page.data("sequence");
    if (!place || !graphs?.length) return;
    const tick = charts.told.tick;
    for (const graph of graphs)
      for (const { name } of sequence.kinds) sequence.unpack(graph[name], tick);
    const choice = document.getElementById("sequence-of");
    const one = charts.add(place, () => sequence.build(place, graphs[choice ? Number(choice.value) : 0]));
    choice?.addEventListener("change", () => {
      one.plot.destroy();
      place.replaceChildren();
      one.plot = one.build();
    });
  },

  unpack(part, tick) {
    part.t = part.y ? charts.times(part.t, tick) : charts.undo(part.t, tick);
    if (part.y) { part.y = charts.undo(part.y); return; }
    part.left = charts.undo(part.left);
    part.right = part.size.map((size, i) => part.left[i] + size);
    part.end = part.t.map((t, i) => t + (part.long ? part.long[i] * tick : 0));
  },

  build(place, graph) {
    const { acks, windows } = graph;
    const join = uPlot.join([[acks.t, acks.y], [windows.t, windows.y]]);
    const empty = !acks.t.length;
    const data = empty ? [charts.home.slice(), [null, null], [null, null]] : join;
    const step = uPlot.paths.stepped({ align: 1 });
    const line = (kind) => ({
      label: kind.label, spanGaps: true, width: 1.3, stroke: () => page.colour(kind.colour), paths: step, points: { show: false },
      show: !sequence.hidden.has(kind.name),
    });
    const plot = new uPlot(charts.options(place, "B", innerWidth < 640 ? 340 : 460, [line(sequence.kinds[1]), line(sequence.kinds[0])], {
      y: () => sequence.heights(graph), draw: (u) => sequence.draw(u, graph), tip: (u) => sequence.told_at(u, graph),
    }), data, place);
    sequence.legend(place, plot, graph);
    return plot;
  },

  heights(graph) {  // of what is seen: what was sent and acknowledged; the window may lie above
    const [low, high] = charts.range;
    let min = Infinity, max = -Infinity;
    const take = (a, b) => { if (a < min) min = a; if (b > max) max = b; };
    for (const name of ["sent", "again", "sacks", "lost"]) {
      const part = graph[name];
      for (let i = 0; i < part.t.length; i++) if (part.end[i] >= low && part.t[i] <= high) take(part.left[i], part.right[i]);
    }
    const { t, y } = graph.acks;
    for (let i = 0; i < t.length; i++) if (t[i] <= high && (t[i + 1] ?? Infinity) >= low) take(y[i], y[i]);
    if (min > max) return [0, 1];
    let above = max;
    graph.windows.t.forEach((at, i) => { if (at <= high && (graph.windows.t[i + 1] ?? Infinity) >= low) above = Math.max(above, graph.windows.y[i]); });
    if (above - min < 1.6 * (max - min)) max = above;
    const room = (max - min || 1) * 0.04;
    return [min - room, max + room];
  },

  draw(u, graph) {
    const { ctx } = u, { left, top, width, height } = u.bbox, ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    for (const { name, colour } of sequence.kinds) {
      const part = graph[name];
      if (part.y || sequence.hidden.has(name)) continue;
      ctx.strokeStyle = page.colour(colour);
      ctx.lineWidth = (name === "sent" ? 1.4 : name === "sacks" ? 1.2 : 2.8) * ratio;
      ctx.beginPath();
      for (let i = 0; i < part.t.length; i++) sequence.stroke(u, ctx, part, i, name, ratio);
      ctx.stroke();
    }
    ctx.restore();
  },

  stroke(u, ctx, part, i, name, ratio) {
    const [low, high] = charts.range;
    if (part.end[i] < low || part.t[i] > high) return;
    const x = u.valToPos(part.t[i], "x", true), end = part.end[i] > part.t[i] ? u.valToPos(part.end[i], "x", true) : x;
    let from = u.valToPos(part.left[i], "y", true), to = u.valToPos(part.right[i], "y", true);
    if (name === "lost") {
      const y = (from + to) / 2, r = 4 * ratio;
      ctx.moveTo(x - r, y - r); ctx.lineTo(x + r, y + r); ctx.moveTo(x + r, y - r); ctx.lineTo(x - r, y + r);
      return;
    }
    const least = (name === "again" ? 9 : 1.5) * ratio, missing = least - (from - to);  // never too short to be seen
    if (missing > 0) { from += missing / 2; to -= missing / 2; }
    ctx.moveTo(x, from); ctx.lineTo(end, to);
  },

  told_at(u, graph) {  // the nearest stroke
    const x = u.cursor.left, y = u.cursor.top, at = u.posToVal(x, "x"), reach = Math.abs(u.posToVal(x + 10, "x") - at);
    let best = 11, found = null;
    for (const kind of sequence.kinds) {
      const part = graph[kind.name];
      if (part.y || sequence.hidden.has(kind.name)) continue;
      for (let i = 0; i < part.t.length; i++) {
        if (part.t[i] > at + reach || part.end[i] < at - reach) continue;
        const from = u.valToPos(part.left[i], "y"), to = u.valToPos(part.right[i], "y");
        const away = Math.hypot(u.valToPos(part.t[i], "x") - x, y > from ? y - from : y < to ? to - y : 0);
        if (away <= best) { best = away; found = [kind, part, i]; }
      }
    }
    if (!found) return [];
    const [kind, part, i] = found, mark = page.make("i"), lines = [page.make("strong", {}, `${part.t[i].toFixed(6)} s`)];
    mark.style.background = page.colour(kind.colour);
    const size = part.right[i] - part.left[i];
    const line = page.make("div", {}, mark, `${kind.label}: bytes ${part.left[i].toLocaleString("en")} to ${part.right[i].toLocaleString("en")} (${size.toLocaleString("en")})`);
    if (part.why) line.append(" ", page.make("em", {}, charts.told.words[part.why[i]]));
    return [...lines, line];
  },

  legend(place, plot, graph) {
    const list = page.make("ul", { class: "legend" });
    const lines = { acks: 1, windows: 2 };
    for (const { name, label, colour } of sequence.kinds) {
      const count = graph[name].t.length;
      if (!count) continue;
      const picture = name === "lost"
        ? `<path d="M7 1 15 9M15 1 7 9" stroke="var(${colour})" stroke-width="2"/>`
        : lines[name] ? `<line x1="0" y1="5" x2="22" y2="5" stroke="var(${colour})" stroke-width="2.5"/>`
          : `<path d="M6 9V1M11 9V1M16 9V1" stroke="var(${colour})" stroke-width="2"/>`;
      const entry = charts.key(label, picture, (on) => {
        sequence.hidden[on ? "delete" : "add"](name);
        if (lines[name]) plot.setSeries(lines[name], { show: on }); else plot.redraw(false);
      });
      entry.setAttribute("aria-pressed", String(!sequence.hidden.has(name)));
      list.append(page.make("li", {}, entry));
    }
    place.append(list);
  },
};
