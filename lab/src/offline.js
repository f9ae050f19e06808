/** The site without a network: worker/service-worker.js keeps what a visit needs, and then, with time, the rest. */

const WORKER = "service-worker.js";

/** Asks for the rest when this page has what it needs itself. */
export async function keepOffline() {
  if (!navigator.serviceWorker) return;
  try {
    await navigator.serviceWorker.register(WORKER, { updateViaCache: "none" });
    const { active } = await navigator.serviceWorker.ready;
    active?.postMessage("the rest");
  } catch (error) {
    console.info(`This browser keeps no copy of the site: ${error}`); // as in a private window; nothing else is lost
  }
}
