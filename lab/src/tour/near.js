/** Work for figures that are on the screen, or will be soon. */

const MARGIN = "400px";
const USES = ["focusin", "pointerdown", "click", "input"];

/**
 * Calls `update` when the element comes near the screen, and from then on whenever the returned function is. One
 * that is used before it was ever near, as assistive programs can, is updated first.
 * @param {Element} element
 * @param {() => void} update
 */
export function whenNear(element, update) {
  let near = false;
  let stale = true;
  const refresh = () => {
    if (!stale) return;
    stale = false;
    update();
  };
  for (const use of USES) element.addEventListener(use, refresh, { capture: true });
  new IntersectionObserver(
    (entries) => {
      near = entries[entries.length - 1].isIntersecting;
      if (near) refresh();
    },
    { rootMargin: MARGIN },
  ).observe(element);
  return () => {
    stale = true;
    if (near) refresh();
  };
}
