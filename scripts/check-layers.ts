import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { houseFrom, inspect, ROOT } from './layers.ts';

/** Files that stand in circles of imports and are known to: the number only goes down. */
const KNOWN_IN_CIRCLES = 0;

const house = houseFrom(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'));
if (house.rooms.length < 12 || house.strangers.length < 1) {
  console.error(`docs/architecture.md: its table names ${house.rooms.length} rooms; has its form changed?`);
  process.exit(1);
}
const { files, rooms, imports, circles, errors } = inspect(ROOT, house, { files: 400, rooms: 12, imports: 2000 });
for (const error of errors) console.error(error);
const inCircles = circles.flat().length;
const tooMany = inCircles > KNOWN_IN_CIRCLES;
if (tooMany)
  for (const circle of circles) console.error(`src: ${circle.length} files import one another in a circle: ${circle.join(', ')}`);
const known = inCircles < KNOWN_IN_CIRCLES ? `; lower KNOWN_IN_CIRCLES to ${inCircles}` : '';
console.log(
  `layers: ${imports} imports of ${files} files in ${rooms} rooms, ${errors.length} ${errors.length === 1 ? 'fault' : 'faults'}; ` +
    `${inCircles} files in ${circles.length} circles${known}`,
);
process.exitCode = errors.length > 0 || tooMany ? 1 : 0;
