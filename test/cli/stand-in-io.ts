import type { Io } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/program.ts';

export interface Said {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process; what it said and its exit status. */
export async function svmSim(...argv: readonly string[]): Promise<Said> {
  return svmSimWith({}, ...argv);
}

export async function svmSimWith(over: Partial<Io>, ...argv: readonly string[]): Promise<Said> {
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
  const status = await runCli(argv, io);
  return { status, out, err };
}
