/**
 * A host of the cartridge, as docs/host.md describes it: requests in, one record a token out, all through its RAM.
 * @import { HostField, Lab, LoggedToken, Mode, Request, Source } from "../types.js"
 * @import { Console } from "./core.js"
 */

import { record } from "./record.js";
import { setWord, word } from "./ram.js";

const START_FRAMES = 8;
const FULL = 2;
const RUN = 1;
const NTSC_FRAMES = 60.0988; // a second
const RATE_FRAMES = 120; // over which tokens/s are measured

/** @implements {Source} */
export class Host {
  #console;
  #lab;
  #fields;
  /** @type {Set<(token: LoggedToken) => void>} */
  #listeners = new Set();
  #most = 0; // records that the log can hold, as the console has it before a host lowers it
  #read = 0; // records of the log that listeners have seen
  #full = false; // the console was seen waiting in the frame before too
  #owed = 0; // tokens that step() still has to get
  #quiet = false; // records are dropped while a request gives way to the next
  /** @type {Request | null} the request to come, while the one before ends */
  #next = null;
  /** @type {[frame: number, tokens: number][]} of late */
  #made = [];

  /**
   * "person" until the first request: the cartridge is played and looked on. Then "request", until reset().
   * @type {Mode}
   */
  mode = "person";

  /** Frames that Start is still held, which leads from the title to the names. */
  #start = START_FRAMES;
  /** The console makes a token only when step() asks for it. */
  stepping = false;
  /** @type {Request | null} the request that runs or ran last */
  current = null;

  /**
   * @param {Console} console
   * @param {Lab} lab
   */
  constructor(console, lab) {
    this.#console = console;
    this.#lab = lab;
    this.#fields = lab.host.fields;
    console.onFrame(() => this.#look());
  }

  /**
   * Calls listener(record) for every token, in order; returns a function that ends it. See record.js.
   * @param {(token: LoggedToken) => void} listener
   */
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

  /**
   * Tokens to be made. It starts when the document in progress has ended; the last one counts.
   * @param {Request} request
   */
  async request(request) {
    const alone = this.#next === null;
    this.#next = request;
    if (!alone) return;
    await this.#finish();
    const last = this.#next;
    this.#next = null;
    this.#write(last);
  }

  /** The reset button: the cartridge begins again and is the person's. */
  reset() {
    this.mode = "person";
    this.#start = START_FRAMES;
    this.current = null;
    this.#read = 0;
    this.#made = [];
    this.#ram.fill(0, this.#lab.host.block, this.#lab.host.block + this.#lab.host.magic.length);
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

  /** @param {Request} request */
  #write({ seed, tenths, count, prompt = [] }) {
    this.mode = "request";
    this.current = { seed, tenths, count, prompt };
    this.#read = this.#owed = 0;
    this.#full = false;
    this.#set("capacity", this.#capacity);
    prompt.forEach((token, i) => setWord(this.#ram, this.#fields.prompt + 2 * i, token));
    this.#set("seed", seed);
    this.#set("temperature", tenths);
    this.#set("top_p", this.#lab.top_p);
    this.#set("count", count);
    this.#set("prompt_length", prompt.length);
    this.#set("status", RUN);
    this.#set("log_count", 0);
    this.#set("command", RUN);
  }

  /** Once a frame: settings of the log are renewed, for a reset clears them; new records go out; a full log goes on. */
  #look() {
    if (!this.#up) return;
    this.#most ||= this.#get("capacity");
    if (!this.#most) return;
    if (this.#start) this.#console.press("Start", --this.#start > 0);
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

  /** The RAM that the host block and the log are in. */
  get #ram() {
    return this.#console.ram(this.#lab.host.ram);
  }

  get #up() {
    const { block, magic } = this.#lab.host;
    return [...magic].every((letter, i) => this.#ram[block + i] === letter.charCodeAt(0));
  }

  get #capacity() {
    return this.stepping && !this.#quiet ? 1 : this.#most;
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

  /** @param {number} number of the record */
  #tell(number) {
    if (this.#quiet) return;
    const tenths = this.current?.tenths ?? word(this.#console.ram("work"), this.#lab.host.temperature);
    const found = record(this.#ram, this.#lab, number, { mode: this.mode, tenths });
    for (const listener of this.#listeners) listener(found);
  }

  /** @param {number} tokens made in this frame */
  #note(tokens) {
    const now = this.#console.frame;
    this.#made.push([now, tokens]);
    while (this.#made[0][0] < now - RATE_FRAMES) this.#made.shift();
  }

  /** @param {HostField} name */
  #get(name) {
    return word(this.#ram, this.#fields[name]);
  }

  /**
   * @param {HostField} name
   * @param {number} value
   */
  #set(name, value) {
    setWord(this.#ram, this.#fields[name], value);
  }
}
