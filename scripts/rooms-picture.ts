import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { houseFrom, importGraph, ROOT } from './layers.ts';

const PAGE = 'docs/architecture.md';
const BEGIN = '<!-- picture: made by npm run docs from the imports in src/ -->';
const END = '<!-- end of the picture -->';

/** The page as it is, with the picture of its rooms made anew. */
export function architecture(): string {
  const page = readFileSync(join(ROOT, PAGE), 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE}: the marks around the picture are gone`);
  return `${page.slice(0, begin)}${BEGIN}\n\n\`\`\`mermaid\n${picture(page)}\n\`\`\`\n\n${page.slice(end)}`;
}

/**
 * Rooms, and who uses whom. An arrow that follows from others is left out, or there would be a hundred: a room that uses `svm` may use
 * all that `svm` uses.
 */
function picture(page: string): string {
  const house = houseFrom(page);
  const graph = importGraph(ROOT, house);
  const idOf = (room: string): string => room.replace(/\W/g, '_');
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean => {
    if (seen.has(from)) return false;
    seen.add(from);
    return [...(graph.get(from) ?? [])].some(next => next === to || reaches(next, to, seen));
  };
  const arrows = house.rooms.flatMap(room => {
    const uses = house.rooms.filter(other => graph.get(room)?.has(other));
    return uses.filter(other => !uses.some(via => via !== other && reaches(via, other))).map(other => `  ${idOf(room)} --> ${idOf(other)}`);
  });
  return ['flowchart TD', ...house.rooms.map(room => `  ${idOf(room)}["${room}/"]`), ...arrows].join('\n');
}
