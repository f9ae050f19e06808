/**
 * The pad under the console: buttons for fingers, and keys while the picture has the focus.
 * @import { Button } from "../types.js"
 * @import { Console } from "./core.js"
 */

/** @type {Partial<Record<string, Button>>} */
const KEYS = {
  ArrowUp: "Up",
  ArrowDown: "Down",
  ArrowLeft: "Left",
  ArrowRight: "Right",
  KeyX: "A",
  KeyZ: "B",
  KeyS: "X",
  KeyA: "Y",
  KeyQ: "L",
  KeyW: "R",
  Enter: "Start",
  Backspace: "Select",
};

/** @type {[group: string, buttons: Button[]][]} */
const GROUPS = [
  ["shoulders", ["L", "R"]],
  ["cross", ["Up", "Left", "Right", "Down"]],
  ["middle", ["Select", "Start"]],
  ["letters", ["X", "Y", "A", "B"]],
];

/** @type {Partial<Record<Button, string>>} */
const SIGNS = { Up: "▲", Down: "▼", Left: "◀", Right: "▶" };
const TAP_FRAMES = 4; // how long a click from the keyboard holds a button

/**
 * @param {Button} name
 * @param {Console} console
 */
function padButton(name, console) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `pad-button pad-${name}`;
  button.textContent = SIGNS[name] ?? name;
  button.setAttribute("aria-label", `Pad: ${name}`);
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    console.press(name, true);
  });
  for (const end of ["pointerup", "pointercancel"]) button.addEventListener(end, () => console.press(name, false));
  button.addEventListener("click", async (event) => {
    if (event.detail > 0) return; // a pointer's, already served
    console.press(name, true);
    await console.frames(TAP_FRAMES);
    console.press(name, false);
  });
  return button;
}

/**
 * Fills `element` with the pad and lets keys reach `console` while `canvas` has the focus.
 * @param {Element} element
 * @param {HTMLCanvasElement} canvas
 * @param {Console} console
 */
export function mountPad(element, canvas, console) {
  for (const [group, names] of GROUPS) {
    const box = document.createElement("div");
    box.className = `pad-group pad-${group}`;
    box.append(...names.map((name) => padButton(name, console)));
    element.append(box);
  }
  /** @type {Set<Button>} */
  const held = new Set();
  const key = (/** @type {boolean} */ down) => (/** @type {KeyboardEvent} */ event) => {
    const name = KEYS[event.code];
    if (!name || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (down) held.add(name);
    else held.delete(name);
    console.press(name, down);
  };
  canvas.addEventListener("keydown", key(true));
  canvas.addEventListener("keyup", key(false));
  canvas.addEventListener("blur", () => held.forEach((name) => console.press(name, false)));
}
