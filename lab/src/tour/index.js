/**
 * The tour: fifteen steps, each a text in three views and a figure fed by the trained model.
 * @import { Context, Lab, Model, TourStep } from "../types.js"
 */

import "./tour.css";
import { find } from "../dom.js";
import { createContext } from "./context.js";
import { h, uniqueId } from "./elements.js";
import { grouped, listed } from "./wording.js";
import { whenNear } from "./near.js";
import { STEPS } from "./steps/index.js";
import { VIEWS, firstView, hashOf, parseHash, remember } from "./views.js";

/**
 * @param {HTMLElement} element
 * @param {{lab: Lab, model: Model}} given
 */
export function mountTour(element, { lab, model }) {
  const context = createContext({ lab, model });
  const steps = STEPS.filter((step) => step.needs?.(lab) ?? true);
  const names = steps.map((step) => step.id);
  const chosen = { step: names[0], view: firstView(location.hash, names) };
  const links = steps.map((step) => h("a", { href: "#" }, step.title));
  const views = viewSwitch(choose);

  /** The step in sight. */
  const inSight = () =>
    steps.findLast(
      (step) => titleOf(step.id).getBoundingClientRect().top < innerHeight / 2,
    )?.id ?? names[0];

  /** Another view leaves the step in sight where it is, however much the texts above it grow. */
  function choose(/** @type {string} */ view) {
    const step = inSight();
    const top = () => titleOf(step).getBoundingClientRect().top;
    const before = top();
    show({ step, view });
    window.scrollBy(0, top() - before);
    remember(view);
    history.replaceState(null, "", hashOf(step, view));
  }

  function show(/** @type {Partial<typeof chosen>} */ change) {
    Object.assign(chosen, change);
    element.dataset.view = chosen.view;
    views.set(chosen.view);
    steps.forEach((step, i) => links[i].setAttribute("href", hashOf(step.id, chosen.view)));
  }

  function follow() {
    const { step, view } = parseHash(location.hash, names);
    if (!step) return;
    show(view ? { step, view } : { step });
    const title = titleOf(step);
    title.scrollIntoView();
    title.focus({ preventScroll: true });
  }

  element.classList.add("tour");
  element.append(
    h("h2", {}, "The model, step by step"),
    h(
      "p",
      {},
      `${steps.length === STEPS.length ? "Fifteen" : `${steps.length} of fifteen`} steps from a typed word to the
      cartridge. Every figure computes with the trained model itself: its ${grouped(lab.config.n_params)} weights are
      in this page. ${leftOut(lab)}`,
    ),
    h(
      "nav",
      { "aria-label": "Steps" },
      h(
        "ol",
        {},
        links.map((link) => h("li", {}, link)),
      ),
    ),
    h("div", { class: "toolbar" }, wordInput(context), views.element),
    ...steps.map((step, i) => section(step, i, context)),
  );
  show({});
  window.addEventListener("hashchange", follow);
  follow();
  return context;
}

/**
 * The steps that make no sense for this model, and why, as a sentence; none: nothing.
 * @param {Lab} lab
 */
function leftOut(lab) {
  const titles = STEPS.filter((step) => step.needs && !step.needs(lab)).map(({ title }) => `“${title}”`);
  if (!titles.length) return "";
  return `Left out, because they show a small model's floating-point weights, its gradients or its ReLU, and this one
    is a ${lab.config.family}: ${listed(titles)}. The page of the default model has them.`;
}

const titleId = (/** @type {string} */ step) => `step-${step}`;
const titleOf = (/** @type {string} */ step) => find(document, `#${titleId(step)}`, HTMLElement);

/**
 * @param {TourStep} step
 * @param {number} number
 * @param {Context} context
 */
function section(step, number, context) {
  const figure = step.figure(context);
  const redraw = whenNear(figure.element, figure.update);
  context.subscribe(redraw);
  const text = (/** @type {"plain" | "technical"} */ name) => {
    const part = h("div", { class: `text ${name}` });
    part.innerHTML = step[name](context).text;
    return part;
  };
  const technical = text("technical");
  technical.append(h("p", { class: "files" }, "In the repository: ", ...separated(step.files)));
  return h(
    "section",
    { class: "step", "aria-labelledby": titleId(step.id), "data-step": step.id },
    h("h3", { id: titleId(step.id), tabindex: -1 }, `${number + 1}. ${step.title}`),
    h(
      "div",
      { class: "step-body" },
      h("div", { class: "texts" }, text("plain"), technical),
      figure.element,
    ),
  );
}

const separated = (/** @type {string[]} */ files) => files.flatMap((file, i) => [i ? ", " : "", h("code", {}, file)]);

/**
 * The one word that goes through all steps.
 * @param {Context} context
 */
function wordInput(context) {
  const id = uniqueId("word");
  const input = h("input", {
    id,
    type: "text",
    value: context.word,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    maxlength: 4 * context.config.block_size,
    oninput: () => context.setWord(input.value),
  });
  const problem = h("p", { class: "problem", role: "status" });
  context.subscribe(() => {
    if (document.activeElement !== input) input.value = context.word;
    problem.textContent = context.problem;
  });
  return h("div", { class: "word" }, h("label", { for: id }, "Your word"), input, problem);
}

/** @param {(view: string) => void} onchange */
function viewSwitch(onchange) {
  const name = uniqueId("view");
  const inputs = Object.entries(VIEWS).map(([view, label]) => {
    const input = h("input", { type: "radio", name, value: view, onchange: () => onchange(view) });
    return { view, input, element: h("label", {}, input, h("span", {}, label)) };
  });
  return {
    element: h(
      "fieldset",
      { class: "choices views" },
      h("legend", {}, "Explained in"),
      h(
        "div",
        { class: "choices-row" },
        inputs.map((choice) => choice.element),
      ),
    ),
    set: (/** @type {string} */ view) => inputs.forEach((choice) => (choice.input.checked = choice.view === view)),
  };
}
