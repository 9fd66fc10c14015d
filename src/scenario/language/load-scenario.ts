import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { nearest, SimulatorError } from '../../sim/index.ts';
import { isElf } from '../../svm/format/index.ts';
import { type Choice, combinations, combinationsOf, compose, firstOf, MOST_COMBINATIONS } from './compose.ts';
import { domainProblems } from './guest-devices.ts';
import { withOverrides } from './overrides.ts';
import { placesOf } from './places.ts';
import { type KeyPath, type Problem, ScenarioError } from './problem.ts';
import { referenceProblems } from './references.ts';
import { readRegular, reason } from './regular-file.ts';
import { MATRIX, SCENARIO, type Scenario, type ScenarioDocument } from './scenario-schema.ts';
import { walk } from './schema-walk.ts';
import { type FileFacts, fileSizeProblems, memoryMapProblems } from './size-problems.ts';
import { isPath } from './values.ts';
import { Source } from './yaml-source.ts';
import { problemsOf } from './zod-issues.ts';

/**
 * Reads and checks a scenario file.
 * @throws {ScenarioError} with every problem of the file; {SimulatorError} when the file itself cannot be read.
 */
export async function loadScenario(file: string): Promise<Scenario> {
  const text = await textOf(file).catch(async (error: NodeJS.ErrnoException) => {
    throw new SimulatorError('scenario.unreadable', {
      where: file,
      what: reason(error),
      hint: (await neighbour(file)) ?? 'Give the path of a scenario.',
    });
  });
  return parseScenario(text, file);
}

/** Like {@link loadScenario}, of a text; paths are relative to the folder of `file`. */
export async function parseScenario(text: string, file: string, choice: Choice = {}): Promise<Scenario> {
  const source = new Source(file, text);
  if (source.problems.length > 0) throw new ScenarioError(source.problems);
  // Without a combination of its own, the first of the matrix.
  const matrix = matrixOf(source.value());
  const count = combinationsOf(matrix ?? {});
  if (count > MOST_COMBINATIONS) {
    const what = `the matrix has ${count} combinations, at most ${MOST_COMBINATIONS} are run`;
    throw new ScenarioError([source.problem(['matrix'], what, 'Take values away, or put them into several scenarios.')]);
  }
  const chosen = { ...firstOf(matrix), ...choice };
  const { value, problems: composing, sources } = await compose(source, chosen);
  if (composing.length > 0) throw new ScenarioError(composing);
  const checked = SCENARIO.safeParse(value);
  if (!checked.success) throw new ScenarioError(problemsOf(source, SCENARIO, value, checked.error.issues));
  const document = checked.data as ScenarioDocument;
  const { files, problems } = await readFiles(source, document);
  const all = [...referenceProblems(source, document), ...domainProblems(source, document, files), ...problems];
  if (all.length > 0) throw new ScenarioError(all);
  const scenario: Scenario = { file, document, files, places: placesOf(document, source, sources) };
  return matrix ? withChoice(scenario, chosen) : scenario;
}

/** Every combination of the scenario's matrix, as a scenario each. */
export async function loadScenarios(file: string): Promise<readonly Scenario[]> {
  const first = await loadScenario(file);
  if (!first.document.matrix) return [first];
  const text = await textOf(file);
  return Promise.all(combinations(first.document.matrix).map(choice => parseScenario(text, file, choice)));
}

const textOf = async (file: string): Promise<string> => (await readRegular(file)).toString('utf8');

function matrixOf(value: unknown): Readonly<Record<string, readonly (string | number)[]>> | undefined {
  const matrix = (value as { matrix?: unknown } | null)?.matrix;
  const checked = MATRIX.safeParse(matrix);
  return checked.success ? checked.data : undefined;
}

/** `profile`, `tpm` and `seed` of a matrix are those of every host and of the run. */
function withChoice(scenario: Scenario, choice: Choice): Scenario {
  const { profile, tpm, seed } = choice;
  const over = withOverrides(scenario, {
    ...(profile === undefined ? {} : { profile: String(profile) }),
    ...(tpm === undefined ? {} : { tpm: String(tpm) }),
    ...(seed === undefined ? {} : { seed: String(seed) }),
  });
  const which = Object.entries(choice).map(([name, value]) => `${name} ${value}`);
  const title = `${over.document.title ?? scenario.file} [${which.join(', ')}]`;
  return { ...over, document: { ...over.document, title } };
}

async function readFiles(source: Source, document: ScenarioDocument): Promise<{ files: Map<string, Uint8Array>; problems: Problem[] }> {
  const places: { path: string; at: KeyPath }[] = [];
  walk(SCENARIO, document, (schema, value, at) => {
    if (isPath(schema)) places.push({ path: String(value), at });
  });
  const files = new Map<string, Uint8Array>();
  const problems: Problem[] = [];
  const say = (at: KeyPath, what: string, hint?: string): number => problems.push(source.problem(at, what, hint));
  const guests = document.guests ?? [];
  // Nothing is read that is too large to be of use.
  fileSizeProblems(
    guests,
    await factsOf(
      source,
      places.map(({ path }) => path),
    ),
    say,
  );
  if (problems.length > 0) return { files, problems };
  await Promise.all(
    places.map(async ({ path, at }) => {
      const whole = resolve(dirname(source.file), path);
      try {
        const bytes = await readRegular(whole);
        files.set(path, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
      } catch (error) {
        problems.push(source.problem(at, `${path}: ${reason(error as NodeJS.ErrnoException)}`, await neighbour(whole)));
      }
    }),
  );
  if (problems.length === 0) memoryMapProblems(guests, files, say);
  return { files, problems };
}

/** Of the files that can be opened; that the others cannot is said when they are read. */
async function factsOf(source: Source, paths: readonly string[]): Promise<ReadonlyMap<string, FileFacts>> {
  const facts = new Map<string, FileFacts>();
  await Promise.all(
    paths.map(async path => {
      const whole = resolve(dirname(source.file), path);
      // Not opened before it is known to be a file: a pipe would wait for its writer.
      const kind = await stat(whole).catch(() => undefined);
      const file = kind?.isFile() ? await open(whole).catch(() => undefined) : undefined;
      if (!file) return;
      try {
        const about = await file.stat();
        const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
        facts.set(path, { bytes: about.size, elf: isElf(buffer) });
      } finally {
        await file.close();
      }
    }),
  );
  return facts;
}

/**
 * What the npm package leaves out for its size (`files` of package.json): 7 MB when packed, more than twice the rest.
 */
const LEFT_OUT = 'fixtures/observed/luks/';

/** The file of the same folder whose name is most like the missing one. */
async function neighbour(path: string): Promise<string | undefined> {
  const entries = await readdir(dirname(path)).catch(() => undefined);
  if (path.replaceAll('\\', '/').includes(LEFT_OUT) && !entries?.some(entry => entry.endsWith('.img'))) {
    const there = `Take ${basename(path)} from ${LEFT_OUT} of svm-sim's repository and put it there`;
    return `The npm package comes without the disk images. ${there}, or run a scenario that makes its disk: fixtures/scenarios/disks.`;
  }
  if (!entries) return `There is no folder ${dirname(path)}.`;
  const name = basename(path);
  const meant = nearest(
    name,
    entries.filter(entry => entry !== name),
  );
  return meant === undefined ? undefined : `Did you mean "${meant}"?`;
}
