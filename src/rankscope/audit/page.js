"use strict";
// Similarity maps of the chosen matrix: one per adapter and side.
(() => {
  const source = document.getElementById("similarity-data");
  if (!source) return;
  const { adapters, k, epsilon, matrices } = JSON.parse(source.textContent);
  const place = document.getElementById("similarity");
  const select = document.getElementById("matrix");
  const svg = (name, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const draw = () => {
    place.replaceChildren();
    for (const [key, map] of Object.entries(matrices[select.value])) {
      const [adapter, side] = key.split(" ");
      const size = map.columns.length;
      const picture = svg("svg", { viewBox: `0 0 ${size * 20} ${size * 20 + 14}`, role: "img" });
      map.columns.forEach((column, j) => {
        column.forEach((cosine, i) => {
          const cell = svg("rect", { x: j * 20, y: i * 20, width: 19, height: 19, fill: "var(--full)", "fill-opacity": Math.max(cosine, 0.04) });
          cell.append(svg("title", {}, `base ${i + 1}, tuned ${j + 1}: ${cosine}; largest with any base vector: ${map.said[j]}`));
          picture.append(cell);
        });
        if (j < k && map.largest[j] < epsilon) picture.append(svg("text", { x: j * 20 + 9.5, y: size * 20 + 11, "text-anchor": "middle", class: "ink" }, "×"));
      });
      const panel = document.createElement("div");
      panel.className = "panel";
      const title = document.createElement("h4");
      title.textContent = `${adapters[Number(adapter)]}: ${side} vectors`;
      panel.append(title, picture);
      place.append(panel);
    }
  };
  select.addEventListener("change", draw);
  draw();
})();
