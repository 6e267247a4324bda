"use strict";
// The search: shards of terms are loaded as scripts, then the pages that have all terms are
// looked through, newest first. search_terms.py takes lines apart in the same way.
const SEARCH = { shards: new Map(), pages: new Map(), periods: [], places: {} };
function PERIODS(periods, places) { SEARCH.periods = periods; SEARCH.places = places; }
function PAGES(period, channels) { SEARCH.pages.set(period, channels); }
function SHARD(period, number, terms) { SEARCH.shards.set(period + "/" + number, terms); }

(() => {
  const CJK = /[\u3040-\u30fa\u30fc-\u30ff\u3400-\u9fff\uac00-\ud7af]/, AT_ONCE = 50;
  const RUNS = new RegExp(`${CJK.source}+|(?:(?!${CJK.source})[\\p{L}\\p{N}])+`, "gu");
  const state = document.getElementById("state"), hits = document.getElementById("hits"), more = document.getElementById("more");
  const loaded = new Map();
  const load = source => {
    if (!loaded.has(source)) loaded.set(source, new Promise(resolve => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = () => resolve(true);
      script.onerror = () => resolve(false);
      document.head.append(script);
    }));
    return loaded.get(source);
  };
  const shard = (term, count) => {
    let value = 2166136261;
    for (const byte of new TextEncoder().encode([...term].slice(0, 3).join("")))
      value = Math.imul(value ^ byte, 16777619) >>> 0;
    return value % count;
  };
  // The terms of a text are those by which it is found. Those of a query are the fewest that
  // tell the same: a pair of CJK characters tells that each of the two is there.
  const split = (text, isQuery) => {
    const found = new Set();
    for (const run of text.toLowerCase().replaceAll("ς", "σ").match(RUNS) || []) {
      const letters = [...run];
      if (!CJK.test(run)) found.add(letters.slice(0, 32).join(""));
      else {
        for (let at = 0; at + 1 < letters.length; at++) found.add(letters[at] + letters[at + 1]);
        if (!isQuery || letters.length === 1) for (const each of letters) found.add(each);
      }
    }
    return found;
  };
  const indexed = text => split(text, false), terms = text => split(text, true);
  Object.assign(SEARCH, { indexed, terms, shard });
  const parse = text => {
    const query = { phrases: [], words: [], from: "", in: "", terms: new Set() };
    for (const [, phrase, word] of text.matchAll(/"([^"]+)"|(\S+)/g)) {
      const [, key, value] = (word || "").match(/^(from|in):(.+)$/i) || [];
      if (key) query[key.toLowerCase()] = value.toLowerCase();
      else if (phrase) query.phrases.push(phrase.toLowerCase());
      else query.words.push(word.toLowerCase());
    }
    for (const each of [...query.words, ...query.phrases]) for (const term of terms(each)) query.terms.add(term);
    if (query.from) query.terms.add("from:" + query.from);
    return query;
  };
  const holds = (query, nick, text) => {
    const all = text.toLowerCase(), own = indexed(nick + " " + text);
    return (!query.from || nick.toLowerCase() === query.from)
      && query.phrases.every(each => all.includes(each))
      && query.words.every(word => [...terms(word)].every(term => own.has(term)))
      && query.words.every(word => !CJK.test(word) || all.includes(word) || nick.toLowerCase().includes(word));
  };
  async function* pages(query, place) {
    for (const [period, count, shards] of SEARCH.periods) {
      const needed = [...query.terms].map(term => [term, shard(term, count)]);
      if (needed.some(([, number]) => !(BigInt("0x" + shards) >> BigInt(number) & 1n))) continue;
      const ready = await Promise.all([load(`search/${period}/pages.js`),
        ...needed.map(([, number]) => load(`search/${period}/${number.toString(16)}.js`))]);
      if (!ready[0]) continue;
      let found = null;
      for (const [term, number] of needed) {
        let at = 0;
        const packed = (SEARCH.shards.get(period + "/" + number) || {})[term];
        const some = new Set(packed ? packed.split(",").map(each => at += parseInt(each, 16)) : []);
        found = found ? new Set([...found].filter(each => some.has(each))) : some;
        if (!found.size) break;
      }
      const channels = SEARCH.pages.get(period);
      const day = days => new Date(Date.UTC(+period.slice(0, 4), +(period.slice(5) || 1) - 1, 1 + days)).toISOString().slice(0, 10);
      for (const number of [...found].sort((one, other) => other - one)) {
        const directory = channels[number % channels.length];
        if ((!place || directory === place) && (!query.in || named(directory, query.in)))
          yield directory + "/" + day(Math.floor(number / channels.length));
      }
    }
  }
  const named = (directory, name) => {
    const channel = (SEARCH.places[directory] || "").toLowerCase();
    return channel === name || channel.replace(/^#+/, "") === name.replace(/^#+/, "");
  };
  async function lines(page, query) {
    let text;
    try { text = await (await fetch(page + ".html")).text(); } catch { return null; }
    const found = [];
    for (const each of new DOMParser().parseFromString(text, "text/html").querySelectorAll("#log p[id]")) {
      const nick = each.querySelector("b"), said = each.querySelector(":scope > span:not(:has(.gone))");
      if (nick && said && holds(query, nick.textContent, said.textContent)) found.push(each);
    }
    return found.reverse();
  }
  const marked = (node, query) => {
    const words = [...query.phrases, ...query.words].filter(Boolean);
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT), texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (let text of texts) {
      for (;;) {
        const low = text.data.toLowerCase();
        const places = words.map(word => [low.indexOf(word), word.length]).filter(([at]) => at >= 0);
        if (!places.length || low.length !== text.data.length) break;
        const [at, length] = places.sort((one, other) => one[0] - other[0])[0];
        const hit = text.splitText(at), rest = hit.splitText(length), mark = document.createElement("mark");
        hit.replaceWith(mark);
        mark.append(hit);
        text = rest;
      }
    }
  };
  const title = page => {
    const at = page.lastIndexOf("/"), heading = document.createElement("h2"), link = document.createElement("a");
    link.href = page + ".html";
    link.textContent = (SEARCH.places[page.slice(0, at)] || page.slice(0, at)) + ", " + page.slice(at + 1);
    heading.append(link);
    return heading;
  };
  const counted = (number, word) => number + " " + word + (number === 1 ? "" : "s");
  const showPlace = (text, place) => {
    const told = document.getElementById("place"), link = document.createElement("a"), kept = document.createElement("input");
    link.href = "search.html?" + new URLSearchParams({ q: text });
    link.textContent = "Search all channels";
    told.append(`Only in ${SEARCH.places[place] || place}. `, link);
    told.hidden = false;
    Object.assign(kept, { type: "hidden", name: "in", value: place });
    document.getElementById("q").form.append(kept);
  };
  async function run(query, place) {
    const found = pages(query, place);
    let lineCount = 0, pageCount = 0, isOver = false, rest = [];
    const step = async () => {
      more.hidden = true;
      state.textContent = "Searching…";
      let shown = 0;
      while (shown < AT_ONCE) {
        if (!rest.length) {
          const next = await found.next();
          if (next.done) { isOver = true; break; }
          const some = await lines(next.value, query);
          if (some === null) { hits.append(title(next.value)); pageCount++; shown++; continue; }
          if (!some.length) continue;
          hits.append(title(next.value));
          rest = some.map(each => [next.value, each]);
        }
        const [page, each] = rest.shift(), copy = document.importNode(each, true);
        copy.querySelector("a").href = page + ".html#" + copy.id;
        for (const link of copy.querySelectorAll("a.re")) link.href = new URL(link.getAttribute("href"), new URL(page + ".html", location)).href;
        copy.removeAttribute("id");
        marked(copy, query);
        hits.append(copy);
        lineCount++;
        shown++;
      }
      more.hidden = isOver && !rest.length;
      const days = counted(pageCount, "day");
      state.textContent = lineCount ? counted(lineCount, "line") : pageCount ? `${days}, whose lines can be searched on a web server only` : "Nothing found.";
      if (!more.hidden) state.textContent += " so far";
    };
    more.onclick = step;
    await step();
  }
  addEventListener("DOMContentLoaded", async () => {
    const asked = new URLSearchParams(location.search), text = (asked.get("q") || "").trim();
    document.getElementById("q").value = text;
    if (!text) return;
    const query = parse(text);
    if (!query.terms.size) { state.textContent = "Type a word to search for."; return; }
    await load("search/periods.js");
    document.title = text + " · " + document.title;
    const place = asked.get("in") || "";
    if (place) showPlace(text, place);
    await run(query, place);
  });
})();
