/**
 * The shapes of what goes through the page: lab.json, the model that runs on it, the console that is compared with it,
 * the context of the tour.
 */

// ---- lab.json: what snesgpt/lab/model.py and snesgpt/lab/export.py write ----

/** Packed in lab.json: src/model/packed.js. */
export type Integers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array;

/** Flat, row by row. */
export interface Tensor<V = Integers> {
  shape: [rows: number, columns: number];
  values: V;
}

export interface ModelConfig {
  vocab_size: number;
  block_size: number;
  n_embd: number;
  n_head: number;
  n_layer: number;
  n_hidden: number;
  activation: string;
  family: "microgpt" | "llama" | "gpt2";
  kv_heads: number;
  /** Positions that each head sees, layer after layer; none: all. */
  windows?: number[];
  /** Contexts that are looked up: of 2 tokens, 3 …, flat, the oldest token first. vectors, logits: the longest. */
  memory?: { vectors: number; logits: number; known: number[][] };
  head_dim: number;
  bos: number;
  n_params: number;
}

export interface Tables {
  /** exp(−i/32), Q0.16. */
  exp: Integers;
  /** 127 · exp(−i/32). */
  exp7: Integers;
  rsqrt: Integers;
  rsqrt_shift: number;
  norm_epsilon: number;
  /** By the bits of a table norm. */
  squares: Record<number, Integers>;
  table_epsilon: Record<number, number>;
  /** By the bits of a gate. */
  silu: Record<number, Integers>;
  /** By "kind bits". */
  gelu: Record<string, Integers>;
  /** By a head's width: of every position the cosine and sine of every pair. */
  rotary: Record<number, Integers>;
}

/** wte, wpe, lm_head, and of each layer wq, wk, wv, wo, fc1, fc2, and what else a family has. */
export type Tensors<T> = Record<string, T>;

export interface Alphabet {
  symbols: string[];
  merges: [left: string, right: string][];
  /** Of a Llama's vocabulary: text, a character for each byte, and score. */
  pieces?: [text: string, score: number][];
  fold_case: boolean;
}

/** What the integer model needs. */
export interface ModelData extends Alphabet {
  config: ModelConfig;
  /** Whether a text that fills its context goes on in the next. */
  goes_on: boolean;
  tensors: Tensors<Tensor>;
  /** A matrix's words hold w · 2^(8 + this); none: 0. */
  exponents: Partial<Record<string, number>>;
  /** The kernels in order: what computes the model. */
  program: KernelData[];
  logit_shift: number;
  logit_exponent: number;
  top_p: number;
  trace: { name: string; shape: number[]; over_positions: boolean }[];
  tables: Tables;
}

export interface LogEntry {
  offset: number;
  shape: number[];
  over_positions: boolean;
}

export type HostField =
  | "command"
  | "status"
  | "seed"
  | "temperature"
  | "top_p"
  | "count"
  | "prompt_length"
  | "prompt"
  | "capacity"
  | "watch"
  | "log_count";

/** An instruction: reads the slot bias + sign · x[input], or has a constant, or neither. */
export type Operation = { text: string } & (
  | { input: number; sign: number; constant?: undefined }
  | { input?: undefined; sign?: undefined; constant?: number }
);

/** A line of a row's code. */
export type CodeLine = Operation & { bytes: number; clocks: number; comment: string };

export interface CodeRow {
  matrix: string;
  row: number;
  label: string;
  comment: string;
  bytes: number;
  clocks: number;
  bias: number;
  weights: number[];
  exponent: number;
  digits: { shift: number; digits: number[] }[];
  lines: CodeLine[];
}

/** [step, loss on what was learned from, held-out loss] */
export type Measurement = [step: number, learned: number, held: number];
export type Sample = [step: number, texts: string[]];

/** What is known of the training; of a model made elsewhere little. */
export interface Training {
  steps?: number;
  batch_size?: number;
  learning_rate?: number;
  weight_decay?: number;
  digits?: number;
  grid?: number;
  seed?: number;
  data?: string;
  preset?: string;
  curve: Measurement[];
  samples: Sample[];
  digits_per_weight: Record<string, number>;
  active_hidden: number | null;
  nll_float: number | null;
  nll_integer: number | null;
}

export interface Prediction {
  clocks_per_token: number;
  tokens_per_second: number;
  stages: Record<string, number>;
}

export interface Build {
  id: string;
  target: "stock" | "sa1";
  rom_bytes: number;
  /** The address that each bank is seen at. */
  banks: number[];
  segments: Record<string, number>;
  front_table: boolean;
  /** null for the schoolbook kernel. */
  predicted: Prediction | null;
}

/** lab.json. */
export interface Lab extends ModelData {
  temperature: number;
  record: {
    bytes: number;
    words: string[];
    logits: number;
    /** Whether it has every intermediate, or the logits alone. */
    traced: boolean;
    entries: Partial<Record<string, LogEntry>>;
    unrecorded: string[];
    capacity: number;
  };
  host: {
    /** Where block and log are: the console's work RAM, or the cartridge's. temperature is in work RAM. */
    ram: "work" | "cartridge";
    block: number;
    magic: string;
    fields: Record<HostField, number>;
    log: number;
    log_bytes: number;
    temperature: number;
  };
  build: Build;
  training: Training;
  /** Of a microgpt; of another family none. */
  weights: Tensors<Tensor<Float32Array>>;
  /** null where rows are not code. */
  row: CodeRow | null;
  documents: string[];
}

