"use strict";
// Everything that came over the network is put on the page as text, never as
// markup: names belong to whoever calls.
const $ = (id) => document.getElementById(id);
const count = (n, one, many) => n + " " + (n === 1 ? one : many);

function put(node, text) {
  text = String(text);
  if (node.textContent !== text) node.textContent = text;
}

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

const rows = new WeakMap(); // element -> its children by key

// keyed makes parent hold one child for each item, in their order; a child
// stays the same element as long as its key does, so that focus and pictures stay.
function keyed(parent, items, key, create, fill) {
  const old = rows.get(parent) || new Map();
  const now = new Map();
  for (const item of items) now.set(key(item), null);
  for (const [k, child] of old) if (!now.has(k)) child.remove();
  let place = parent.firstElementChild;
  for (const item of items) {
    const k = key(item);
    if (now.get(k)) continue;
    const child = old.get(k) || create(item);
    now.set(k, child);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    fill(child, item);
  }
  rows.set(parent, now);
}

function rate(bits) {
  if (!bits) return "0";
  if (bits < 1e6) return Math.round(bits / 1e3) + "\u00a0kbit/s";
  return (bits / 1e6).toFixed(bits < 1e7 ? 2 : 1) + "\u00a0Mbit/s";
}

function since(time, now) {
  const s = Math.max(0, Math.floor((new Date(now) - new Date(time)) / 1000));
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min";
  return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
}

const nameOf = (p) => p.display_name || p.remote_alias || p.id;
const percent = (x) => (x < 10 ? x.toFixed(1) : Math.round(x)) + " %";
const size = (text) => text.replace("x", "×");

// stream describes one direction of a stream, "" if there is none.
function stream(codec, bits, resolution, fps) {
  if (!codec) return "";
  const parts = [codec];
  if (resolution) parts.push(size(resolution) + (fps ? " at " + Math.round(fps) : ""));
  parts.push(rate(bits));
  return parts.join(" · ");
}

function fillStream(cell, s) {
  const ways = [
    ["in", stream(s.rx_codec, s.rx_bitrate, s.rx_resolution, s.rx_fps), s.rx_loss, s.rx_jitter],
    ["out", stream(s.tx_codec, s.tx_bitrate, s.tx_resolution, s.tx_fps), s.tx_loss, 0],
  ].filter((w) => w[1]);
  keyed(cell, ways, (w) => w[0], (w) => {
    const text = make("span"), loss = make("span", "loss");
    const row = make("div", "way", make("i", "", w[0]), make("span", "", text, " ", loss));
    row.text = text;
    row.loss = loss;
    return row;
  }, (row, w) => {
    put(row.text, w[1]);
    row.title = w[3] ? "jitter " + w[3].toFixed(1) + " ms" : "";
    put(row.loss, w[2] >= 0.05 ? percent(w[2]) + " lost" : "");
  });
}

function newParticipant() {
  const row = make("tr");
  row.name = make("span");
  row.mark = make("span", "mark");
  row.from = make("small");
  const head = make("th", "", row.name, row.mark, row.from);
  head.scope = "row";
  row.parts = ["sound", "picture", "sees", "for"].map((name) => {
    const cell = make("td");
    cell.dataset.name = name;
    return cell;
  });
  row.append(head, ...row.parts);
  return row;
}

function fillParticipant(row, p, now, people) {
  const label = nameOf(p);
  put(row.name, label);
  const marks = [];
  if (p.speaking) marks.push("speaking");
  if (p.on_hold) marks.push("on hold");
  put(row.mark, marks.join(", "));
  row.mark.hidden = marks.length === 0;
  row.classList.toggle("speaking", p.speaking);
  const from = [p.remote_alias !== label ? p.remote_alias : "", p.protocol.toUpperCase(), p.vendor].filter(Boolean);
  put(row.from, from.join(" · "));
  row.from.title = p.remote_address ? "from " + p.remote_address : "";
  const [sound, picture, view, time] = row.parts;
  fillStream(sound, p.audio);
  fillStream(picture, p.video);
  put(view, p.view ? viewName(p.view, people) : "");
  put(time, since(p.joined, now));
}

