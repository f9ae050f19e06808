// A host of the cartridge, as docs/host.md describes it: requests in, one record a token out, all through work RAM.
import { record } from "./record.js";
import { setWord, word } from "./wram.js";

const FULL = 2;
const RUN = 1;
const NTSC_FRAMES = 60.0988; // a second
const RATE_FRAMES = 120; // over which tokens/s are measured

export class Host {
  #console;
  #lab;
  #fields;
  #listeners = new Set();
  #read = 0; // records of the log that listeners have seen
  #full = false; // the console was seen waiting in the frame before too
  #owed = 0; // tokens that step() still has to get
  #quiet = false; // records are dropped while a request gives way to the next
  #next = null; // the request to come, while the one before ends
  #made = []; // [frame, tokens] of late

  /** "person" until the first request: the cartridge is played and looked on. Then "request", until reset(). */
  mode = "person";
  /** The console makes a token only when step() asks for it. */
  stepping = false;
  /** The request that runs or ran last, or null. */
  current = null;

  constructor(console, lab) {
    this.#console = console;
    this.#lab = lab;
    this.#fields = lab.host.fields;
    console.onFrame(() => this.#look());
  }

  /** Calls listener(record) for every token, in order; returns a function that ends it. See record.js. */
  onRecord(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Lets the console make one more token. */
  step() {
    this.stepping = true;
    this.#owed += 1;
  }

  /** Tokens a second of the console's own time, over the last two seconds. */
  get rate() {
    const [first] = this.#made;
    const frames = this.#console.frame - (first?.[0] ?? this.#console.frame);
    const tokens = this.#made.slice(1).reduce((sum, [, made]) => sum + made, 0);
    return frames ? (tokens * NTSC_FRAMES) / frames : 0;
  }

  /** Tokens {seed, tenths, count, prompt} asks for. It starts when the document in progress has ended; the last one counts. */
  async request({ seed, tenths, count, prompt = [] }) {
    const alone = this.#next === null;
    this.#next = { seed, tenths, count, prompt };
    if (!alone) return;
    await this.#finish();
    const request = this.#next;
    this.#next = null;
    this.#write(request);
  }

  /** The reset button: the cartridge begins again and is the person's. */
  reset() {
    this.mode = "person";
    this.current = null;
    this.#read = 0;
    this.#made = [];
    this.#console.wram.fill(0, this.#lab.host.block, this.#lab.host.block + this.#lab.host.magic.length);
    this.#console.reset();
  }

  /** The document in progress ends unseen, and the console waits for a command, or for the person. */
  async #finish() {
    this.#quiet = true;
    if (this.mode === "request" && this.#get("command")) this.#set("count", 1);
    do await this.#console.frames(2);
    while (!this.#up || this.#get("command") || this.#get("status") === FULL);
    this.#quiet = false;
  }

  #write(request) {
    this.mode = "request";
    this.current = request;
    this.#read = this.#owed = 0;
    this.#full = false;
    this.#set("capacity", this.#capacity);
    request.prompt.forEach((token, i) => setWord(this.#console.wram, this.#fields.prompt + 2 * i, token));
    this.#set("seed", request.seed);
    this.#set("temperature", request.tenths);
    this.#set("top_p", this.#lab.top_p);
    this.#set("count", request.count);
    this.#set("prompt_length", request.prompt.length);
    this.#set("status", RUN);
    this.#set("log_count", 0);
    this.#set("command", RUN);
  }

  /** Once a frame: settings of the log are renewed, for a reset clears them; new records go out; a full log goes on. */
  #look() {
    if (!this.#up) return;
    this.#set("watch", this.mode === "person" && !this.#quiet ? 1 : 0);
    this.#set("capacity", this.#capacity);
    const count = this.#get("log_count");
    if (count < this.#read) this.#read = 0;
    this.#note(count - this.#read);
    while (this.#read < count) this.#tell(this.#read++);
    const full = this.#get("status") === FULL;
    if (full && this.#full && this.#mayGoOn()) this.#goOn();
    else this.#full = full;
  }

  get #up() {
    const { block, magic } = this.#lab.host;
    return [...magic].every((letter, i) => this.#console.wram[block + i] === letter.charCodeAt(0));
  }

  get #capacity() {
    return this.stepping && !this.#quiet ? 1 : this.#lab.record.capacity;
  }

  #mayGoOn() {
    if (!this.stepping || this.#quiet) return true;
    if (this.#owed === 0) return false;
    this.#owed -= 1;
    return true;
  }

  #goOn() {
    this.#set("log_count", 0);
    this.#read = 0;
    this.#full = false;
  }

  #tell(number) {
    if (this.#quiet) return;
    const tenths = this.current?.tenths ?? word(this.#console.wram, this.#lab.host.temperature);
    const found = record(this.#console.wram, this.#lab, number, { mode: this.mode, tenths });
    for (const listener of this.#listeners) listener(found);
  }

  #note(tokens) {
    const now = this.#console.frame;
    this.#made.push([now, tokens]);
    while (this.#made[0][0] < now - RATE_FRAMES) this.#made.shift();
  }

  #get(name) {
    return word(this.#console.wram, this.#fields[name]);
  }

  #set(name, value) {
    setWord(this.#console.wram, this.#fields[name], value);
  }
}
