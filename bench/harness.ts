/** What a `*.bench.ts` file exports as `benches`. */
export interface Bench {
  readonly name: string;
  run(): unknown;
  /** The one that all ratios are against; at most one in a run (if none, the first). */
  readonly baseline?: true;
  /** How many operations one `run` performs (1). */
  readonly operations?: number;
  /** Bytes that one operation moves: the row says how many GB/s that is. */
  readonly bytes?: number;
  /** A bound that the project promises: one operation of this costs at most so many of the named one. */
  readonly limit?: { readonly times: number; readonly of: string };
  /** Shown behind the row, asked after the last round: a share, a size. */
  readonly note?: () => string;
}

export interface Measured {
  readonly bench: Bench;
  /** Median over the rounds. */
  readonly nsPerOperation: number;
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number;
}

export interface Effort {
  readonly rounds: number;
  readonly roundMs: number;
}

/**
 * Measures all benches in one run. The rounds take turns (a, b, c, a, b, c, ...), so that a machine that slows down half way slows all
 * of them and the ratios hold.
 */
export async function measure(benches: readonly Bench[], { rounds, roundMs }: Effort): Promise<Measured[]> {
  const repeats = new Map<Bench, number>();
  for (const bench of benches) repeats.set(bench, await warmUp(bench, roundMs));
  const samples = new Map<Bench, number[]>(benches.map(bench => [bench, []]));
  for (let round = 0; round < rounds; round++) {
    for (const bench of benches) samples.get(bench)!.push(await timed(bench, repeats.get(bench)!));
  }
  return benches.map(bench => {
    const sorted = samples.get(bench)!.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
    const median = at(0.5);
    return { bench, nsPerOperation: median / (bench.operations ?? 1), spread: (at(0.75) - at(0.25)) / 2 / median };
  });
}

/** Runs for one round's time and answers how many runs fill a round. */
async function warmUp(bench: Bench, roundMs: number): Promise<number> {
  const start = performance.now();
  let runs = 0;
  let elapsedMs = 0;
  do {
    await bench.run();
    runs++;
    elapsedMs = performance.now() - start;
  } while (elapsedMs < roundMs);
  const again = await timed(bench, Math.max(1, Math.ceil(runs / 4)));
  return Math.max(1, Math.round((roundMs * 1e6) / again));
}

/** Nanoseconds of one run. Only what answers a promise is awaited: a synchronous bench pays for no turn of the event loop. */
async function timed(bench: Bench, repeats: number): Promise<number> {
  const start = process.hrtime.bigint();
  for (let i = 0; i < repeats; i++) {
    const result = bench.run();
    if (result instanceof Promise) await result;
  }
  return Number(process.hrtime.bigint() - start) / repeats;
}

/** An aligned table, and one line for each bound that is broken. */
export function report(measured: readonly Measured[]): { readonly table: string; readonly broken: readonly string[] } {
  const baseline = measured.find(({ bench }) => bench.baseline) ?? measured[0];
  if (!baseline) return { table: '', broken: [] };
  const rows = measured.map(({ bench, nsPerOperation, spread }) => [
    bench.name,
    perSecond(nsPerOperation),
    duration(nsPerOperation),
    `±${(spread * 100).toFixed(1)}%`,
    `${(nsPerOperation / baseline.nsPerOperation).toFixed(3)}x`,
    [
      ...againstLimit(bench, nsPerOperation, measured),
      ...(bench.bytes ? [`${(bench.bytes / nsPerOperation).toFixed(2)} GB/s`] : []),
      ...(bench.note ? [bench.note()] : []),
    ].join('; '),
  ]);
  const broken = measured.flatMap(({ bench, nsPerOperation }) => {
    if (!bench.limit) return [];
    const other = measured.find(candidate => candidate.bench.name === bench.limit?.of);
    if (!other) return [`${bench.name}: no bench is called "${bench.limit.of}"`];
    const times = nsPerOperation / other.nsPerOperation;
    return times <= bench.limit.times ? [] : [`${bench.name} costs ${times.toFixed(2)} of ${bench.limit.of}, at most ${bench.limit.times}`];
  });
  return { table: align([['', 'op/s', 'per op', 'spread', `/ ${baseline.bench.name}`, ''], ...rows]), broken };
}

/** How it stands to what it is bounded by. */
function againstLimit({ limit }: Bench, nsPerOperation: number, measured: readonly Measured[]): string[] {
  const other = limit && measured.find(({ bench }) => bench.name === limit.of);
  return other ? [`${(nsPerOperation / other.nsPerOperation).toFixed(2)} of ${other.bench.name}`] : [];
}

const perSecond = (ns: number): string => Math.round(1e9 / ns).toLocaleString('en-US');

function duration(ns: number): string {
  if (ns < 1e3) return `${ns.toFixed(1)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(2)} us`;
  return `${(ns / 1e6).toFixed(3)} ms`;
}

/** Names and notes to the left, numbers to the right. */
function align(rows: readonly (readonly string[])[]): string {
  const last = (rows[0]?.length ?? 0) - 1;
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  const cell = (text: string, column: number): string =>
    column === 0 || column === last ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map(row => row.map(cell).join('  ').trimEnd()).join('\n');
}
