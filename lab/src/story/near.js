/** Work for figures that are on the screen, or will be soon. */

const MARGIN = "400px";

/** Calls `update` when the element comes near the screen, and from then on whenever the returned function is. */
export function whenNear(element, update) {
  let near = false;
  let stale = true;
  const refresh = () => {
    if (!near || !stale) return;
    stale = false;
    update();
  };
  new IntersectionObserver(
    (entries) => {
      near = entries.at(-1).isIntersecting;
      refresh();
    },
    { rootMargin: MARGIN },
  ).observe(element);
  return () => {
    stale = true;
    refresh();
  };
}
