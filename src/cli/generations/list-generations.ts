import {
  chooseGeneration,
  DEFAULT_GENERATION,
  differencesBetween,
  GENERATION_NAMES,
  GENERATIONS,
  type Generation,
  PROGRAM_NAMES,
  PROGRAMS,
  type ProgramDifferences,
  parseGeneration,
} from '../../machine/index.ts';
import { SimulatorError, type Version } from '../../sim/index.ts';
import { type Paint, painter } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import { columns } from '../terminal/columns.ts';
import type { GenerationsFlags } from './flags.ts';

/** @throws {SimulatorError} `generation.unknown`, `cli.generations`. */
export function generations(
  what: string | undefined,
  from: string | undefined,
  to: string | undefined,
  { json }: GenerationsFlags,
  io: Io,
): number {
  const paint = painter(io.colors);
  if (what === undefined) io.out(json ? `${JSON.stringify(listed(), null, 2)}\n` : `${list(paint)}\n`);
  else if (what === 'diff' && from !== undefined && to !== undefined) {
    const chosen = [from, to].map((text, i) => chooseGeneration(parseGeneration(text, `argument ${i + 2}`)));
    const [a, b] = chosen as [ReturnType<typeof chooseGeneration>, ReturnType<typeof chooseGeneration>];
    const found = differencesBetween(a, b);
    io.out(json ? `${JSON.stringify(found, jsonReady, 2)}\n` : `${found.map(one => shown(one, paint)).join('\n\n')}\n`);
  } else {
    throw new SimulatorError('cli.generations', {
      what: `"${[what, from, to].filter(word => word !== undefined).join(' ')}" is no question about generations`,
      hint: 'Ask `svm-sim generations`, or `svm-sim generations diff debian12 sid`.',
    });
  }
  return EXIT.held;
}

const listed = () => ({ default: DEFAULT_GENERATION, generations: GENERATIONS, programs: versions() });
const versions = () =>
  Object.fromEntries(
    PROGRAM_NAMES.map(program => {
      const known: readonly Version<unknown>[] = PROGRAMS[program];
      return [
        program,
        known.map(({ version, profile, differences }) => ({ version, profile, differences: differences.map(({ name }) => name) })),
      ];
    }),
  );

function list(paint: Paint): string {
  const head = ['', ...GENERATION_NAMES].map(text => paint(text, 'heading'));
  const rows = PROGRAM_NAMES.map(program => [program, ...GENERATION_NAMES.map(name => versionIn(GENERATIONS[name], program, paint))]);
  const known = PROGRAM_NAMES.map(program => {
    const of: readonly Version<unknown>[] = PROGRAMS[program];
    return [program, of.map(({ version, profile }) => (profile === undefined ? version : `${version} (${profile})`)).join(', ')];
  });
  return [
    columns(GENERATION_NAMES.map(name => [paint(name, 'heading'), GENERATIONS[name].about])),
    columns([head, ...rows]),
    paint('* not recorded: it does what the next older version does that was', 'quiet'),
    `${paint('single programs', 'heading')}\n${columns(known)}`,
    'svm-sim generations diff debian12 sid tells what is otherwise. A scenario chooses with host: { generation: sid }, a run with --generation.',
  ].join('\n\n');
}

const versionIn = ({ programs, notObserved }: Generation, program: (typeof PROGRAM_NAMES)[number], paint: Paint): string =>
  notObserved.includes(program) ? paint(`${programs[program]} *`, 'quiet') : programs[program];

function shown({ program, from, to, added, dropped }: ProgramDifferences, paint: Paint): string {
  const title = `${paint(program, 'heading')}: ${from} → ${to}`;
  if (added.length + dropped.length === 0) return `${title}\n  nothing differs that is known`;
  const entry = (difference: (typeof added)[number], back: boolean): string =>
    [
      `  ${paint(difference.name, 'key')}${back ? ' (no longer)' : ''}: ${difference.about}`,
      paint(`    source: ${difference.source}`, 'quiet'),
      paint(`    shown by: ${difference.shownBy}`, 'quiet'),
    ].join('\n');
  return [title, ...added.map(one => entry(one, false)), ...dropped.map(one => entry(one, true))].join('\n');
}

/** Numbers beyond 53 bits and maps, as JSON has neither. */
function jsonReady(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  return value instanceof Map ? Object.fromEntries(value) : value;
}
