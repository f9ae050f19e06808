import type { EmulatorModule, Page } from "./types.js";

declare global {
  /** What the glue of the emulator defines. */
  function EJS_Runtime(settings: object): Promise<EmulatorModule>;

  /** For the curious, at the browser's own console, and for the tests. */
  var lab: Page;
}
