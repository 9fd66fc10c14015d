import { byId } from './dom.js';

/**
 * An event; src/trace/report/records.ts explains the short names.
 * @typedef {{ q: number, t: number, k: string, a: string, f: number, o: number, x: string, n?: string, r?: 1, c?: number, h?: string,
 *   l?: number, d?: [string, string][], s?: [string, number, string[], string?][], p?: [string, number, [string, string][]],
 *   m?: [string, number, string, string], w?: [string, string][], u?: [string, string, string, string | null][] }} PageEvent
 * @typedef {[string, string, number, number, string?]} Field
 * @typedef {{ n: number, b?: string, d?: string, i?: { t: string, f: Field[], e?: string } }} PageBytes
 * @typedef {{ name: string, bytes: number, born: number, since: Record<string, number>, leaked: string[] }} PageSecret
 * @typedef {{ events: PageEvent[], secrets: PageSecret[] }} PageRun
 * @typedef {{ viewpoint: string, runs: PageRun[], bytes: Map<number, PageBytes> }} View
 * @typedef {{ simulator: string, viewpoints: string[], lanes: { id: string, name: string }[], runs: { title: string, seed: string, ok?: boolean, events: number, last: number, hosts: { name: string, tpm: string, profile: string }[] }[] }} About
 */

/** What the page knows of the runs from any viewpoint. @returns {About} */
export const readAbout = () => JSON.parse(byId('about-data').textContent ?? '');

/**
 * Unpacks what a viewpoint sees, and nothing else.
 * @param {About} about
 * @param {string} viewpoint
 * @returns {Promise<View>}
 */
export async function loadView(about, viewpoint) {
  const bit = 1 << about.viewpoints.indexOf(viewpoint);
  /** @type {View} */
  const view = { viewpoint, runs: about.runs.map(() => ({ events: [], secrets: [] })), bytes: new Map() };
  for (const block of document.querySelectorAll('script.block')) {
    if ((Number(block.getAttribute('data-mask')) & bit) === 0) continue;
    const held = JSON.parse(await inflate(block.textContent ?? ''));
    view.runs.forEach((run, i) => {
      for (const event of held.runs[i].events) run.events.push(event);
      run.secrets.push(...held.runs[i].secrets);
    });
    for (const [number, bytes] of held.bytes) view.bytes.set(number, bytes);
  }
  for (const run of view.runs) {
    run.events.sort((a, b) => a.q - b.q);
    run.secrets.sort((a, b) => a.born - b.born);
  }
  return view;
}

/** Text of raw DEFLATE in base64. @param {string} base64 */
async function inflate(base64) {
  const stream = new Blob([toBytes(base64)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).text();
}

/** @param {string} base64 */
export const toBytes = base64 => Uint8Array.from(atob(base64), char => char.charCodeAt(0));

/** Hex digits. @param {Uint8Array} bytes */
export const hexOf = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
