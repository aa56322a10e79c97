// What one address has sent and received, in display order. Phones draw it; the API fills it.

import { sendMessage } from "./api.js";

const SETTLED = new Set(["delivered", "failed", "undelivered", "read", "received", "answered", "answered_in_place"]);
const LOOKS = 6; // how often a message's delivery state is asked for again

const newId = () => `demo-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

export class Conversation extends EventTarget {
  items = [];
  last = 0; // the highest message number seen
  loaded = false;
  doubt = false; // the server was away: it may have started afresh
  draft = "";
  waiting = false;
  #echoes; // does the API give our own messages back?
  #unsent = new Map(); // text -> id, so that a repeated try is the same delivery
  #waitTimer;

  constructor(address) {
    super();
    this.address = address;
    this.channel = address.startsWith("tg:") ? "telegram" : "sms";
  }

  #changed(detail) {
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }

  clear() {
    this.items = this.items.filter((item) => item.state === "failed");
    this.last = 0;
    this.#changed({});
  }

  take(messages) {
    let arrived = 0;
    for (const message of [...messages].sort((a, b) => a.n - b.n)) {
      const known = this.items.find((item) => item.n === message.n);
      if (known) {
        Object.assign(known, { status: message.status, buttons: message.buttons ?? [] });
      } else if (message.direction === "in") {
        this.#echo(message);
      } else {
        this.#insert({ ...message, direction: "out" });
        arrived += 1;
      }
      this.last = Math.max(this.last, message.n);
    }
    const first = !this.loaded;
    this.loaded = true;
    if (arrived) this.#wait(false);
    if (messages.length || first) this.#changed({ arrived: first ? 0 : arrived });
  }

  // Our own message come back: the bubble is already there.
  #echo(message) {
    this.#echoes = true;
    const pending = this.items.filter((item) => item.direction === "in" && !item.n);
    const same = pending.find((item) => [item.text, item.payload.choice].includes(message.text))
      ?? pending.find((item) => item.payload.text === undefined);
    if (!same) {
      this.#insert({ ...message });
      return;
    }
    this.items.splice(this.items.indexOf(same), 1);
    Object.assign(same, { n: message.n, at: message.at ?? same.at, status: message.status, state: "sent" });
    this.#insert(same);
  }

  #insert(item) {
    const pending = this.items.findIndex((other) => !other.n);
    if (pending < 0 || !this.#echoes) this.items.push(item);
    else this.items.splice(pending, 0, item);
  }

  // The first message whose delivery is still open, to be asked for again.
  unsettled() {
    const open = this.items.find((item) => item.n && item.direction === "out"
      && !SETTLED.has(item.status) && (item.looks ?? 0) < LOOKS);
    if (open) open.looks = (open.looks ?? 0) + 1;
    return open;
  }

  async send(content, label, at) {
    const id = this.#unsent.get(content.text) ?? newId();
    const item = {
      direction: "in",
      text: label,
      at,
      state: "sending",
      payload: { channel: this.channel, from: this.address, ...content, id },
    };
    this.items.push(item);
    await this.deliver(item);
    return item;
  }

  async deliver(item) {
    item.state = "sending";
    item.problem = "";
    this.#changed({ sent: true });
    try {
      await sendMessage(item.payload);
      item.state = "sent";
      this.#unsent.delete(item.payload.text);
      if (this.items.at(-1) === item) this.#wait(true);
    } catch (error) {
      if (item.n) return; // it did arrive: only the answer was lost
      item.state = "failed";
      item.problem = error.status ? error.message : "No connection.";
      if (item.payload.text !== undefined) this.#unsent.set(item.payload.text, item.payload.id);
    }
    this.#changed({});
  }

  drop(item) {
    this.items = this.items.filter((other) => other !== item);
    this.#changed({});
  }

  #wait(yes) {
    clearTimeout(this.#waitTimer);
    this.waiting = yes;
    if (yes) {
      this.#waitTimer = setTimeout(() => {
        this.waiting = false;
        this.#changed({});
      }, 4000);
    }
  }

  // What has come since this person last wrote.
  unanswered() {
    const at = this.items.findLastIndex((item) => item.direction === "in");
    return this.items.slice(at + 1);
  }
}
