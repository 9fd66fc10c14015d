import { painter } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import { examine } from './checks.ts';
import { type System, thisSystem } from './system.ts';

/** `svm-sim doctor`: what can be used here, and the command that would mend the rest. Nothing of it is needed, hence always status 0. */
export function doctor(io: Io, system: System = thisSystem()): number {
  const paint = painter(io.colors);
  const findings = examine(system);
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const { what, use, usable, detail, fix } of findings) {
    io.out(`${paint(usable ? 'usable  ' : 'unusable', usable ? 'good' : 'bad')}  ${what.padEnd(width)}  ${detail}\n`);
    if (!usable) io.out(`${paint(`${' '.repeat(12 + width)}for ${use}: ${fix ?? 'cannot be mended here'}`, 'quiet')}\n`);
  }
  const missing = findings.filter(({ usable }) => !usable).length;
  io.out(
    missing === 0 ? 'Everything can be used.\n' : `${missing} of ${findings.length} cannot be used; a simulation needs none of them.\n`,
  );
  return EXIT.held;
}