// Pictures are fetched one after the other, each about once a second, and
// only those that can be seen.
const seen = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const e of entries) e.isIntersecting ? seen.add(e.target) : seen.delete(e.target);
});

async function refresh(img) {
  try {
    const answer = await fetch(img.dataset.url);
    if (answer.status !== 200) throw new Error(answer.status); // 204: there is none now
    const before = img.src;
    img.src = URL.createObjectURL(await answer.blob());
    await img.decode();
    if (before) URL.revokeObjectURL(before);
    img.classList.remove("lost");
  } catch {
    img.classList.add("lost");
  }
}

async function pictures() {
  for (;;) {
    const begin = Date.now();
    if (!document.hidden) {
      for (const img of [...seen]) {
        if (!img.isConnected) { seen.delete(img); watcher.unobserve(img); continue; }
        await refresh(img);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(100, 1000 - (Date.now() - begin))));
  }
}

function newView() {
  const img = make("img", "lost");
  const name = make("b"), what = make("div"), list = make("div");
  const frame = make("span", "frame", img);
  const figure = make("figure", "", frame, make("figcaption", "", name, what, list));
  Object.assign(figure, { img, name, what, list });
  watcher.observe(img);
  return figure;
}

function fillView(figure, v, c, people) {
  const label = viewName(v.id, people);
  figure.classList.toggle("main", v.id === largeView(c) && c.views.length > 1);
  const url = "/view/" + encodeURIComponent(c.name) + "/" + encodeURIComponent(v.id) + ".jpg";
  if (figure.img.dataset.url !== url) figure.img.dataset.url = url;
  const large = people.get(v.cells[0]);
  figure.img.alt = "Live picture of " + label + (large ? ", " + nameOf(large) + " large" : "");
  put(figure.name, label);
  const encoders = v.renditions.length;
  put(figure.what, count(v.receivers, "receiver", "receivers") + " · " + count(encoders, "rendition", "renditions"));
  keyed(figure.list, v.renditions.map((r, i) => ({ r, i })), (x) => x.i, () => make("div"), (row, { r }) => {
    put(row, r.width + "×" + r.height + " at " + r.fps + " · " + rate(r.bitrate) + " · " + r.profile +
      " · for " + r.receivers + (r.skipped ? " · " + r.skipped + " skipped" : ""));
  });
}

// viewName gives the view with that id a name that people understand.
function viewName(id, people) {
  if (id === "common") return "common view";
  if (id === "speaker") return "the speaker's view";
  const owner = id.startsWith("own:") && people.get(id.slice(4));
  return owner ? nameOf(owner) + "'s own view" : "view " + id;
}

// largeView returns the id of the view that stands for the conference: what
// most see, else what the speaker sees.
function largeView(c) {
  const ids = c.views.map((v) => v.id);
  return ["common", "speaker", "own:" + c.speaker].find((id) => ids.includes(id)) || ids[0];
}

let serial = 0;

function newConference() {
  const id = "c" + ++serial;
  const title = make("h2"), facts = make("p", "facts");
  title.id = id;
  const stage = make("ol", "stage"), views = make("div", "views"), body = make("tbody");
  stage.setAttribute("aria-label", "On stage");
  const heads = ["Name", "Sound", "Picture", "Sees", "For"].map((text) => {
    const th = make("th", "", text);
    th.scope = "col";
    return th;
  });
  const caption = make("caption", "", "Participants");
  const table = make("table", "", caption, make("thead", "", make("tr", "", ...heads)), body);
  const counters = make("div", "counters");
  const more = make("details", "", make("summary", "", "Counters"), counters);
  const card = make("article", "", make("header", "", title, facts), stage, views, make("div", "scroll", table), more);
  card.setAttribute("aria-labelledby", id);
  Object.assign(card, { name: title, facts, stage, views, body, counters, more, known: null });
  return card;
}

