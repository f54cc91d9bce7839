"use strict";
// Draws the figures with Vega, sorts tables, and lets one method be seen alone on the whole page.
(() => {
  const FONT = getComputedStyle(document.body).fontFamily;
  // colours are CSS variables, so that dark mode and print need no second drawing
  const CONFIG = {
    background: null,
    font: FONT,
    lineBreak: "\n",
    view: { stroke: null },
    axis: {
      domain: false, gridColor: "var(--grid)", tickColor: "var(--line)", tickSize: 4,
      labelColor: "var(--soft)", titleColor: "var(--soft)", titleFontWeight: 400, titleFontSize: 11.5,
      labelFontSize: 11, titlePadding: 8, labelFlush: false, labelOverlap: "greedy",
    },
    // a tick every 80 pixels along, every 40 up; a title never longer than its axis
    axisX: { tickCount: { expr: "ceil(width / 80)" }, titleLimit: { expr: "width" } },
    axisY: { tickCount: { expr: "ceil(height / 40)" }, titleLimit: { expr: "height" } },
    legend: { labelColor: "var(--soft)", titleColor: "var(--soft)" },
    text: { fontSize: 12 },
  };
  const ERRORS = 1; // vega's log level: a method without points is no reason to warn
  const PRINTED = 640;
  let focus = ""; // the condition seen alone
  const tooltip = document.getElementById("tooltip");
  const figures = [...document.querySelectorAll(".figure")].map(readFigure);

  function readFigure(element) {
    const content = JSON.parse(element.querySelector(".figure-data").textContent);
    return { element, content, rows: null, views: [], charts: [...element.querySelectorAll(".chart")] };
  }

  function rowsOf(figure) {
    if (figure.rows) return figure.rows;
    const names = Object.keys(figure.content.rows);
    const columns = names.map((name) => {
      const column = figure.content.rows[name];
      return Array.isArray(column) ? column : column.codes.map((code) => column.levels[code]);
    });
    const length = columns.length ? columns[0].length : 0;
    figure.rows = Array.from({ length }, (_, i) =>
      Object.fromEntries(names.map((name, c) => [name, columns[c][i]])));
    return figure.rows;
  }

  // --- drawing -----------------------------------------------------------------------------------

  function widthOf(chart) {
    // a chart inside a closed section has no width of its own: ask for the section's
    return chart.clientWidth || 0;
  }

  function heightOf(panel, width) {
    if (panel.square) return Math.min(width, 320);
    return Math.min(panel.spec.height, Math.max(220, width * 0.95));
  }

  function draw(figure) {
    if (figure.drawn) return figure.drawn;
    const embedded = figure.charts.map(async (chart, index) => {
      const panel = figure.content.panels[index];
      const width = widthOf(chart) || 300;
      const spec = {
        ...panel.spec, width, height: heightOf(panel, width), datasets: { rows: rowsOf(figure) },
        autosize: { type: "fit", contains: "padding" }, padding: { left: 0, right: 6, top: 6, bottom: 0 },
      };
      const options = { actions: false, renderer: "svg", config: CONFIG, defaultStyle: false, tooltip: showTooltip, logLevel: ERRORS };
      const { view } = await vegaEmbed(chart, spec, options);
      chart.style.minHeight = 0;
      figure.views[index] = view;
      if (focus) view.signal("focus", focus).run();
      document.body.dataset.drawn = Number(document.body.dataset.drawn || 0) + 1;
    });
    // the window may have changed its size while the charts were drawn
    figure.drawn = Promise.all(embedded).then(() => fit(figure));
    return figure.drawn;
  }

  function fit(figure, forcedWidth) {
    figure.views.forEach((view, index) => {
      const width = forcedWidth || widthOf(figure.charts[index]);
      const panel = figure.content.panels[index];
      if (width && Math.abs(view.width() - width) > 1) {
        view.width(width).height(heightOf(panel, width)).run();
      }
    });
  }

  function visible(figure) {
    const section = figure.element.closest("details.section");
    return !section || section.open;
  }

  // what is seen first, then the rest while the reader reads: printing finds everything drawn
  async function drawAll() {
    const [first, rest] = [figures.filter(visible), figures.filter((each) => !visible(each))];
    await Promise.all(first.map(draw));
    for (const figure of rest) {
      await new Promise((resume) => { setTimeout(resume, 30); });
      await draw(figure);
    }
    document.body.dataset.ready = "true";
  }
  document.querySelectorAll("details.section").forEach((section) => {
    section.addEventListener("toggle", () => {
      if (section.open) figures.filter((each) => section.contains(each.element)).forEach((each) => draw(each).then(() => fit(each)));
    });
  });
  let waiting = 0;
  new ResizeObserver(() => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => figures.filter(visible).forEach((each) => fit(each)));
  }).observe(document.querySelector("main"));

  // a link to a section opens it
  function openLinked() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.matches("details")) target.open = true;
  }
  addEventListener("hashchange", openLinked);
  openLinked();

  // --- print: everything unfolded and drawn -------------------------------------------------------

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")].filter((each) => each.matches(".section"));
    closed.forEach((each) => { each.open = true; });
    figures.forEach((figure) => {
      const columns = Number(figure.content.columns);
      fit(figure, Math.floor((PRINTED - (columns - 1) * 28) / columns));
    });
  });
  addEventListener("afterprint", () => {
    closed.forEach((each) => { each.open = false; });
    figures.filter(visible).forEach((each) => fit(each));
  });

  // --- one method alone ---------------------------------------------------------------------------

  const chips = [...document.querySelectorAll(".legend button")];
  chips.forEach((chip) => chip.addEventListener("click", () => {
    focus = focus === chip.dataset.condition ? "" : chip.dataset.condition;
    chips.forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.condition === focus)));
    figures.forEach((figure) => figure.views.forEach((view) => view.signal("focus", focus).run()));
  }));

  figures.forEach((figure) => {
    figure.element.querySelectorAll("select[data-parameter]").forEach((select) => {
      select.addEventListener("change", () => {
        // by number: white space in an option's text would not be the name's
        const name = select.dataset.parameter;
        const { options } = figure.content.selectors.find((each) => each.name === name);
        figure.views.forEach((view) => view.signal(name, options[Number(select.value)]).run());
      });
    });
  });

  // --- tooltips -----------------------------------------------------------------------------------

  function showTooltip(_, event, __, value) {
    if (value === null || value === undefined || value === "") { tooltip.hidden = true; return; }
    tooltip.replaceChildren(...Object.entries(Object(value)).map(([name, text]) => {
      const line = document.createElement("div");
      const strong = document.createElement("b");
      strong.textContent = `${name} `;
      line.append(strong, String(text));
      return line;
    }));
    tooltip.hidden = false;
    const box = tooltip.getBoundingClientRect();
    const x = Math.min(event.clientX + 12, innerWidth - box.width - 8);
    const y = event.clientY + box.height + 20 > innerHeight ? event.clientY - box.height - 10 : event.clientY + 14;
    tooltip.style.left = `${Math.max(8, x)}px`;
    tooltip.style.top = `${y}px`;
  }

  // --- the numbers behind a figure -----------------------------------------------------------------

  const MOST_ROWS = 500;
  figures.forEach((figure) => {
    const show = figure.element.querySelector(".show-numbers");
    const place = figure.element.querySelector(".numbers");
    if (!show) return;
    show.addEventListener("click", () => {
      if (!place.hasChildNodes()) place.append(...tableOf(rowsOf(figure)));
      place.hidden = !place.hidden;
      show.setAttribute("aria-expanded", String(!place.hidden));
    });
    figure.element.querySelector(".download").addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([csvOf(rowsOf(figure))], { type: "text/csv" }));
      link.download = `${figure.content.name}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  });

  function tableOf(rows) {
    const names = rows.length ? Object.keys(rows[0]) : [];
    const table = document.createElement("table");
    table.className = "sortable";
    const head = table.createTHead().insertRow();
    names.forEach((name) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = name.replaceAll("_", " ");
      head.append(cell);
    });
    const body = table.createTBody();
    rows.slice(0, MOST_ROWS).forEach((row) => {
      const line = body.insertRow();
      names.forEach((name) => { line.insertCell().textContent = row[name] ?? "–"; });
    });
    makeSortable(table);
    if (rows.length <= MOST_ROWS) return [table];
    const rest = document.createElement("p");
    rest.className = "fine";
    rest.textContent = `The first ${MOST_ROWS} of ${rows.length} rows; the CSV has all.`;
    return [rest, table];
  }

  function csvOf(rows) {
    const names = rows.length ? Object.keys(rows[0]) : [];
    const quoted = (value) => {
      const text = value === null || value === undefined ? "" : String(value);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    return [names.join(","), ...rows.map((row) => names.map((name) => quoted(row[name])).join(","))].join("\n") + "\n";
  }

  // --- sortable tables ----------------------------------------------------------------------------

  function makeSortable(table) {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      if (header.hasAttribute("data-unsortable")) return;
      header.tabIndex = 0;
      const sort = () => sortBy(table, header, column);
      header.addEventListener("click", sort);
      header.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); }
      });
    });
  }

  function sortBy(table, header, column) {
    const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    [...table.tHead.rows[0].cells].forEach((each) => each.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
    const body = table.tBodies[0];
    const keyed = [...body.rows].filter((row) => !row.matches(".total")).map((row) => [keyOf(row.cells[column]), row]);
    keyed.sort(([a], [b]) => direction * compare(a, b, direction));
    const total = body.querySelector(".total");
    body.append(...keyed.map(([, row]) => row), ...(total ? [total] : []));
  }

  function keyOf(cell) {
    const text = cell.dataset.value ?? cell.textContent.trim();
    const number = text === "" || text === "–" ? NaN : Number(text);
    if (!Number.isNaN(number)) return number;
    return text === "–" ? "" : text;
  }

  function compare(a, b, direction) {
    if (a === b) return 0;
    if (a === "") return direction; // what is missing stays last
    if (b === "") return -direction;
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  }

  document.querySelectorAll("table.sortable").forEach(makeSortable);
  drawAll();
})();
