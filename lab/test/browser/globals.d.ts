declare global {
  /** Once its script has run in the page. */
  var axe: typeof import("axe-core");
}

export {};
