// One phone: whose it is, what it shows, and its long poll.

import { pause, readMessages, Refused } from "./api.js";
import { Conversation } from "./conversation.js";
import { address as spoken, dayName, el, hourMinute, words } from "./format.js";
import { FIRST_WORDS, suggestions } from "./suggest.js";

const NEW = "new";
const PLACES = [
  ["Grimsby", 53.5654, -0.0755],
  ["Cleethorpes", 53.5604, -0.0322],
  ["Laceby", 53.5423, -0.1686],
  ["Worcester", 52.1936, -2.2216],
  ["Redditch", 52.3065, -1.9425],
];
const LINK = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/;
const conversations = new Map();
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function conversationOf(address) {
  if (!conversations.has(address)) conversations.set(address, new Conversation(address));
  return conversations.get(address);
}

export class Phone extends EventTarget {
  #part = {};
  #stop = new AbortController();
  #listening = null;
  #nodes = new WeakMap();
  #lines = new Map();
  #typing = el("div", { class: "typing", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  #running = false;

  constructor(root, number, people, now) {
    super();
    this.root = root;
    this.number = number;
    this.people = people;
    this.now = now;
    for (const node of root.querySelectorAll("[data-el]")) this.#part[node.dataset.el] = node;
    this.#wire();
  }

  get role() {
    return this.person.role;
  }

  get address() {
    return this.conversation.address;
  }

  // --- whose phone ---

  hold(person, channel = person.channel) {
    const address = person.addresses[channel] ?? Object.values(person.addresses)[0];
    if (this.conversation?.address === address) return;
    if (this.conversation) this.conversation.draft = this.#part.text.value;
    this.#listening?.abort();
    this.#listening = new AbortController();
    this.person = person;
    this.conversation = conversationOf(address);
    this.conversation.addEventListener("change", (event) => this.#changed(event.detail), { signal: this.#listening.signal });
    this.#part.text.value = this.conversation.draft;
    this.#part.bubbles.setAttribute("aria-live", "off");
    this.#part.bubbles.replaceChildren();
    this.#nodes = new WeakMap();
    this.#lines.clear();
    this.#complain("");
    this.#showPlaces(false);
    this.#label();
    this.render(true);
    this.dispatchEvent(new Event("held"));
    if (this.#running) this.run();
  }

  #label() {
    const { person, conversation } = this;
    const part = this.#part;
    part.role.textContent = words(person.role);
    part.contact.textContent = person.service ? `Kitline ${words(person.service)}` : "Kitline";
    part.address.textContent = `on ${spoken(conversation.address)}`;
    part.badge.textContent = conversation.channel === "sms" ? "SMS" : "Telegram";
    part.screen.dataset.channel = conversation.channel;
    const telegram = conversation.channel === "telegram";
    part.keyboard.hidden = !telegram;
    part.locate.hidden = !telegram;
    part.text.placeholder = telegram ? "Message" : "Text message";
    for (const radio of part.channel.querySelectorAll("input")) {
      radio.checked = radio.value === conversation.channel;
      radio.disabled = !person.addresses[radio.value];
    }
    part.person.value = person.id;
  }

  listPeople() {
    const groups = this.people.grouped().map(([label, members]) => el("optgroup", { label }, ...members.map((person) => {
      const where = person.service ? `, ${words(person.service)}` : "";
      return el("option", { value: person.id }, `${person.name || spoken(person.id)}${where}`);
    })));
    this.#part.person.replaceChildren(...groups, el("option", { value: NEW }, "New person…"));
    if (!this.person) return;
    this.person = this.people.find(this.address) ?? this.person;
    this.#label();
  }

  // --- what it shows ---

  #changed({ arrived, sent } = {}) {
    this.render(Boolean(sent));
    if (arrived) this.dispatchEvent(new CustomEvent("arrived", { detail: arrived }));
  }

  tick() {
    this.#part.time.textContent = hourMinute(this.now()) || "--:--";
  }

  render(toEnd) {
    if (!this.conversation) return;
    const { bubbles, newer } = this.#part;
    const low = bubbles.scrollHeight - bubbles.scrollTop - bubbles.clientHeight < 80;
    const before = bubbles.childElementCount;
    this.#place(this.#wanted());
    this.#chips();
    if (this.conversation.loaded && bubbles.getAttribute("aria-live") === "off") {
      requestAnimationFrame(() => bubbles.setAttribute("aria-live", "polite"));
    }
    if (toEnd || low) this.#toEnd();
    else if (bubbles.childElementCount > before) newer.hidden = false;
  }

