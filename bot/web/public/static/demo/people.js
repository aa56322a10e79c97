// Who can hold a phone: the sample service's people, and persons invented here.

const GROUPS = [["requester", "Requesters"], ["peer", "Peers"], ["pharmacy", "Pharmacies"], ["coordinator", "Coordinators"]];
const ALIASES = { outlet: "pharmacy", contact: "requester", person: "requester", staff: "coordinator" };

export const roleOf = (person) => ALIASES[person.role] ?? person.role ?? "requester";
export const channelOf = (address) => (address.startsWith("tg:") ? "telegram" : "sms");

function addressesOf(n) {
  const tail = String(n).padStart(3, "0");
  return { sms: `+447700900${tail}`, telegram: `tg:900${tail}` };
}

export class People extends EventTarget {
  #known = [];
  #seen = "";
  #invented = [];
  #met = [];

  constructor() {
    super();
    this.invent();
  }

  // Numbers reserved by Ofcom for drama: 07700 900000 to 900999. Never one that has been used.
  invent() {
    const count = this.#invented.length + 1;
    const taken = new Set([...this.#known.map(({ address }) => address), ...this.#met,
      ...this.#invented.flatMap(({ addresses }) => Object.values(addresses))]);
    let n = count;
    while (Object.values(addressesOf(n)).some((address) => taken.has(address))) n += 1;
    const person = {
      role: "requester",
      name: count === 1 ? "Someone asking" : `New person ${count}`,
      channel: "sms",
      addresses: addressesOf(n),
    };
    this.#invented.push(person);
    this.dispatchEvent(new Event("change"));
    return person;
  }

  // `met`: every address the line has written to, so that earlier visitors can be picked again.
  learn(people, met) {
    const seen = JSON.stringify([people, met]);
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#known = people;
    this.#met = met;
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
    for (const address of this.#met) {
      if (list.some(({ addresses }) => Object.values(addresses).includes(address))) continue;
      const channel = channelOf(address);
      list.push({ role: "requester", name: "", channel, id: address, addresses: { [channel]: address } });
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
