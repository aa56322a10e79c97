// Three phones, a clock and a log, kept up to date while the page is looked at.

import { link, pause, readState } from "./demo/api.js";
import { Clock } from "./demo/clock.js";
import { Guide } from "./demo/guide.js";
import { Log } from "./demo/log.js";
import { People } from "./demo/people.js";
import { Phone } from "./demo/phone.js";
import { tabs } from "./demo/tabs.js";

const LOOK_EVERY = 1500;
const $ = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 55.99rem)");

const people = new People();
const clock = new Clock($("clock"), said, () => look());
const phones = [1, 2, 3].map((n) => new Phone($(`phone-${n}`), n, people, clock.now));
const log = new Log($("log"), people, clock.now, said);
const panels = [...phones.map((phone) => phone.root), $("log")];
const guide = new Guide($("guide"), phones, said, { show: bring, openLog: (key) => log.open(key) });

let toast;
function said(text, seen = false) {
  $("said").textContent = text;
  $("said").classList.toggle("vh", !seen);
  $("said").classList.toggle("toast", seen);
  clearTimeout(toast);
  if (seen) toast = setTimeout(() => said(""), 5000);
}

function bring(number) {
  switcher.show(number - 1);
  if (narrow.matches) phones[number - 1].root.scrollIntoView({ block: "end" });
}

// --- one phone at a time on a small screen ---

const switcher = {
  at: 0,
  bar: $("switch"),
  tabs: tabs($("switch"), (tab) => switcher.pick(switcher.buttons.indexOf(tab))),
  get buttons() { return [...this.bar.children]; },
  show(i) { if (narrow.matches) this.tabs.pick(this.buttons[i]); },
  pick(i) {
    this.at = i;
    this.unread(i, 0);
    panels.forEach((panel, k) => { panel.classList.toggle("away", narrow.matches && k !== i); });
    if (i < phones.length) phones[i].render(true);
  },
  unread(i, count) {
    const badge = this.buttons[i].querySelector(".unread");
    if (!badge) return;
    const total = count ? Number(badge.dataset.count || 0) + count : 0;
    badge.dataset.count = total;
    badge.hidden = !total;
    badge.textContent = total ? `${total} new` : "";
  },
  // Tabs only where there is one panel at a time; side by side they are plain sections.
  arrange() {
    const set = (node, name, value) => (narrow.matches ? node.setAttribute(name, value) : node.removeAttribute(name));
    set(this.bar, "role", "tablist");
    panels.forEach((panel, i) => {
      set(this.buttons[i], "role", "tab");
      set(panel, "role", "tabpanel");
    });
    $("guide").open = !narrow.matches;
    this.tabs.pick(this.buttons[this.at]);
  },
};

function swipe(area) {
  let from = null;
  area.addEventListener("touchstart", ({ touches }) => { from = touches.length === 1 ? touches[0] : null; }, { passive: true });
  area.addEventListener("touchend", ({ changedTouches: [to] }) => {
    if (!from || !narrow.matches) return;
    const [dx, dy] = [to.clientX - from.clientX, to.clientY - from.clientY];
    if (Math.abs(dx) > 70 && Math.abs(dx) > 2 * Math.abs(dy)) switcher.tabs.step(dx < 0 ? 1 : -1);
  }, { passive: true });
}

// --- whose phones ---

const SEATS = { peer: "peer", pharmacy: "pharmacy" };

function seat() {
  const everyone = people.all();
  for (const phone of phones) {
    phone.listPeople();
    if (phone.person && !phone.stopgap) continue;
    const role = SEATS[phone.root.dataset.role];
    const fitting = role ? everyone.find((person) => person.role === role) : everyone[0];
    const free = fitting ?? everyone.find(({ id }) => phones.every((other) => other.person?.id !== id)) ?? people.invent();
    phone.stopgap = !fitting;
    phone.hold(people.find(free.id ?? free.addresses.sms));
  }
}

for (const [i, phone] of phones.entries()) {
  phone.addEventListener("held", () => {
    switcher.buttons[i].querySelector("[data-el=label]").textContent = phone.root.querySelector("[data-el=role]").textContent;
    if (!document.hidden) phone.run();
  });
  phone.addEventListener("arrived", ({ detail }) => {
    if (narrow.matches && switcher.at !== i) {
      switcher.unread(i, detail);
      said(`New message on phone ${phone.number}`);
    }
  });
}

// --- keeping up ---

let looking = false;

async function look() {
  if (looking) return;
  looking = true;
  try {
    const state = await readState();
    people.learn(state.people ?? [], metIn(state));
    if (phones.some((phone) => !phone.person || phone.stopgap)) seat();
    clock.update(state);
    log.update(state);
    guide.update(state);
    for (const phone of phones) phone.settle();
  } catch (error) {
    if (error.status) said(`The state could not be read: ${error.message}`, true);
  } finally {
    looking = false;
  }
}

function metIn({ outbox = [], requests = [] }) {
  return [...new Set([...outbox, ...requests].map(({ address }) => address).filter(Boolean))].sort();
}

async function keepLooking() {
  for (;;) {
    if (!document.hidden) await look();
    await pause(LOOK_EVERY);
  }
}

document.addEventListener("visibilitychange", () => {
  for (const phone of phones) {
    if (document.hidden) phone.halt();
    else if (phone.person) phone.run();
  }
});
link.addEventListener("lost", () => {
  $("lost").textContent = "Connection lost, trying again";
  $("lost").hidden = false;
});
link.addEventListener("back", () => { $("lost").hidden = true; });
people.addEventListener("change", () => phones.forEach((phone) => phone.listPeople()));
narrow.addEventListener("change", () => switcher.arrange());

for (const skip of document.querySelectorAll(".skip")) {
  skip.addEventListener("click", () => {
    if (skip.hash === "#log") switcher.show(phones.length);
    if (skip.hash === "#phones" && switcher.at === phones.length) switcher.show(0);
  });
}

switcher.arrange();
swipe($("phones"));
setInterval(() => {
  clock.tick();
  log.tick();
  phones.forEach((phone) => phone.tick());
}, 1000);
keepLooking();
