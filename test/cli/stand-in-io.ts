import type { Io } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/program.ts';
import { builtModule } from '../helpers/built.ts';

export interface Said {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process; what it said and its exit status. */
export async function svmSim(...argv: readonly string[]): Promise<Said> {
  return svmSimWith({}, ...argv);
}

export const svmSimWith = (over: Partial<Io>, ...argv: readonly string[]): Promise<Said> => run(runCli, over, argv);

/** The same from `dist/`: for command lines that start worker threads. */
export async function builtSvmSim(over: Partial<Io>, ...argv: readonly string[]): Promise<Said> {
  const built = await builtModule<{ readonly runCli: typeof runCli }>('cli/program.ts');
  return run(built.runCli, over, argv);
}

async function run(cli: typeof runCli, over: Partial<Io>, argv: readonly string[]): Promise<Said> {
  let out = '';
  let err = '';
  const io: Io = {
    out: text => {
      out += text;
    },
    err: text => {
      err += text;
    },
    colors: false,
    errColors: false,
    columns: undefined,
    signal: new AbortController().signal,
    ...over,
  };
  const status = await cli(argv, io);
  return { status, out, err };
}
