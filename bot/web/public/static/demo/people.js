// Who can hold a phone: the sample service's people, and persons invented here.

const GROUPS = [["requester", "Requesters"], ["peer", "Peers"], ["pharmacy", "Pharmacies"], ["coordinator", "Coordinators"]];
const ALIASES = { outlet: "pharmacy", contact: "requester", person: "requester", staff: "coordinator" };

export const roleOf = (person) => ALIASES[person.role] ?? person.role ?? "requester";
export const channelOf = (address) => (address.startsWith("tg:") ? "telegram" : "sms");

export class People extends EventTarget {
  #known = [];
  #seen = "";
  #invented = [];

  constructor() {
    super();
    this.invent();
  }

  // Numbers reserved by Ofcom for drama: 07700 900000 to 900999.
  invent() {
    const count = this.#invented.length + 1;
    let n = count;
    while (this.#known.some(({ address }) => address === `+447700900${String(n).padStart(3, "0")}`)
      || this.#invented.some((other) => other.number === n)) n += 1;
    const tail = String(n).padStart(3, "0");
    const person = {
      number: n,
      role: "requester",
      name: count === 1 ? "Someone asking" : `New person ${count}`,
      channel: "sms",
      addresses: { sms: `+447700900${tail}`, telegram: `tg:900${tail}` },
    };
    this.#invented.push(person);
    this.dispatchEvent(new Event("change"));
    return person;
  }

  learn(people) {
    const seen = JSON.stringify(people);
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#known = people;
    this.dispatchEvent(new Event("change"));
  }

  // One entry for each person: somebody with two channels is listed once.
  all() {
    const ours = new Set(this.#invented.flatMap(({ addresses }) => Object.values(addresses)));
    const list = this.#invented.map((person) => ({ ...person, id: person.addresses.sms }));
    for (const known of this.#known) {
      if (!known.address || ours.has(known.address)) continue;
      const channel = channelOf(known.address);
      const twin = list.find((other) => other.name === known.name && roleOf(other) === roleOf(known)
        && other.service === known.service && known.name && !other.addresses[channel]);
      if (twin) twin.addresses[channel] = known.address;
      else list.push({ ...known, role: roleOf(known), channel, id: known.address, addresses: { [channel]: known.address } });
    }
    return list;
  }

  grouped() {
    const everyone = this.all();
    const named = GROUPS.map(([role, label]) => [label, everyone.filter((p) => p.role === role)]);
    const rest = everyone.filter((p) => !GROUPS.some(([role]) => role === p.role));
    return [...named, ["Others", rest]].filter(([, members]) => members.length);
  }

  find(address) {
    return this.all().find((person) => Object.values(person.addresses).includes(address));
  }

  nameOf(address) {
    return this.find(address)?.name || "";
  }
}
