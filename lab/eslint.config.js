// `npm run lint`: what is wrong, not how it is laid out.
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import globals from "globals";

export default defineConfig([
  {
    files: ["**/*.js"],
    extends: [js.configs.recommended],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      "consistent-return": "error",
      curly: ["error", "multi-line"],
      "default-case-last": "error",
      eqeqeq: "error",
      "no-constructor-return": "error",
      "no-duplicate-imports": "error",
      "no-else-return": "error",
      "no-eval": "error",
      "no-implicit-coercion": "error",
      "no-lonely-if": "error",
      "no-new-wrappers": "error",
      "no-promise-executor-return": ["error", { allowVoid: true }],
      "no-restricted-globals": ["error", "event", "name", "status", "length", "top", "parent"],
      "no-self-compare": "error",
      "no-shadow": ["error", { allow: ["_"] }],
      "no-template-curly-in-string": "error",
      "no-throw-literal": "error",
      "no-unneeded-ternary": "error",
      "no-unreachable-loop": "error",
      "no-unused-expressions": "error",
      "no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "no-useless-computed-key": "error",
      "no-useless-concat": "error",
      "no-useless-rename": "error",
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-arrow-callback": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      "prefer-object-has-own": "error",
      "prefer-promise-reject-errors": "error",
      "prefer-rest-params": "error",
      "prefer-spread": "error",
      "require-await": "error",
    },
  },
  { files: ["src/**"], languageOptions: { globals: { ...globals.browser, EJS_Runtime: "readonly" } } },
  { files: ["worker/**"], languageOptions: { globals: globals.serviceworker } },
  { files: ["*.js", "scripts/**", "test/**"], languageOptions: { globals: globals.node } },
  // What a test hands to page.evaluate runs in the browser.
  { files: ["test/browser/**"], languageOptions: { globals: globals.browser } },
]);
