/**
 * First byte of the value at `path` in a JSON text that parses; of the innermost object that has it, when the path goes on where
 * nothing is. Messages name that byte.
 */
export function jsonPlace(text: string, path: readonly PropertyKey[]): number {
  let at = skipBlank(text, 0);
  for (const key of path) {
    const inner = member(text, at, String(key));
    if (inner === undefined) break;
    at = inner;
  }
  return Buffer.byteLength(text.slice(0, at));
}

/** Where the member of the object (or item of the list) at `at` begins. */
function member(text: string, at: number, wanted: string): number | undefined {
  const isObject = text[at] === '{';
  if (!isObject && text[at] !== '[') return undefined;
  let found: number | undefined;
  let index = 0;
  for (let i = skipBlank(text, at + 1); text[i] !== '}' && text[i] !== ']' && i < text.length; index++) {
    let key = String(index);
    if (isObject) {
      const end = endOf(text, i);
      key = JSON.parse(text.slice(i, end)) as string;
      i = skipBlank(text, skipBlank(text, end) + 1); // the colon
    }
    if (key === wanted) found = i; // of members with the same name JSON.parse takes the last
    i = skipBlank(text, endOf(text, i));
    if (text[i] === ',') i = skipBlank(text, i + 1);
  }
  return found;
}

function skipBlank(text: string, at: number): number {
  while (/\s/.test(text[at] ?? '')) at++;
  return at;
}

/** Just behind the value at `at`. */
function endOf(text: string, at: number): number {
  if (text[at] === '"') {
    for (at++; text[at] !== '"' && at < text.length; at++) if (text[at] === '\\') at++;
    return at + 1;
  }
  if (text[at] !== '{' && text[at] !== '[') {
    while (/[^\s,\]}]/.test(text[at] ?? ' ')) at++;
    return at;
  }
  let depth = 0;
  do {
    if (text[at] === '"') at = endOf(text, at) - 1;
    else if (text[at] === '{' || text[at] === '[') depth++;
    else if (text[at] === '}' || text[at] === ']') depth--;
    at++;
  } while (depth > 0 && at < text.length);
  return at;
}
