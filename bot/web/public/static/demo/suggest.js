// What somebody could answer, read off the last message: [{label, text}].

const WORDS = new Set(`KIT STATUS USED LOST ADVICE NEAR TALK STOP START MENU BACK CANCEL HELP QUIET MYDATA DELETE
  COMPLAIN LANGUAGE ON OFF ACCEPT YES DECLINE NO ONWAY HERE ISSUED CANT HANDOVER STOCK SOS SAFE SUPPORT HOTSPOT PAUSE
  NONE REQUESTS TAKE DONE SKIP NEXT MEET COLLECT READY AWAKE BREATHING AGAIN WRONG SOMEONE OK`.split(/\s+/));
const LATER = ["BACK", "CANCEL", "HELP", "MENU", "TALK", "STOP"];
const MOST = 8;

export const FIRST_WORDS = {
  requester: ["KIT", "ADVICE", "USED", "999"],
  peer: ["ON", "STOCK", "HELP"],
  pharmacy: ["STOCK", "NONE", "HELP"],
  coordinator: ["REQUESTS", "HELP"],
};

function numbered(text) {
  const found = text.split("\n").flatMap((line) => {
    const hit = /^\s*(\d{1,2})[.):]?\s+(\S.*)$/.exec(line);
    return hit ? [{ label: `${hit[1]} ${hit[2].trim()}`, text: hit[1] }] : [];
  });
  return found.length > 1 ? found : [];
}

// "Reply YES or NO", "ISSUED K7F-3QX": words in capitals, with the code that follows.
function capitals(text) {
  const found = [];
  if (/\bNOT BREATHING\b/.test(text)) found.push("NOT BREATHING");
  for (const [, word, code] of text.matchAll(/\b([A-Z]{2,10})\b(?: ((?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{0,9})\b)?/g)) {
    if (!WORDS.has(word)) continue;
    const said = code && code !== "999" ? `${word} ${code}` : word;
    if (!found.includes(said)) found.push(said);
  }
  const late = (said) => (LATER.includes(said) ? 1 : 0);
  return found.sort((a, b) => late(a) - late(b)).map((said) => ({ label: said, text: said }));
}

export function suggestions(message) {
  const text = message.text ?? "";
  const all = [...numbered(text), ...capitals(text)];
  if (!all.length) all.push(...(message.buttons ?? []).map(({ label }) => ({ label, text: label })));
  return all.slice(0, MOST);
}