// ---- the integer model: src/model ----

export type Vector = Int32Array<ArrayBuffer>;

/** First and end of a part of a vector; none: all of it. */
export type Part = [first: number, end: number] | null;

/** A block of the schedule: quantize/schedule.py says what each kind is. */
export interface Named {
  name: string;
  layer: number;
}

export interface Known extends Named {
  tokens: number;
}

export interface Embed extends Named {
  out: string;
  positions: boolean;
  tokens: number;
}

export interface Recall extends Named {
  out: string;
  tokens: number;
}

export interface Norm extends Named {
  source: string;
  out: string;
}

export interface Linear extends Named {
  weight: string;
  source: string;
  out: string;
  cached: boolean;
  inputs: Part;
  outputs: Part;
  bias: string;
}

export interface Rotary extends Named {
  query: string;
  key: string;
  keys: string;
  centre: string;
}

export interface Attention extends Named {
  query: string;
  keys: string;
  values: string;
  out: string;
}

export interface Activation extends Named {
  kind: string;
  out: string;
  part: Part;
}

export interface Gate extends Named {
  gate: string;
  up: string;
  out: string;
  part: Part;
}

export interface Add extends Named {
  source: string;
  out: string;
}

export interface ByteAttention {
  block: Attention;
  key_shift: number;
  value_shift: number;
  query_shift: number;
}

export interface CutUnits {
  bits: number;
  limit: number;
  shift: number;
}

/** The numbers of every kernel: the fields of the class of this name in quantize/kernels/. */
export interface Kernels {
  KnownContext: { block: Known };
  Embedding: { block: Embed };
  ExactNorm: { block: Norm };
  TableNorm: { block: Norm; bits: number; doublings: number };
  SchoolbookRows: { block: Linear };
  DigitRows: {
    block: Linear;
    unbiased: boolean;
    source_shift: number;
    out_shift: number;
    clamp: number;
    clamp_shift: number;
    sections: number;
  };
  ActiveColumns: { block: Linear };
  ExactAttention: { block: Attention };
  PpuAttention: ByteAttention;
  MacAttention: ByteAttention;
  Rectifier: { block: Activation };
  Sum: { block: Add };
  CutSum: { block: Add; bits: number; doublings: number };
  Turn: { block: Rotary };
  SiluGate: CutUnits & { block: Gate };
  Lookup: CutUnits & { block: Activation };
  RecalledLogits: { block: Recall; halvings: number };
}

/** A kernel of the program. */
export type KernelData = { [K in keyof Kernels]: { kernel: K } & Kernels[K] }[keyof Kernels];

/** A token under way: buffers by name, caches with a vector a position, and what was computed so far. */
export interface State {
  token: number;
  position: number;
  /** The last tokens, the newest last. */
  last: number[];
  /** Of each length from 2 on, the row of the known context. */
  rows: number[];
  buffers: Record<string, Vector>;
  caches: Record<string, Vector[]>;
  trace: Record<string, Vector>;
}

/** A kernel's meaning for one model: called for every token. */
export type Bind<K> = (kernel: K, model: ModelData) => (state: State) => void;

/** W x. */
export type Multiply = (x: Vector) => Vector;

/** One power of two of a row of weights: Σ digits[n] · x[inputs[n]] is what it adds, times 2^-shift. */
export interface Plane {
  shift: number;
  inputs: number[];
  digits: number[];
}

export interface Head {
  scores: Vector;
  weights: Vector;
  attended: Vector;
}

/** A document under way. */
export interface Stream {
  position: number;
  last: number[];
  caches: Record<string, Vector[]>;
}

export interface Step {
  logits: Vector;
  trace: Record<string, Vector>;
}

/** tenths: the temperature; count: documents, or windows of a running text. */
export interface Request {
  seed: number;
  tenths: number;
  count: number;
  prompt?: number[];
}

/** A step of a request: the token read, the next, and the generator's state after the draw. */
export interface Token extends Step {
  token: number;
  position: number;
  next: number;
  x: number;
  y: number;
}

export interface Shares {
  weights: Vector;
  total: number;
}

/** All at the model's top-p. For a document's first token pass logits.subarray(0, bos): it is never BOS. */
export interface Model {
  config: ModelConfig;
  bos: number;
  /** Tokens without BOS. */
  encode(text: string): number[];
  decode(tokens: Iterable<number>): string;
  start(): Stream;
  step(stream: Stream, token: number): Step;
  run(request: Request): Generator<Token, void, undefined>;
  choose(logits: Vector, tenths: number, random: number): number;
  probabilities(logits: Vector, tenths: number): Shares;
}

// ---- the console, and what stands in for it: src/console, src/live ----

export type Mode = "person" | "request";

