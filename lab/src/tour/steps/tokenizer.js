/** @import { TourStep } from "../../types.js" */

import { button } from "../controls.js";
import { h, html } from "../elements.js";
import { figure } from "../figures.js";
import { visible } from "../../symbols.js";
import { listed, unit } from "../wording.js";

/** @type {TourStep} */
export default {
  id: "tokenizer",
  title: "Letters become numbers",
  files: ["trainer/text/tokenizer.py"],
  plain: ({ lab }) => html`
    <p>A model computes, so the first thing that happens to a word is that its letters are looked up in a list and
    replaced by their places in it: ${visible(lab.symbols[0])} is 0, ${visible(lab.symbols[1])} is 1, and so on to
    ${visible(lab.symbols[lab.symbols.length - 1])}, which is ${lab.symbols.length - 1}. Such a number is called a
    token.</p>
    <p>One more token, ${lab.config.bos}, means “a ${unit(lab)} begins or ends here”. It goes in front, because the
    model needs
    something to look at before it can guess a first letter; and it is what the model answers when a ${unit(lab)} is
    over.</p>
    <p>That is all the model is told. If it treats vowels alike, it found out by itself that they are.</p>`,
  technical: ({ lab }) => html`
    <p>Token <var>t</var> prints <code>symbols[t]</code>, ${lab.symbols.length} of them; BOS =
    ${lab.config.bos} begins and ends every document, so the vocabulary has V = ${lab.config.vocab_size} tokens.
    ${lab.merges.length ? `After the single characters come ${lab.merges.length} merged pairs, applied first to last.` : ""}
    ${lab.pieces?.length ? "A token is a piece of text: of two neighbours that together are one, the best pair is joined, again and again." : ""}
    A document of n tokens is BOS c₁ … cₙ BOS and makes n + 1 predictions, each from the tokens before it, as far
    as
    the context of ${lab.config.block_size} positions reaches.</p>
    <p>There is no token for the unknown: a character without a symbol is refused. On the console a token is a word
    of work RAM; BOS is the last token, so that leaving it out, as the first draw of a ${unit(lab)} does, is a shorter
    loop.</p>`,
  figure(context) {
    const { lab, config } = context;
    const tokens = h("ol", { class: "tokens", "aria-label": "Tokens of the word" });
    const letters = lab.symbols.map((symbol, token) =>
      button([visible(symbol), h("small", {}, token)], () => context.setWord(context.word + symbol)),
    );
    const alphabet = h(
      "div",
      { class: "alphabet", role: "group", "aria-label": "Alphabet: add a letter" },
      letters,
    );
    let next = 0;
    const another = button(`A ${unit(lab)} from the training text`, () => {
      next = (next + 1) % lab.documents.length;
      context.setWord(lab.documents[next]);
    });
    const back = button("Delete the last letter", () => context.setWord([...context.word].slice(0, -1).join("")));
    const fig = figure("The word as tokens", {
      controls: [lab.documents.length ? another : null, back],
      body: [tokens, alphabet],
    });
    const box = (/** @type {number} */ token) => h("li", {}, context.symbol(token), h("small", {}, token));
    return {
      element: fig.element,
      update() {
        tokens.replaceChildren(...context.tokens.map(box));
        letters.forEach((letter, token) => letter.classList.toggle("used", context.tokens.includes(token)));
        back.disabled = !context.word;
        const ids = context.tokens.slice(1);
        fig.tell(
          `${context.word ? `“${context.word}” is ${listed(ids.map(String))}` : "No letter yet"}; ` +
            `with ${config.bos} in front the model reads ${context.tokens.length} ` +
            `token${ids.length ? "s" : ""}, of ${config.block_size} that fit.`,
        );
      },
    };
  },
};