function fillConference(card, c, now) {
  const large = largeView(c);
  c.views.sort((a, b) => (b.id === large) - (a.id === large) || b.receivers - a.receivers || (a.id < b.id ? -1 : 1));
  const people = new Map(c.participants.map((p) => [p.id, p]));
  put(card.name, c.name);
  put(card.facts, [count(c.participants.length, "participant", "participants"), "for " + since(c.started, now),
    "layout " + c.layout.replaceAll("_", " "), "own thumbnail " + c.own_thumbnail].join(" · "));
  const stage = c.participants.filter((p) => p.stage >= 0).sort((a, b) => a.stage - b.stage);
  card.stage.hidden = stage.length === 0;
  keyed(card.stage, stage, (p) => p.id, () => make("li"), (li, p) => {
    put(li, nameOf(p));
    li.classList.toggle("speaker", p.id === c.speaker);
  });
  keyed(card.views, c.views, (v) => v.id, newView, (figure, v) => fillView(figure, v, c, people));
  keyed(card.body, c.participants, (p) => p.id, newParticipant, (row, p) => fillParticipant(row, p, now, people));
  const counters = Object.entries(c.counters || {}).sort((a, b) => (a[0] < b[0] ? -1 : 1));
  card.more.hidden = counters.length === 0;
  keyed(card.counters, counters, (x) => x[0], (x) => {
    const value = make("span");
    const row = make("div", "", make("span", "", x[0].replaceAll("_", " ")), value);
    row.value = value;
    return row;
  }, (row, x) => put(row.value, x[1].toLocaleString("en")));
  tell(card, c, people);
}

// tell says who came and went to those who do not see it.
function tell(card, c, people) {
  const known = card.known;
  card.known = new Map([...people].map(([id, p]) => [id, nameOf(p)]));
  if (!known) return;
  const news = [];
  for (const [id, p] of people) if (!known.has(id)) news.push(nameOf(p) + " joined " + c.name);
  for (const [id, name] of known) if (!people.has(id)) news.push(name + " left " + c.name);
  if (news.length > 0) put($("news"), news.join(". "));
}

// dialIn shows what can be dialled, at the host that the page came from: at
// length while nobody is there, in a line while conferences run.
function dialIn(s) {
  const empty = s.conferences.length === 0;
  $("dial-in").classList.toggle("compact", !empty);
  $("dial-in").hidden = !empty && s.dial.length === 0 && !s.adhoc;
  put($("dial-title"), empty ? "Nobody is here yet" : "Dial in");
  $("dial-how").hidden = !empty || s.dial.length === 0;
  $("adhoc").hidden = !s.adhoc;
  keyed($("dial"), s.dial, (uri) => uri, (uri) => {
    return make("li", "", make("code", "", uri.replace("{host}", location.hostname)));
  }, () => {});
}

function show(s) {
  const conferences = s.conferences;
  put($("version"), s.version + ", up for " + since(s.started, s.now));
  const people = conferences.reduce((n, c) => n + c.participants.length, 0);
  put($("n-conferences"), conferences.length);
  put($("n-participants"), people);
  put($("n-encoders"), s.encoders);
  put($("n-decoders"), s.decoders);
  $("load").value = s.load;
  const step = s.capacity && s.capacity.step !== "full" ? " · gives up: " + s.capacity.step : "";
  const room = s.capacity ? " · room for about " + count(s.capacity.ports, "more caller", "more callers") : "";
  put($("load-text"), Math.round(s.load * 100) + " %" + step + room);
  dialIn(s);
  keyed($("conferences"), conferences, (c) => c.name, newConference, (card, c) => fillConference(card, c, s.now));
  document.title = (people > 0 ? "(" + people + ") " : "") + "Parley";
}

function link(state, text) {
  $("link").className = "badge " + state;
  put($("link"), text);
}

function listen() {
  const source = new EventSource("/events");
  source.onmessage = (e) => { link("live", "live"); show(JSON.parse(e.data)); };
  source.onerror = () => {
    link("lost", "connection lost, trying again");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
}

listen();
pictures();
