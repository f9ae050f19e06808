/** @import { Build, Option, Prediction, TourStep } from "../../types.js" */

import { choices } from "../controls.js";
import { h, html } from "../elements.js";
import { figure } from "../figures.js";
import { decimal, grouped, listed, percent } from "../wording.js";

const CLOCKS_PER_SECOND = 21_477_272;
const CLOCKS_PER_FRAME = 357_366;
const BANK_BYTES = 32_768;

/** @type {Record<Build["target"], string>} */
const MACHINES = {
  stock: "A LoROM cartridge in FastROM timing",
  sa1: "A cartridge with the SA-1, which computes while the console's own processor draws",
};

/** @type {TourStep} */
export default {
  id: "cartridge",
  title: "The cartridge, and how it is proved",
  files: [
    "asm/layout.py",
    "asm/memory/banks.py",
    "asm/cost/predict.py",
    "tests/proof/test_parity.py",
    "tests/proof/test_planted_bugs.py",
    "docs/performance.md",
  ],
  plain: ({ lab }) => html`
    <p>Program, tables and weights are in banks of 32 KiB, ${grouped(lab.build.rom_bytes / 1024)} KiB in all.
    ${
      lab.build.front_table
        ? html`A good part is a table of what every letter comes to at every place, so that the beginning of the
          computation is only looked up.`
        : ""
    }
    ${
      lab.build.predicted
        ? html`The build also says beforehand how long a letter will take:
        ${grouped(lab.build.predicted.clocks_per_token)} ticks of
          the clock, ${decimal(lab.build.predicted.tokens_per_second, 1)} letters a second.`
        : ""
    }</p>
    <p>That the console is right is not a matter of trust. The same computation exists in Python, and in two
    emulators every number the cartridge
    keeps of thousands of letters is compared with it: equal, not close. Then bugs are planted in the cartridge on
    purpose, to see that the
    comparison finds each.</p>`,
  technical: ({ lab }) => html`
    <p>Five links: the trainer's gradients equal a scalar autograd's; the integer model's loss is within 0.005 of
    the float
    model's; each routine, called alone with dirtied scratch memory, equals its Python twin; the whole ROM equals
    the integer model, every
    intermediate, in Snes9x and bsnes (accuracy), which emulates the multiplier's delay; planted bugs, such as a
    sign, a
    table entry, or a missing wait, are all caught.</p>
    <p>${MACHINES[lab.build.target]}, NTSC: ${grouped(CLOCKS_PER_SECOND)} clocks a second,
    ${grouped(CLOCKS_PER_FRAME)} a frame. Straight-line code is summed instruction by instruction; what depends on
    the text is
    counted over documents of the model's own.${
      lab.build.predicted
        ? html` A token is ${decimal(lab.build.predicted.clocks_per_token / CLOCKS_PER_FRAME, 2)} frames. The
          cartridge on this page also logs ${lab.record.traced ? "every intermediate" : "its logits"}, so it is slower.`
        : ""
    } Not run on a real console here.</p>`,
  figure(context) {
    const { build } = context.lab;
    const { predicted } = build;
    const kinds = [
      ...(predicted ? [{ value: "clocks", label: "Clocks of a token" }] : []),
      { value: "bytes", label: "Banks of the cartridge" },
    ];
    let kind = kinds[0].value;
    let chosen = 0;
    /** @type {Option<number>[]} */
    const none = [];
    const parts = choices({
      legend: "Choose a part",
      options: none,
      hidden: true,
      onchange: (value) => {
        chosen = value;
        draw();
      },
    });
    parts.element.classList.add("budget");
    const what = choices({
      legend: "Show",
      options: kinds,
      value: kind,
      onchange: (value) => {
        kind = value;
        chosen = 0;
        list();
      },
    });
    const fig = figure("The cartridge's budget", {
      controls: [what.element],
      body: parts.element,
      captionFirst: true,
    });
    const entries = () => (predicted && kind === "clocks" ? clockParts(predicted) : byteParts(build));

    function list() {
      const all = entries();
      const most = kind === "bytes" ? BANK_BYTES : Math.max(...all.map((part) => part.amount));
      parts.setOptions(
        all.map((part, i) => ({ value: i, label: bar(part, most), note: grouped(part.amount) })),
        chosen,
      );
      draw();
    }

    function draw() {
      const all = entries();
      const part = all[chosen];
      fig.tell(
        predicted && kind === "clocks"
          ? `${part.name}: ${grouped(part.amount)} clocks, ` +
              `${percent(part.amount / predicted.clocks_per_token, 1)} of a token's ` +
              `${grouped(predicted.clocks_per_token)}. ${part.does}`
          : `${part.name}: ${grouped(part.amount)} of ${grouped(BANK_BYTES)} bytes used. ${part.does}`,
      );
    }
    return { element: fig.element, update: list };
  },
};

