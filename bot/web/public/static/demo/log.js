// What the story left behind: journal, requests, stock, supplies, flags, outbox.

import { address as spoken, dayShort, el, hourMinute, monthYear, plain, span, when, words } from "./format.js";
import { tabs } from "./tabs.js";

const MOST = 150;
const SECTIONS = ["journal", "requests", "stock", "supplies", "flags", "outbox"];
const MOMENTS = ["at", "created_at", "when", "time", "due_at"];
const TITLES = ["name", "event", "fact", "kind", "type", "what"];
const GOOD = new Set(["supplied", "confirmed", "accepted", "delivered", "sent"]);
const BAD = new Set(["unfilled", "failed", "undelivered", "with_coordinator", "expired"]);

const pick = (row, keys) => keys.find((key) => row[key] !== undefined && row[key] !== null && row[key] !== "");

export class Log {
  #seen = {};
  #stock = null;
  #moved = new Map();
  #countdowns = [];

  constructor(root, people, now, said) {
    this.root = root;
    this.people = people;
    this.now = now;
    this.said = said;
    this.tabs = tabs(root.querySelector("[role=tablist]"), (tab) => this.#show(tab));
  }

  #show(tab) {
    for (const key of SECTIONS) this.#body(key).hidden = tab.id !== `tab-${key}`;
  }

  open(key) {
    this.tabs.pick(this.root.querySelector(`#tab-${key}`));
  }

  #body(key) {
    return this.root.querySelector(`#log-${key}`);
  }

  update(state) {
    this.#weigh(state.stock ?? []);
    for (const key of SECTIONS) this.#section(key, state[key] ?? [], state);
    this.tick();
  }

  #section(key, rows, state) {
    const look = JSON.stringify([rows, key === "stock" ? [...this.#moved] : 0, state.people]);
    const known = this.#seen[key];
    if (known?.look === look) return;
    const body = this.#body(key);
    const top = body.scrollTop;
    body.replaceChildren(rows.length ? this[`_${key}`](rows) : el("p", { class: "empty" }, EMPTY[key]));
    body.scrollTop = top;
    this.root.querySelector(`[data-count=${key}]`).textContent = rows.length ? String(rows.length) : "";
    if (known && rows.length > known.length && !body.hidden) {
      const more = rows.length - known.length;
      this.said(`${words(key)}: ${more} new ${more === 1 ? "entry" : "entries"}`);
    }
    this.#seen[key] = { look, length: rows.length };
  }

  #who(address) {
    return this.people.nameOf(address) || spoken(address);
  }

  #named(value) {
    return typeof value === "string" && (value.startsWith("+") || value.startsWith("tg:")) ? this.#who(value) : plain(value);
  }

  // --- sections ---

  _journal(rows) {
    return this.#story(rows);
  }

  _flags(rows) {
    return this.#story(rows);
  }

  // Rows of any shape: a moment, a title, the rest in words. Newest first.
  #story(rows) {
    return el("ol", { class: "story" }, ...rows.slice(-MOST).reverse().map((row) => {
      const moment = pick(row, MOMENTS);
      const title = pick(row, TITLES);
      const rest = Object.entries(row).filter(([key, value]) => ![moment, title, "id", "n", "seq"].includes(key) && plain(value) && !LONG_ID.test(plain(value)));
      return el("li", {},
        el("time", { datetime: row[moment], title: dayShort(row[moment]) }, hourMinute(row[moment])),
        el("div", {},
          el("b", {}, words(row[title] ?? "entry")),
          rest.length ? el("span", { class: "detail" }, rest.map(([key, value]) => this.#detail(key, value)).join(" · ")) : null));
    }));
  }

  #detail(key, value) {
    if (key === "data" || key === "details" || key === "values") {
      return Object.entries(value ?? {}).filter(([, v]) => plain(v)).map(([k, v]) => this.#detail(k, v)).join(" · ");
    }
    return `${key.replaceAll("_", " ")} ${this.#named(value)}`;
  }

  _requests(rows) {
    this.#countdowns = [];
    return table(["Ref", "Status", "Owner", "Next timer"], [...rows].reverse().map((row) => {
      const left = el("span", { class: "left" });
      this.#countdowns.push([left, row.next_timer_at]);
      return [
        [el("b", {}, plain(row.ref)), small([row.route, row.product].filter(Boolean).map(words).join(", "))],
        [state(row.status)], [this.#named(row.owner) || "none"], [left],
      ];
    }));
  }

  _stock(rows) {
    return table(["Holder", "Product", "Kits"], rows.map((row) => {
      const change = this.#moved.get(stockKey(row));
      return Object.assign([
        [this.#named(row.holder)],
        [words(row.product), small([row.batch && `batch ${row.batch}`, row.expiry && `to ${monthYear(row.expiry).replace(" ", "\u00a0")}`].filter(Boolean).join(", "))],
        [el("b", {}, plain(row.quantity)), change ? el("span", { class: "moved" }, change > 0 ? `+${change}` : `−${-change}`) : ""],
      ], { changed: Boolean(change) });
    }));
  }

  // Remembers what moved last, so that it can be pointed at.
  #weigh(rows) {
    const before = this.#stock;
    this.#stock = new Map(rows.map((row) => [stockKey(row), row.quantity]));
    if (!before) return;
    const moved = new Map();
    for (const [key, quantity] of this.#stock) {
      const change = quantity - (before.get(key) ?? 0);
      if (change) moved.set(key, change);
    }
    if (moved.size) this.#moved = moved;
  }

  _supplies(rows) {
    return table(["When", "Who to whom", "What"], [...rows].reverse().map((row) => [
      [hourMinute(row.at), small(plain(row.request))],
      [`${this.#named(row.by) || words(row.by_role)} → ${words(row.recipient).toLowerCase() || "unknown"}`,
        small([words(row.reason), TRAINED[row.trained] ?? "", row.district].filter(Boolean).join(", "))],
      [`${plain(row.quantity)} ${words(row.product).toLowerCase()}`, small([row.batch && `batch ${row.batch}`, row.reverses && `reverses ${row.reverses}`].filter(Boolean).join(", "))],
    ]));
  }

  _outbox(rows) {
    return table(["To", "Kind", "State"], rows.slice(-MOST).reverse().map((row) => [
      [this.#who(row.address)], [words(row.kind)], [state(row.status)],
    ]));
  }

  tick() {
    for (const [node, at] of this.#countdowns) {
      const due = when(at);
      node.textContent = due ? (due > this.now() ? `in ${span(due - this.now())}` : "now") : "none";
    }
  }
}

const EMPTY = {
  journal: "Nothing has happened yet. Text KIT from phone 1.",
  requests: "No requests yet.",
  stock: "No stock is held.",
  supplies: "No kit has been handed over yet.",
  flags: "Nothing is flagged.",
  outbox: "No message has gone out yet.",
};

const TRAINED = { yes: "trained", before: "knew how" };
const LONG_ID = /^\d{15,}$/; // of use to the program alone
const stockKey = (row) => [row.holder, row.product, row.batch, row.expiry].join("|");
const small = (text) => (text ? el("small", {}, text) : "");
const state = (status) => el("span", { class: `state ${GOOD.has(status) ? "good" : BAD.has(status) ? "bad" : ""}` }, words(status));

function table(heads, rows) {
  return el("table", {},
    el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, ...rows.map((cells) => el("tr", { class: cells.changed && "changed" }, ...cells.map((cell) => el("td", {}, ...cell))))));
}
