/** Writes the pages of `report/`, bundled, to `dist/pages`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILT_PAGES, bundlePages } from './pages.ts';

mkdirSync(BUILT_PAGES, { recursive: true });
for (const [name, text] of await bundlePages()) writeFileSync(join(BUILT_PAGES, name), text);
