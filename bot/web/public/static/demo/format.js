// Times in UK time, and words for what the API calls things.

const zone = { timeZone: "Europe/London" };
const clock = new Intl.DateTimeFormat("en-GB", { ...zone, hour: "2-digit", minute: "2-digit" });
const seconds = new Intl.DateTimeFormat("en-GB", { ...zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { ...zone, weekday: "long", day: "numeric", month: "long" });
const shortDay = new Intl.DateTimeFormat("en-GB", { ...zone, weekday: "short", day: "numeric", month: "short", year: "numeric" });
const month = new Intl.DateTimeFormat("en-GB", { ...zone, month: "short", year: "numeric" });

export function when(value) {
  const date = value ? new Date(value) : null;
  return date && !Number.isNaN(date.getTime()) ? date : null;
}
const shown = (format) => (value) => {
  const date = when(value);
  return date ? format.format(date) : "";
};
export const hourMinute = shown(clock);
export const hourMinuteSecond = shown(seconds);
export const dayName = shown(day);
export const dayShort = shown(shortDay);
export const monthYear = shown(month);

export function span(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  if (s < 90) return `${s} s`;
  if (s < 90 * 60) return `${Math.round(s / 60)} min`;
  if (s < 36 * 3600) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

// "OfferAccepted", "offer_accepted" -> "Offer accepted"
export function words(name) {
  const plain = String(name ?? "").replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[_.]+/g, " ").toLowerCase();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

export function plain(value) {
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "object") {
    return Object.entries(value).filter(([, v]) => plain(v)).map(([k, v]) => `${k.replaceAll("_", " ")} ${plain(v)}`).join(", ");
  }
  return String(value);
}

export function address(value) {
  const uk = /^\+44(\d{4})(\d{6})$/.exec(value ?? "");
  return uk ? `0${uk[1]} ${uk[2]}` : String(value ?? "");
}

// Small DOM maker: text only, never HTML.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key === "class") node.className = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
