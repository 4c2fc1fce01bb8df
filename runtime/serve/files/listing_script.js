/**
 * The script of a folder's listing: sorts by name, size and time, and shows the host in title and heading.
 *
 * In: the page that listing_page.ts writes, which works without this script. Out: a button in each column's
 * head. Folders stay first. An order other than the default is stored in the fragment, `#sort=-size`, and
 * copied to the links to other folders. The script is inlined into the page, so it must not contain the
 * end tag of a script.
 */
(() => {
  const table = document.querySelector("table");
  const [body] = table.tBodies;
  const up = body.querySelector(".up");
  const columns = [...table.tHead.rows[0].cells];
  const keys = columns.map((cell) => cell.dataset.sort);
  const rows = [...body.querySelectorAll("tr:not(.up)")].map((row, place) => ({
    row,
    place,
    folder: row.classList.contains("folder") ? 0 : 1,
    name: place, // the server sorts by name
    size: Number(row.querySelector("data")?.value ?? -1),
    changed: Date.parse(row.querySelector("time")?.dateTime ?? "") || 0,
  }));
  const FIRST = { key: "name", direction: 1 };

  /** The first direction: names from A, sizes from the largest, times from the latest. */
  const usual = (key) => key === "name" ? 1 : -1;

  let order = FIRST;

  function orderInFragment() {
    const [, minus, key] = /^#sort=(-?)(\w+)$/.exec(location.hash) ?? [];
    return keys.includes(key) ? { key, direction: minus ? -1 : 1 } : FIRST;
  }

  function fragmentOf({ key, direction }) {
    if (key === FIRST.key && direction === FIRST.direction) return "";
    return `#sort=${direction < 0 ? "-" : ""}${key}`;
  }

  function sortBy(next) {
    order = next;
    const { key, direction } = next;
    rows.sort((a, b) => a.folder - b.folder || (a[key] - b[key]) * direction || a.place - b.place);
    body.append(...(up ? [up] : []), ...rows.map(({ row }) => row));
    columns.forEach((cell, i) => {
      if (keys[i] !== key) cell.removeAttribute("aria-sort");
      else cell.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    });
    for (const link of document.querySelectorAll("h1 a, .up a, .folder a")) {
      link.hash = fragmentOf(next);
    }
  }

  function chosen(key) {
    const direction = key === order.key ? -order.direction : usual(key);
    sortBy({ key, direction });
    history.replaceState(null, "", location.pathname + location.search + fragmentOf(order));
  }

  columns.forEach((cell, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...cell.childNodes);
    button.addEventListener("click", () => chosen(keys[i]));
    cell.append(button);
  });
  addEventListener("hashchange", () => sortBy(orderInFragment()));
  sortBy(orderInFragment());

  document.querySelector("h1 bdi").textContent = location.host;
  document.title = document.title.replace("/", () => `${location.host}/`);
})();
