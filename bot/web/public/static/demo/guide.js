// "Try this": types the next line of the story on the right phone.

const PEER = 2;
const CHAT = ["Hiya, is outside the library ok?", "Yes, ten minutes. Grey coat, red bag."];

export class Guide {
  #state = {};
  #asked = false;
  #chats = 0;
  #issuing = false;
  #of = "";

  constructor(root, phones, said, { show, openLog }) {
    this.root = root;
    this.phones = phones;
    this.said = said;
    this.show = show;
    this.openLog = openLog;
    root.addEventListener("click", (event) => {
      const step = event.target.closest("button") && event.target.closest("[data-step]");
      if (step) this.#do(step);
    });
  }

  get requester() {
    return this.phones[0];
  }

  update(state) {
    this.#state = state;
    if (this.#of !== this.requester.address) this.#restart();
    const request = this.#request();
    const status = request?.status;
    const past = (...names) => names.includes(status);
    this.#mark("ask", this.#asked || Boolean(request));
    this.#mark("answer", Boolean(request));
    this.#mark("accept", past("accepted", "supplied", "confirmed"));
    this.#mark("chat", this.#chats > 1);
    this.#mark("issue", past("supplied", "confirmed"));
  }

  #request() {
    return (this.#state.requests ?? []).filter(({ address }) => address === this.requester.address).at(-1);
  }

  #offer(status) {
    const ref = this.#request()?.ref;
    return (this.#state.offers ?? []).filter((offer) => offer.status === status && (!ref || offer.request === ref)).at(-1);
  }

  #mark(step, done) {
    const item = this.root.querySelector(`[data-step=${step}]`);
    if (item.classList.contains("done") === done) return;
    item.classList.toggle("done", done);
    item.querySelector(".vh")?.remove();
    if (!done) return;
    const word = document.createElement("i");
    word.className = "vh";
    word.textContent = " done";
    item.querySelector("b").append(word);
  }

  async #do(item) {
    const button = item.querySelector("button");
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await this[`_${item.dataset.step}`]();
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  async #type(phone, text) {
    this.show(phone.number);
    await phone.typeAndSend(text);
  }

  #restart() {
    this.#of = this.requester.address;
    this.#asked = false;
    this.#issuing = false;
    this.#chats = 0;
  }

  async _ask() {
    this.#restart();
    this.#asked = true;
    await this.#type(this.requester, "KIT");
  }

  _answer() {
    return this.#answer(this.requester);
  }

  async #answer(phone) {
    const { message, buttons, replies } = phone.options();
    if (!message) {
      this.said("Nothing to answer yet.", true);
      return;
    }
    this.show(phone.number);
    const choice = buttons.find(({ label }) => /^(yes|ok)\b/i.test(label)) ?? buttons[0];
    const yes = replies.find(({ text }) => text.startsWith("YES"));
    const first = replies.find(({ text }) => /^\d+$/.test(text));
    const where = /\b(where|postcode|town|place)\b/i.test(message.text ?? "");
    if (choice) await phone.press(message, choice);
    else if (yes ?? first) await this.#type(phone, (yes ?? first).text);
    else await this.#type(phone, where ? this.root.dataset.place : "YES");
  }

  async _accept() {
    const offer = this.#offer("sent");
    if (!offer) {
      this.said("No offer is waiting yet. Do steps 1 and 2 first.", true);
      return;
    }
    const peer = this.#takeUp(offer.address);
    const several = this.#state.offers.filter((o) => o.status === "sent" && o.address === offer.address).length > 1;
    await this.#type(peer, several ? `ACCEPT ${offer.code}` : "ACCEPT");
  }

  #takeUp(address) {
    const phone = this.phones[PEER - 1];
    const person = phone.people.find(address);
    if (person && phone.address !== address) phone.hold(person, address.startsWith("tg:") ? "telegram" : "sms");
    return phone;
  }

  async _chat() {
    const offer = this.#offer("accepted");
    if (!offer) {
      this.said("The chat opens when a peer has accepted.", true);
      return;
    }
    const turn = this.#chats % CHAT.length;
    this.#chats += 1;
    await this.#type(turn === 0 ? this.requester : this.#takeUp(offer.address), CHAT[turn]);
  }

  async _issue() {
    const offer = this.#offer("accepted");
    if (!offer) {
      this.said("A peer has to accept first.", true);
      return;
    }
    const peer = this.#takeUp(offer.address);
    const { replies, buttons } = peer.options();
    this.openLog("stock");
    if (this.#issuing && this.#request()?.status === "accepted" && (replies.length || buttons.length)) {
      await this.#answer(peer);
      return;
    }
    this.#issuing = true;
    await this.#type(peer, "ISSUED");
  }

  async _emergency() {
    await this.#type(this.requester, "hes blue and wont wake up");
  }
}
