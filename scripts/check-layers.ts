import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { houseFrom, inspect, ROOT } from './layers.ts';

const house = houseFrom(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'));
if (house.rooms.length < 12 || house.strangers.length < 1) {
  console.error(`docs/architecture.md: its table names ${house.rooms.length} rooms; has its form changed?`);
  process.exit(1);
}
const { files, rooms, imports, circles, errors } = inspect(ROOT, house, { files: 400, rooms: 12, imports: 2000 });
for (const error of errors) console.error(error);
for (const circle of circles) console.error(`src: ${circle.length} files import one another in a circle: ${circle.join(', ')}`);
console.log(
  `layers: ${imports} imports of ${files} files in ${rooms} rooms, ${errors.length} ${errors.length === 1 ? 'fault' : 'faults'}, ${circles.length} circles`,
);
process.exitCode = errors.length + circles.length > 0 ? 1 : 0;
