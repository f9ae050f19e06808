/**
 * Keeps the site for days without a network. The list, files.js, is made with the site: addresses with hashes.
 *
 * A copy of a file is kept under its address and hash, so that a new version of the site takes over what has not
 * changed. A cache is a version; the new one serves pages when none of the old are open any more.
 */

const worker = /** @type {ServiceWorkerGlobalScope & {version: string, files: Record<"shell" | "others", Record<string, string>>}} */ (
  /** @type {unknown} */ (self)
);

worker.importScripts("files.js");

const { version, files } = worker;
const { scope } = worker.registration;
const OURS = `${scope} `;
const CACHE = `${OURS}${version}`;
const HASHES = new Map(Object.entries({ ...files.shell, ...files.others }).map(([name, hash]) => [new URL(name, scope).href, hash]));

/**
 * What a file is kept under, or nothing of one that is not listed.
 * @param {string} url
 */
function keyOf(url) {
  const plain = url.replace(/[?#].*/s, "");
  const address = plain.endsWith("/") ? `${plain}index.html` : plain;
  const hash = HASHES.get(address);
  return hash && `${address}?${hash}`;
}

/**
 * A file's copy, taken from an older version's or, where none has it, from the server.
 * @param {string} url
 */
async function kept(url) {
  const key = keyOf(url);
  if (!key) return fetch(url);
  const found = await caches.match(key);
  const cache = await caches.open(CACHE);
  if (found) {
    if (!(await cache.match(key))) await cache.put(key, found.clone());
    return found;
  }
  const answer = await fetch(url, { cache: "no-cache" });
  if (answer.status !== 200) return answer;
  const response = answer.redirected ? new Response(answer.body, { headers: answer.headers }) : answer; // for a page none may be
  await cache.put(key, response.clone());
  return response;
}

/** What a first visit needs; all of it, or there is no copy. */
async function keepShell() {
  for (const name of Object.keys(files.shell)) {
    const response = await kept(new URL(name, scope).href);
    if (!response.ok) throw new Error(`${name}: the server answers ${response.status}`);
  }
}

/** The rest, one after the other; for who saves data only what an older version has, and no more where there is no room. */
async function keepOthers() {
  const { connection } = /** @type {{connection?: {saveData?: boolean}}} */ (navigator);
  for (const name of Object.keys(files.others)) {
    const url = new URL(name, scope).href;
    if (!connection?.saveData || (await caches.match(keyOf(url) ?? ""))) await kept(url);
  }
}

/** When this version has taken over what it can. */
async function forgetOlder() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(OURS) && name !== CACHE).map((name) => caches.delete(name)));
}

worker.addEventListener("install", (event) => event.waitUntil(keepShell()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("message", (event) => event.waitUntil(keepOthers().catch(() => {}).then(forgetOlder)));
worker.addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && keyOf(event.request.url)) event.respondWith(kept(event.request.url));
});