  #toEnd() {
    const { bubbles, newer } = this.#part;
    const smooth = !calm.matches && bubbles.scrollHeight - bubbles.scrollTop < bubbles.clientHeight * 2;
    bubbles.scrollTo({ top: bubbles.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    newer.hidden = true;
  }

  #wanted() {
    const nodes = [];
    let day = "";
    const { items, waiting } = this.conversation;
    if (!items.length && this.conversation.loaded) nodes.push(this.#line("empty", "No messages yet. Say something."));
    items.forEach((item, i) => {
      const itsDay = dayName(item.at);
      if (itsDay && itsDay !== day) nodes.push(this.#line(`${itsDay}`, itsDay));
      day = itsDay || day;
      nodes.push(this.#bubble(item, items.slice(i + 1).some(({ direction }) => direction === "in")));
    });
    if (waiting) nodes.push(this.#typing);
    return nodes;
  }

  #line(key, text) {
    if (!this.#lines.has(key)) this.#lines.set(key, el("p", { class: "day" }, text));
    return this.#lines.get(key);
  }

  // Puts the nodes in order and touches only those out of place.
  #place(nodes) {
    const { bubbles } = this.#part;
    const wanted = new Set(nodes);
    for (const child of [...bubbles.children]) if (!wanted.has(child)) child.remove();
    nodes.forEach((node, i) => {
      if (bubbles.children[i] !== node) bubbles.insertBefore(node, bubbles.children[i] ?? null);
    });
  }

  #bubble(item, answered) {
    const look = JSON.stringify([item.text, item.buttons, item.at, item.status, item.state, item.pressed, answered]);
    const known = this.#nodes.get(item);
    if (known?.look === look) return known.node;
    const node = known?.node ?? el("div");
    const mine = item.direction === "in";
    node.className = `msg ${mine ? "mine" : "theirs"} ${item.state ?? ""} ${item.status ?? ""}`;
    node.replaceChildren(
      el("div", { class: "bubble" },
        el("span", { class: "vh" }, mine ? "Sent: " : "Received: "),
        ...(item.picture ? [el("img", { ...item.picture, width: 800, height: 480 })] : []),
        el("span", { class: "body" }, ...linked(item.text ?? plainPlace(item)))),
      ...this.#keys(item, answered),
      el("p", { class: "meta" }, meta(item, mine)),
    );
    if (item.state === "failed") node.append(this.#retry(item));
    this.#nodes.set(item, { node, look });
    return node;
  }

  #keys(item, answered) {
    const buttons = (item.buttons ?? []).flat();
    if (!buttons.length || item.pressed || this.conversation.channel === "sms") return [];
    const group = el("div", { class: `keys${answered ? " old" : ""}`, role: "group", "aria-label": "Buttons" });
    for (const button of buttons) {
      if (button.url && /^https?:/.test(button.url)) {
        group.append(el("a", { href: button.url, target: "_blank", rel: "noopener noreferrer" }, button.label));
        continue;
      }
      const key = el("button", { type: "button" }, button.label);
      key.addEventListener("click", () => this.press(item, button));
      group.append(key);
    }
    return [group];
  }

  #retry(item) {
    const again = el("button", { type: "button", class: "link" }, "Try again");
    again.addEventListener("click", () => this.conversation.deliver(item));
    return again;
  }

  options() {
    const { conversation } = this;
    for (const message of [...conversation.unanswered()].reverse()) {
      const buttons = (message.buttons ?? []).flat().filter(({ url }) => !url);
      if (buttons.length && conversation.channel === "telegram") return { message, buttons, replies: [] };
      const replies = suggestions(message);
      if (replies.length) return { message, buttons: [], replies };
    }
    return { message: conversation.unanswered().at(-1), buttons: [], replies: [] };
  }

  #chips() {
    const { chips } = this.#part;
    const { conversation } = this;
    const start = conversation.loaded && !conversation.items.length;
    const replies = start
      ? (FIRST_WORDS[this.role] ?? ["HELP"]).map((text) => ({ label: text, text }))
      : this.options().replies;
    const look = JSON.stringify([conversation.address, replies]);
    if (chips.dataset.look === look) return;
    chips.dataset.look = look;
    const focused = chips.contains(document.activeElement);
    chips.replaceChildren(...replies.map(({ label, text }) => {
      const chip = el("button", { type: "button" }, label);
      chip.addEventListener("click", () => this.say(text));
      return chip;
    }));
    chips.hidden = !replies.length;
    if (focused) this.#part.text.focus();
  }

