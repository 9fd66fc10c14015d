/** Finds text that stands in two places of the sources. `npm run check:duplicates` */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Detector, type IClone, type IMapFrame, MemoryStore } from '@jscpd/core';
import { Tokenizer } from '@jscpd/tokenizer';
import { ROOT } from './layers.ts';

/** A place counts from so many tokens on. */
const TOKENS = 50;
/** Places that stand twice today: the number only goes down. */
const KNOWN = 17;
const AT_LEAST = { files: 900, tokens: 900_000 };

const tokenizer = new Tokenizer();
const detector = new Detector(tokenizer, new MemoryStore<IMapFrame>(), [], { minTokens: TOKENS, minLines: 5, maxLines: 10_000 });
const seen = { files: 0, tokens: 0 };
const found: IClone[] = [];
detector.on('START_DETECTION', ({ source }) => {
  seen.files++;
  seen.tokens += source?.getTokensCount() ?? 0;
});

for (const folder of ['src', 'report', 'scripts', 'test', 'bench']) {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).sort();
  for (const file of files.filter(name => name.endsWith('.ts'))) {
    const name = join(folder, file);
    found.push(...(await detector.detect(name, readFileSync(join(ROOT, name), 'utf8'), 'typescript')));
  }
}

const place = ({ sourceId, start, end }: IClone['duplicationA']): string => `${sourceId}:${start.line}-${end.line}`;
for (const { duplicationA, duplicationB } of found) console.error(`${place(duplicationA)} stands in ${place(duplicationB)} too`);
const few = seen.files < AT_LEAST.files || seen.tokens < AT_LEAST.tokens;
const bad = found.length > KNOWN;
console.log(
  `duplicates: ${found.length} of at most ${KNOWN}, in ${seen.tokens} tokens of ${seen.files} files` +
    (few ? `: expected at least ${AT_LEAST.tokens} of ${AT_LEAST.files}; a check that sees nothing proves nothing` : ''),
);
process.exitCode = few || bad ? 1 : 0;
