/** Tokens as a reader can see them. */

/**
 * A token's text where a space or a line break must be seen; a token may print nothing.
 * @param {string} symbol
 */
export const visible = (symbol) => (symbol === "" ? "∅" : symbol.replaceAll(" ", "␣").replaceAll("\n", "↵"));