/** One token as the console logged it, or as the model has it. */
export interface LoggedToken {
  token: number;
  position: number;
  next: number;
  x: number;
  y: number;
  logits: Vector;
  /** An intermediate by name. Throws RangeError for one that the cartridge does not keep. */
  values(name: string): Vector;
  mode: Mode;
  tenths: number;
}

/** Where tokens come from: the host of the console, or the model in its place. */
export interface Source {
  mode: Mode;
  /** A token is made only when step() asks for it. */
  stepping: boolean;
  /** The request that runs or ran last, or null. */
  current: Request | null;
  /** Tokens a second. */
  readonly rate: number;
  /** Calls listener(token) for every token, in order; returns a function that ends it. */
  onRecord(listener: (token: LoggedToken) => void): () => void;
  step(): void;
  request(request: Request): Promise<void>;
  /** The reset button, where there is a console. */
  reset?(): void;
}

export type Button = "B" | "Y" | "Select" | "Start" | "Up" | "Down" | "Left" | "Right" | "A" | "X" | "L" | "R";

/** What a machine is to those who play it or read from it. */
export interface Machine {
  console: import("./console/core.js").Console;
  host: import("./console/host.js").Host;
}

/** A cartridge that is published: publish/site.py, Entry. */
export interface Cartridge {
  name: string;
  title: string;
  about: string;
  target: Build["target"];
  /** The target in words. */
  machine: string;
  /** Where lab.json is, and the cartridge that logs all it computes. */
  folder: string;
  /** Where the cartridge is as its owner plays it. */
  rom: string;
  bytes: number;
  sha256: string;
  weights: number;
  tokens_per_second: number | null;
  prompt: string;
  seed: number;
  tenths: number;
}

/** data/cartridges.json. site: whether the other pages of the site are around this one. */
export interface Cartridges {
  site: boolean;
  cartridges: Cartridge[];
}

/** What an address says. asks: whether it asks for a text. problems: what is wrong in it, as sentences. */
export interface Wish {
  cartridge: Cartridge;
  prompt: string;
  tenths: number;
  seed: number;
  asks: boolean;
  problems: string[];
}

/** What every part of the page is given. */
export interface Page {
  cartridges: Cartridge[];
  wish: Wish;
  lab: Lab;
  model: Model;
  /** The emulator with the cartridge in it; rejected where it cannot run. */
  machine: Promise<Machine>;
}

/** The glue's module, of which this is used. */
export interface EmulatorModule {
  HEAPU8: Uint8Array<ArrayBuffer>;
  FS: { mkdirTree(path: string): void; writeFile(path: string, content: string | Uint8Array): void };
  cwrap(name: string, result: "string" | null, parameters: "number"[]): (...given: number[]) => string;
  callMain(given: string[]): void;
}

export interface Palette {
  signed: (value: number) => string;
  share: (value: number) => string;
  off: string;
}

/** A figure of the live panel. */
export interface LiveFigure {
  element: HTMLElement;
  update(token: LoggedToken, colours: Palette): void;
}

// ---- the tour: src/tour ----

export type Svg = import("d3-selection").Selection<SVGSVGElement, unknown, null, undefined>;

/** What drawings are made of. */
export interface SvgTags {
  circle: SVGCircleElement;
  g: SVGGElement;
  line: SVGLineElement;
  path: SVGPathElement;
  rect: SVGRectElement;
  text: SVGTextElement;
}

/** Name → rows of floating-point weights. */
export type Weights<N = number> = Tensors<N[][]>;

/** The reader's word, and what the model makes of it. */
export interface Reading {
  word: string;
  /** BOS and the word's. */
  tokens: number[];
  /** What of the text the model could not read, as a sentence, or nothing. */
  problem: string;
  /** The token looked at. */
  position: number;
  /** The integer model's step for each token. */
  pass: Step[];
}

/** What all figures of the tour share. */
export interface Context extends Reading {
  lab: Lab;
  model: Model;
  config: ModelConfig;
  weights: Weights;
  symbol(token: number): string;
  setWord(text: string): void;
  setPosition(position: number): void;
  subscribe(listener: () => void): void;
  /** A traced intermediate at a position, as numbers (not 256ths). */
  values(name: string, position?: number): number[];
  /** The word's document: BOS c1 … cn BOS. */
  readonly document: number[];
}

export type Markup = import("./tour/elements.js").Markup;

/** What can be put into an element. */
export type Child = Node | string | number | null | undefined | Child[];

/** A step of the tour. update draws what the context now holds. */
export interface TourStep {
  id: string;
  title: string;
  /** Whether it makes sense for a model; none: for every one. */
  needs?(lab: Lab): boolean;
  /** Files of the repository it is about. */
  files: string[];
  plain(context: Context): Markup;
  technical(context: Context): Markup;
  figure(context: Context): { element: HTMLElement; update(): void };
}

/** What can be chosen. */
export interface Option<V> {
  value: V;
  label: Child;
  note?: Child;
}

/** A bar for a token. ghost: a line at another value, to compare with. */
export interface Bar {
  label: string;
  value: number;
  ghost?: number;
  kind?: string;
  title: string;
}
