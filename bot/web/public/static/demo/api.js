// The demo's JSON API. Every call tells `link` whether the server could be reached.

export const link = new EventTarget();
let lost = false;

function reached(isUp) {
  if (lost === !isUp) return;
  lost = !isUp;
  link.dispatchEvent(new Event(lost ? "lost" : "back"));
}

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(path, { signal, timeout, ...options } = {}) {
  const stop = new AbortController();
  const giveUp = () => stop.abort();
  signal?.addEventListener("abort", giveUp);
  const timer = timeout && setTimeout(giveUp, timeout);
  try {
    const answer = await fetch(path, { ...options, signal: stop.signal, cache: "no-store" });
    const gateway = answer.status === 502 || answer.status === 504;
    reached(!gateway);
    const body = await answer.text();
    if (!answer.ok) throw new Refused(answer.status, reason(body) || `the server said ${answer.status}`);
    return JSON.parse(body);
  } catch (error) {
    if (!(error instanceof Refused) && !signal?.aborted) reached(false);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

function reason(body) {
  try {
    const { detail, error } = JSON.parse(body);
    return String(detail ?? error ?? "").slice(0, 200);
  } catch {
    return body.startsWith("<") ? "" : body.slice(0, 200);
  }
}

const post = (path, body, timeout) => call(path, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
  timeout,
});

export const readState = () => call("/demo/state", { timeout: 20000 });
export const sendMessage = (message) => post("/demo/messages", message, 30000);
export const moveClock = (seconds) => post("/demo/clock", { advance_seconds: seconds });

export function readMessages(address, after, wait, signal) {
  const query = new URLSearchParams({ address, after, wait });
  return call(`/demo/messages?${query}`, { signal, timeout: 20000 + wait * 1000 });
}

export const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
