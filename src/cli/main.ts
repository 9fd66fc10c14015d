#!/usr/bin/env node
import { isatty } from 'node:tty';
import { type Io, showsColors } from './io.ts';
import { runCli } from './program.ts';
import { readLine } from './terminal/ask.ts';

process.setSourceMapsEnabled(true);

// Whoever reads may have read enough: `svm-sim run ... | head`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode ?? 0);
  });
}

const STDIN = 0;
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first lets the run end in order; a second does not wait for it.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  });
}

const { env, stdout, stderr } = process;
const shows = (stream: NodeJS.WriteStream): boolean => showsColors(env, stream.isTTY === true);

const io: Io = {
  out: text => stdout.write(text),
  err: text => stderr.write(text),
  colors: shows(stdout),
  errColors: shows(stderr),
  columns: stdout.isTTY ? stdout.columns : undefined,
  // Opened when a command asks for it: to open it may keep a program waiting.
  get input() {
    return process.stdin;
  },
  ...(isatty(STDIN) && stdout.isTTY ? { ask: readLine } : {}),
  signal: interrupted.signal,
};

process.exitCode = await runCli(process.argv.slice(2), io);