/** @typedef {{name: string, amount: number, does: string}} Part */

const bar = (/** @type {Part} */ part, /** @type {number} */ most) =>
  h("span", { class: "budget-bar", style: `--share: ${part.amount / most}` }, part.name);

/** @type {[pattern: RegExp, does: string][]} */
const STAGES = [
  [/^embed$/, "The token's row of the table, and the position's where there is one."],
  [/(^|_)(q|k|v)$/, "Query, key or value: a matrix, a row of digits for each number."],
  [/_rotary$/, "Query and key turned by the position's angles, and cut to bytes."],
  [/_fc[13](_part\d*)?$/, "The first MLP matrix, or the gate's partner, in rows; GELU is looked up as a row ends."],
  [/_activation\d*$/, "The gate: a table of silu, times the other matrix."],
  [/_fc2_part\d*$/, "The second MLP matrix, a part of its inputs at a time."],
  [/_mlp_sum\d*$/, "Parts added to the residual stream, which is cut to its range."],
  [/^last_norm$/, "RMSNorm."],
  [/^front$/, "Embedding, first norms, first q, k, v: one row of a table, or computed where that has no room."],
  [/_attention$/, "Scores, softmax and weighted means of all heads."],
  [/_attention_residual$/, "Adding attention to the stream: done by the rows of the output matrix."],
  [/_mlp_residual$/, "Adding the MLP to the stream: done by its columns."],
  [/_o$/, "The attention's output matrix, added to the residual stream."],
  [/_(attention|mlp)_norm$/, "RMSNorm."],
  [/_pairs$/, "Sums of two inputs that several rows share."],
  [/_mlp$/, "fc1 in rows, the gate, fc2, the residual sum."],
  [/^clamp$/, "The residual stream cut to what the last matrix's sums have room for."],
  [/^logits$/, "The output matrix: a score for every token."],
  [/^choose$/, "Softmax at a temperature, and the draw."],
  [/^draw$/, "The letter on the screen and its note."],
  [/^advance$/, "The next position."],
  [/^vertical_blank$/, "The interrupt: screen and pads."],
];

/**
 * The stages of a token with their predicted clocks, in the order they run.
 * @param {Prediction} prediction
 * @returns {Part[]}
 */
export function clockParts({ stages }) {
  const shown = Object.entries(stages).filter(([, amount]) => amount > 0);
  return merged(shown).map(([name, amount]) => ({
    name: name.replaceAll("_", " "),
    amount,
    does: STAGES.find(([pattern]) => pattern.test(name))?.[1] ?? "",
  }));
}

/** More stages than this are too many for a line each. */
const LINES = 30;

/**
 * Where they are many, those that differ in layer and part only as one.
 * @param {[name: string, amount: number][]} stages
 */
function merged(stages) {
  if (stages.length <= LINES) return stages;
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const [name, amount] of stages) {
    const kind = name.replace(/^layer\d+_/, "layers_").replace(/(part|sum|activation)\d+$/, "$1");
    sums.set(kind, (sums.get(kind) ?? 0) + amount);
  }
  return [...sums];
}

/** @type {Record<string, string>} */
const FIXED = {
  ASLEEP: "where a processor waits",
  CODE: "program",
  TABLES: "tables of exp, 1/√ and the like",
  FONT: "letters",
  LOOK: "windows and colours",
  HEADER: "header",
  VECTORS: "vectors",
};

/**
 * The banks with what the linker put into them.
 * @param {Pick<Build, "segments" | "rom_bytes" | "banks">} build
 * @returns {Part[]}
 */
export function byteParts({ segments, rom_bytes, banks }) {
  return Array.from({ length: rom_bytes / BANK_BYTES }, (_, bank) => {
    const inside = bank ? { [`BANK${bank}`]: segments[`BANK${bank}`] ?? 0 } : pick(segments, Object.keys(FIXED));
    const amount = Object.values(inside).reduce((a, b) => a + b, 0);
    const [page, start] = [banks[bank] >> 16, banks[bank] & 0xffff].map((n) => n.toString(16).toUpperCase());
    const at = `Seen at $${page.padStart(2, "0")}:${start.padStart(4, "0")}. `;
    const listing = Object.entries(inside).map(([name, bytes]) => `${FIXED[name]} ${grouped(bytes)}`);
    const does = bank
      ? "Rows and columns of weights as code, and tables of this model."
      : `The same for every model: ${listed(listing)}.`;
    return {
      name: `bank ${bank}`,
      amount,
      does: at + (amount ? does : "Empty: a cartridge's size is a power of two."),
    };
  });
}

const pick = (/** @type {Build["segments"]} */ object, /** @type {string[]} */ names) =>
  Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