  #complain(text) {
    this.#part.oops.textContent = text;
    this.#part.oops.hidden = !text;
  }

  // --- what is done with it ---

  #wire() {
    const part = this.#part;
    part.person.addEventListener("change", () => {
      const { value } = part.person;
      const person = value === NEW ? this.people.invent() : null;
      const chosen = this.people.all().find(({ id }) => id === (person ? person.addresses.sms : value));
      this.hold(chosen, chosen.addresses[this.conversation.channel] ? this.conversation.channel : chosen.channel);
    });
    part.channel.addEventListener("change", (event) => this.hold(this.person, event.target.value));
    part.composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    part.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    part.emergency.addEventListener("click", () => this.say("Emergency"));
    part.newer.addEventListener("click", () => this.#toEnd());
    part.bubbles.addEventListener("scroll", () => {
      if (part.bubbles.scrollHeight - part.bubbles.scrollTop - part.bubbles.clientHeight < 80) part.newer.hidden = true;
    });
    this.#wirePlaces();
  }

  async #submit() {
    const typed = this.#part.text.value;
    if (!typed.trim() || !this.conversation) return;
    this.#part.text.value = "";
    await this.say(typed);
  }

  async say(text) {
    this.#complain("");
    this.#showPlaces(false);
    const { conversation } = this;
    const item = await conversation.send({ text }, text, this.now().toISOString());
    if (item.state !== "failed") return;
    this.#complain(`Not sent. ${item.problem} Your words are kept.`);
    const { text: box } = this.#part;
    if (this.conversation !== conversation) {
      if (!conversation.draft) { conversation.draft = text; conversation.drop(item); }
    } else if (!box.value) {
      box.value = text;
      conversation.drop(item);
    }
  }

  async press(message, button) {
    this.#complain("");
    message.pressed = button.choice;
    this.#part.text.focus({ preventScroll: true });
    const item = await this.conversation.send({ choice: button.choice }, button.label, this.now().toISOString());
    if (item.state === "failed") {
      message.pressed = undefined;
      this.conversation.drop(item);
      this.#complain(`Not sent. ${item.problem} Press it again.`);
    }
  }

  async typeAndSend(text) {
    const { text: box } = this.#part;
    const kept = box.value;
    const { conversation } = this;
    if (!calm.matches) {
      for (let i = 1; i <= text.length; i += 1) {
        box.value = text.slice(0, i);
        await pause(Math.min(60, 500 / text.length));
      }
      await pause(150);
    }
    box.value = kept;
    if (this.conversation === conversation) await this.say(text);
  }

  // --- sharing a place ---

  #wirePlaces() {
    const part = this.#part;
    part.locate.addEventListener("click", () => this.#showPlaces(part.places.hidden));
    part["places-close"].addEventListener("click", () => this.#showPlaces(false, true));
    part.screen.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !part.places.hidden) this.#showPlaces(false, true);
    });
    part["place-list"].append(...PLACES.map(([name, lat, lon]) => {
      const place = el("button", { type: "button" }, name);
      place.addEventListener("click", () => this.#share(lat, lon, name));
      return place;
    }));
    part["place-form"].addEventListener("submit", (event) => {
      event.preventDefault();
      const fields = new FormData(event.target);
      const [lat, lon] = ["lat", "lon"].map((key) => Number(String(fields.get(key)).replace(",", ".").trim()));
      if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) {
        this.#complain("Latitude is -90 to 90, longitude -180 to 180.");
        return;
      }
      this.#share(lat, lon);
    });
  }

  #showPlaces(yes, refocus) {
    const { places, locate } = this.#part;
    places.hidden = !yes;
    locate.setAttribute("aria-expanded", String(yes));
    if (yes) places.querySelector(".place-list button").focus();
    else if (refocus) locate.focus();
  }

  async #share(lat, lon, name) {
    this.#showPlaces(false);
    this.#part.text.focus({ preventScroll: true });
    this.#complain("");
    const label = `Shared a place: ${name ? `${name}, ` : ""}${lat}, ${lon}`;
    const item = await this.conversation.send({ location: { lat, lon } }, label, this.now().toISOString());
    if (item.state === "failed") this.#complain(`Not sent. ${item.problem}`);
  }

  // --- the long poll ---

  run() {
    this.#running = true;
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#listen(this.conversation, this.#stop.signal);
  }

  halt() {
    this.#running = false;
    this.#stop.abort();
  }

  async #listen(conversation, signal) {
    let rest = 500;
    while (!signal.aborted) {
      const started = performance.now();
      try {
        if (conversation.doubt) await restartedSince(conversation, signal);
        const { messages } = await readMessages(conversation.address, conversation.last, conversation.loaded ? 5 : 0, signal);
        if (signal.aborted) return;
        conversation.take(messages);
        rest = 500;
        if (!messages.length && conversation.loaded && performance.now() - started < 1000) await pause(400);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Refused)) conversation.doubt = true;
        await pause(rest);
        rest = Math.min(rest * 2, 4000);
      }
    }
  }

  // Asks again for messages whose delivery was open; called with every look at the state.
  async settle() {
    const { conversation } = this;
    const open = conversation.unsettled();
    if (!open) return;
    try {
      const { messages } = await readMessages(conversation.address, open.n - 1, 0, this.#stop.signal);
      conversation.take(messages);
    } catch { /* the long poll tells of a lost connection */ }
  }
}

async function restartedSince(conversation, signal) {
  const { messages } = await readMessages(conversation.address, 0, 0, signal);
  const last = Math.max(0, ...messages.map(({ n }) => n));
  if (last < conversation.last) conversation.clear();
  conversation.doubt = false;
}

function plainPlace({ location }) {
  return location ? `Shared a place: ${location.lat}, ${location.lon}` : "";
}

function meta(item, mine) {
  const state = {
    sending: "Sending…", failed: `Not sent. ${item.problem ?? ""}`, sent: "Sent",
  }[item.state] ?? (mine ? "Sent" : words(item.status));
  return [hourMinute(item.at), state].filter(Boolean).join(" · ");
}

// Text nodes and links to web pages; never HTML.
function linked(text) {
  return String(text).split(LINK).map((piece, i) => (i % 2
    ? el("a", { href: piece, target: "_blank", rel: "noopener noreferrer" }, piece)
    : piece)).filter((piece) => piece !== "");
}

