import { unlink } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { Machine } from '../../machine/index.ts';
import { FirmwareLink } from '../../own-firmware/index.ts';
import { listen, parseListenAddress } from '../../protocols/index.ts';
import { type CreateMachine, loadScenario, runScenario, type Scenario } from '../../scenario/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import { reportSink } from '../run/report-sink.ts';
import { type Sink, terminalSink, traceSink } from '../run/sinks.ts';
import { stopwatch } from '../run/tries.ts';
import { report } from '../terminal/show-error.ts';
import type { ServeFlags } from './flags.ts';

/** `svm-sim firmware serve`: a run for each firmware that connects, one after the other. */
export async function serveFirmware(file: string, flags: ServeFlags, io: Io): Promise<number> {
  const address = parseListenAddress(flags.listen);
  if (!('path' in address)) {
    throw new SimulatorError('cli.firmware-listen', {
      where: '--listen',
      what: 'firmware comes by a Unix socket: whoever connects can read the secure memory of the run',
      hint: 'Write unix:PATH.',
    });
  }
  const scenario = await loadScenario(file);
  const arrivals = new Arrivals();
  const server = createServer(socket => arrivals.add(socket));
  await listen(server, address);
  io.out(`${DISCLAIMER}\n`);
  io.out(`A machine for your Ultravisor on unix:${address.path}; Ctrl-C ends it.\n`);
  let status: number = EXIT.held;
  try {
    for (let runs = 0; flags.runs === undefined || runs < flags.runs; runs++) {
      const socket = await arrivals.next(io.signal);
      if (!socket) return status === EXIT.held && flags.runs !== undefined ? EXIT.interrupted : status;
      status = Math.max(status, await play(scenario, socket, flags, io));
    }
    return status;
  } finally {
    arrivals.close();
    server.close();
    await unlink(address.path).catch(() => {});
  }
}

/** One run; its first host has the firmware that came. */
async function play(scenario: Scenario, socket: Socket, flags: ServeFlags, io: Io): Promise<number> {
  const { quiet, verbose, trace, report: page, patience } = flags;
  const sinks: Sink[] = [terminalSink(io, quiet ? 'quiet' : verbose ? 'verbose' : 'normal')];
  if (trace !== undefined) sinks.push(traceSink(trace));
  if (page !== undefined) sinks.push(reportSink(page));
  const createMachine: CreateMachine = (world, hosts) =>
    Machine.create(
      world,
      hosts.map((host, i) => (i === 0 ? { ...host, externalUltravisor: async () => new FirmwareLink(socket, patience) } : host)),
    );
  const watch = stopwatch();
  try {
    for (const sink of sinks) sink.begin(scenario);
    const onEvent: Sink['event'] = event => {
      for (const sink of sinks) sink.event(event);
    };
    const said = await runScenario(scenario, { createMachine, onEvent, onStep: watch.step, signal: io.signal });
    for (const sink of sinks) sink.end(said, { ...watch.times(), failed: [] });
    return said.ok ? EXIT.held : EXIT.failed;
  } catch (error) {
    return await report(error, io, verbose ?? false); // the next firmware may do better
  } finally {
    socket.destroy();
    for (const sink of sinks) sink.close();
  }
}

/** Connections in the order in which they came. */
class Arrivals {
  #waiting: Socket[] = [];
  #wake: (() => void) | null = null;

  add(socket: Socket): void {
    socket.on('error', () => {}); // the link tells it
    this.#waiting.push(socket);
    this.#wake?.();
  }

  /** The next one; null: interrupted. */
  async next(signal: AbortSignal): Promise<Socket | null> {
    while (!signal.aborted) {
      const socket = this.#waiting.shift();
      if (socket) return socket;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return null;
  }

  close(): void {
    for (const socket of this.#waiting) socket.destroy();
  }
}
