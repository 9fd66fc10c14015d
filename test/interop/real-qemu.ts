import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guestImage, guestMemory, isDone, memoryBytes, TABLE, type TableCall } from './bare-metal.ts';

export const QEMU = 'qemu-system-ppc64';
export const RAM_MIB = 512;

/** Child processes of a test, ended with it. */
export class Children {
  readonly #running = new Set<ChildProcess>();
  over = false;

  start(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  end(): void {
    this.over = true;
    for (const child of this.#running) child.kill('SIGKILL');
  }
}

/** Runs the guest with its table on the real QEMU; its memory from `TABLE` on, when it is done. */
export async function runOnQemu(
  list: readonly TableCall[],
  devices: readonly string[],
  folder: string,
  children: Children,
): Promise<Uint8Array> {
  const [bios, table, dump] = [join(folder, 'bios'), join(folder, 'table'), join(folder, 'dump')];
  writeFileSync(bios, guestImage());
  writeFileSync(table, guestMemory(list));
  const machine = ['-machine', 'pseries', '-cpu', 'power9', '-accel', 'tcg', '-m', String(RAM_MIB), '-nodefaults', '-display', 'none'];
  const image = ['-bios', bios, '-device', `loader,file=${table},addr=${TABLE},force-raw=on`];
  const qemu = children.start(QEMU, [...machine, ...image, ...devices, '-qmp', 'stdio']);
  let errors = '';
  qemu.stderr?.on('data', chunk => {
    errors += chunk;
  });
  const ask = (execute: string, args: object = {}) => qemu.stdin?.write(`${JSON.stringify({ execute, arguments: args })}\n`);
  ask('qmp_capabilities');
  for (let i = 0; i < 300 && qemu.exitCode === null; i++) {
    await sleep(100);
    rmSync(dump, { force: true });
    ask('pmemsave', { val: TABLE, size: memoryBytes(list), filename: dump });
    for (let waited = 0; waited < 100 && !(existsSync(dump) && readFileSync(dump).length === memoryBytes(list)); waited++) await sleep(10);
    const memory = existsSync(dump) ? new Uint8Array(readFileSync(dump)) : new Uint8Array(0);
    if (!isDone(memory)) continue;
    ask('quit');
    return memory;
  }
  throw new Error(`the guest did not come to its end\n${errors}`);
}
