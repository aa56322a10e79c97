// The program's clock: shows it, and moves it.

import { moveClock } from "./api.js";
import { dayShort, hourMinuteSecond, span, when } from "./format.js";

export class Clock {
  #part = {};
  #base = Date.now();
  #since = performance.now();
  #frozen = false;
  #known = false;
  #next = null;
  #moving = false;

  constructor(root, said, moved) {
    this.root = root;
    this.said = said;
    this.moved = moved;
    for (const node of root.querySelectorAll("[data-el]")) this.#part[node.dataset.el] = node;
    root.querySelector(".jumps").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button || this.#moving) return;
      if (button === this.#part.next) this.#toNext();
      else this.#advance(Number(button.dataset.seconds));
    });
  }

  now = () => new Date(this.#base + (this.#frozen ? 0 : performance.now() - this.#since));

  update(state) {
    this.#set(state.now);
    const due = [...(state.timers ?? []).filter(isOpen).map(momentOf), ...(state.requests ?? []).map((r) => r.next_timer_at)]
      .map((at) => when(at)?.getTime() ?? 0).filter((at) => at > this.#base);
    this.#next = due.length ? Math.min(...due) : null;
    this.tick();
  }

  #set(value) {
    const date = when(value);
    if (!date) return;
    this.#frozen = this.#known && date.getTime() === this.#base;
    this.#known = true;
    this.#base = date.getTime();
    this.#since = performance.now();
  }

  tick() {
    if (!this.#known) return;
    const part = this.#part;
    part.now.textContent = hourMinuteSecond(this.now());
    part.date.textContent = dayShort(this.now());
    part["next-in"].textContent = this.#next ? `in ${span(this.#next - this.now())}` : "none";
    part.next.disabled = !this.#next;
  }

  #toNext() {
    if (this.#next) this.#advance(Math.max(1, Math.ceil((this.#next - this.now()) / 1000) + 1));
  }

  async #advance(seconds) {
    this.#busy(true);
    try {
      const { now } = await moveClock(seconds);
      this.#frozen = false;
      this.#set(now);
      this.tick();
      this.said(`The clock is at ${hourMinuteSecond(now)}, ${dayShort(now)}`);
      this.moved();
    } catch (error) {
      this.said(`The clock was not moved: ${error.status ? error.message : "no connection"}`);
      this.#part.busy.textContent = "Not moved";
      this.#moving = false;
      this.#disable(false);
      return;
    }
    this.#busy(false);
  }

  #busy(yes) {
    this.#moving = yes;
    this.#part.busy.textContent = yes ? "Moving…" : "";
    this.root.setAttribute("aria-busy", String(yes));
    this.#disable(yes);
  }

  // Not `disabled`: the pressed button keeps the keyboard's focus.
  #disable(yes) {
    for (const button of this.root.querySelectorAll(".jumps button")) button.setAttribute("aria-disabled", String(yes));
    this.root.setAttribute("aria-busy", String(yes));
  }
}

const OVER = ["fired_at", "done_at", "cancelled_at"];
const isOpen = (timer) => !OVER.some((key) => timer[key]) && !["fired", "done", "cancelled"].includes(timer.status);
const momentOf = (timer) => timer.due_at ?? timer.at ?? timer.due ?? timer.fires_at;
