const DOT = 0x2e;
const BRACKET = 0x5b;
const isStep = (code: number): boolean => code === DOT || code === BRACKET;

/** How deep a field lies: 0 for `tag`, 2 for `sessions[0].nonce`. */
export function depthOf(path: string): number {
  let depth = 0;
  for (let at = 1; at < path.length; at++) if (isStep(path.charCodeAt(at))) depth++;
  return depth;
}

/** `nonce` of `sessions[0].nonce`, `[0]` of `sessions[0]`. */
export function lastStep(path: string): string {
  let at = path.length - 1;
  while (at > 0 && !isStep(path.charCodeAt(at))) at--;
  return path.charCodeAt(at) === DOT ? path.slice(at + 1) : path.slice(at);
}
