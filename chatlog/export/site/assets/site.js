"use strict";
// What a day page gains with JavaScript: ranges, folding, zones, schemes and keys. It reads without.
(() => {
  const root = document.documentElement, body = document.body, log = document.getElementById("log");
  const stored = key => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private */ } };

  const scheme = document.getElementById("scheme");
  if (stored("scheme")) root.dataset.scheme = stored("scheme");
  scheme.hidden = false;
  scheme.addEventListener("click", () => {
    const dark = root.dataset.scheme ? root.dataset.scheme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.scheme = dark ? "light" : "dark";
    store("scheme", root.dataset.scheme);
  });

  const query = document.getElementById("q");
  addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, textarea")) return;
    const go = selector => { const link = document.querySelector(selector); if (link) link.click(); };
    if (event.key === "/") { event.preventDefault(); query.focus(); }
    else if (event.key === "n") go("a[rel=next]");
    else if (event.key === "p") go("a[rel=prev]");
    else if (event.key === "j" && log) go("#fold");
  });
  if (!log) return;

  const fold = document.getElementById("fold");
  fold.hidden = !log.querySelector("details");
  fold.addEventListener("click", () => {
    const open = fold.getAttribute("aria-pressed") !== "true";
    fold.setAttribute("aria-pressed", open);
    for (const each of log.querySelectorAll("details")) each.open = open;
  });

  const line = id => { const found = document.getElementById(id); return found && (found.matches("p") ? found : found.nextElementSibling); };
  const show = () => {
    for (const each of log.querySelectorAll(".in")) each.classList.remove("in");
    const [from, to] = decodeURIComponent(location.hash.slice(1)).split("..");
    let first = line(from), last = to ? line(to) : first;
    if (!first || !last) return;
    if (first.compareDocumentPosition(last) & Node.DOCUMENT_POSITION_PRECEDING) [first, last] = [last, first];
    let inside = false;
    for (const each of log.querySelectorAll("p[id]")) {
      inside = inside || each === first;
      if (inside) { each.classList.add("in"); const around = each.closest("details"); if (around) around.open = true; }
      if (each === last) break;
    }
    first.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", show);
  let start = "";
  log.addEventListener("click", event => {
    const link = event.target.closest("p > a:first-child");
    if (!link) return;
    const id = link.getAttribute("href").slice(1);
    const from = start || decodeURIComponent(location.hash.slice(1)).split("..")[0];
    if (event.shiftKey && from) { event.preventDefault(); location.hash = from + ".." + id; }
    else start = id;
  });
  show();

  const zone = document.getElementById("zone"), own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const times = [...log.querySelectorAll("p[id] > a:first-child")].map(a => [a, a.textContent]);
  const begin = Date.parse(body.dataset.start), end = Date.parse(body.dataset.end);
  const moment = id => {
    let at = begin - begin % 864e5 + (+id.slice(0, 2) * 60 + +id.slice(2, 4)) * 6e4 + +id.slice(4, 6) * 1e3;
    while (at < begin) at += 864e5;
    return at < end ? at : at - 864e5;
  };
  if (own && own !== body.dataset.zone) {
    zone.hidden = false;
    let local = false;
    zone.addEventListener("click", () => {
      local = !local;
      zone.textContent = "Zone: " + (local ? own : body.dataset.zone);
      for (const [a, text] of times)
        a.textContent = local ? new Date(moment(a.parentNode.id)).toTimeString().slice(0, 5) : text;
    });
  }
})();
