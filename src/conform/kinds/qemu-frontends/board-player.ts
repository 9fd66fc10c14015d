import { fromHex, toHex } from '../../../bytes/index.ts';
import {
  type AmlValue,
  BOARDS,
  Board,
  type BoardDefinition,
  EmulatorBackend,
  type FrontendBackend,
  type LoaderCommand,
  type Outgoing,
  PassthroughBackend,
  type Refused,
  ServedChannels,
} from '../../../frontends/index.ts';
import { Clock, Random } from '../../../sim/index.ts';
import { ServedTpm } from '../../../tpm-serve/index.ts';
import { Differences, type PlayedCase } from '../../played-case.ts';
import type { FrontendStep, FrontendVector } from './frontend-recording.ts';
import { masked, PlaybackTpm } from './playback-tpm.ts';

type Step<O extends FrontendStep['op']> = Extract<FrontendStep, { op: O }>;

/** The recorded machines: board, and the TPM's model if there is one. */
const MACHINES: Readonly<Record<string, readonly [keyof typeof BOARDS, string | null]>> = {
  tis: ['q35', 'tpm-tis'],
  'tis-pc': ['pc', 'tpm-tis'],
  crb: ['q35', 'tpm-crb'],
  'crb-pc': ['pc', 'tpm-crb'],
  'tis-sysbus': ['virt', 'tpm-tis-device'],
  'tis-i2c': ['ast2600-evb', 'tpm-tis-i2c'],
  none: ['q35', null],
  'none-pc': ['pc', null],
  'none-sysbus': ['virt', null],
};

/** Warnings of the recorded program that are not a TPM's. */
const OF_OTHERS = /: warning: /;

/** Lets everything go on that can. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

class Player {
  readonly differences = new Differences();
  readonly #vector: FrontendVector;
  readonly #live: boolean;
  #tpm: PlaybackTpm | null = null;
  #backend: FrontendBackend | null = null;
  #board: Board | null = null;
  #messages: string[] = [];
  #irq: string[] = [];
  #ended: number | null = null;
  #snapshots = new Map<string, Outgoing>();

  /** @param live on the TPM that is built in, in place of the recorded answers. */
  constructor(vector: FrontendVector, live: boolean) {
    this.#vector = vector;
    this.#live = live;
  }

  async play(): Promise<void> {
    const { boot, steps = [] } = this.#vector;
    await this.#start(
      { machine: this.#vector.machine ?? 'none', deviceOptions: this.#vector.deviceOptions, tpm: this.#vector.tpm },
      'boot',
      boot?.backend ?? null,
    );
    await settled();
    this.#tpm?.finish();
    this.#check('boot', boot ?? { messages: this.#messages });
    for (const [index, step] of steps.entries()) {
      if (!this.#board) break;
      const field = `steps[${index}] ${step.op}`;
      this.#messages = [];
      this.#irq = [];
      if (step.op !== 'migrate') this.#tpm?.expect(field, step.backend ?? []);
      await this.#step(field, step);
      await settled();
      this.#tpm?.finish();
      this.#check(field, step);
      if (this.#sawInterrupts && step.op !== 'migrate') this.#compare(`${field}.irq`, ('irq' in step && step.irq) || [], this.#irq);
    }
  }

  #check(
    field: string,
    { messages = [], exitStatus }: { readonly messages?: readonly string[] | undefined; readonly exitStatus?: number | undefined },
  ): void {
    this.#compare(
      `${field}.messages`,
      messages.filter(line => !OF_OTHERS.test(line)),
      this.#messages,
    );
    this.differences.compare(`${field}.exitStatus`, exitStatus ?? 'runs', this.#ended ?? 'runs');
  }

  #compare(field: string, expected: readonly string[], actual: readonly string[]): void {
    this.differences.compare(field, expected.join('\n'), actual.join('\n'));
  }

  /** The recording has the inputs of an I/O APIC. */
  get #sawInterrupts(): boolean {
    return this.#definition(this.#vector.machine ?? 'none').arch === 'x86_64';
  }

  get #program(): string {
    return this.#definition(this.#vector.machine ?? 'none').program;
  }

  #definition(machine: string): BoardDefinition {
    return BOARDS[(MACHINES[machine] ?? ['q35'])[0]];
  }

  #say = (line: string): void => {
    this.#messages.push(`${this.#program}: ${line}`);
  };

  /** QEMU ends at these words. */
  #end({ refused }: Refused): void {
    for (const line of refused) this.#say(line);
    this.#ended = 1;
    this.#board = null;
  }

  async #start(
    {
      machine,
      deviceOptions = '',
      tpm = '2.0',
    }: { readonly machine: string; readonly deviceOptions?: string | undefined; readonly tpm?: '1.2' | '2.0' | undefined },
    field: string,
    exchanges: Parameters<PlaybackTpm['expect']>[1],
    incoming = false,
  ): Promise<void> {
    const [, model] = MACHINES[machine] ?? [];
    const options = new Map(deviceOptions.split(',').map(option => option.split('=') as [string, string]));
    const old = this.#vector.arguments?.some(argument => /^pc-(q35|i440fx)-[12]\.|^pc-(q35|i440fx)-3\.0/.test(argument)) ?? false;
    this.#board = null;
    if (model) {
      this.#tpm = new PlaybackTpm(this.differences, tpm, this.#live ? new ServedChannels(newTpm()) : null);
      this.#tpm.expect(field, exchanges);
      const opened =
        this.#vector.backend === 'passthrough'
          ? await PassthroughBackend.open(this.#tpm, this.#say)
          : await EmulatorBackend.open(this.#tpm, this.#say, { refusesShort: this.#definition(machine).qemu === '11.1' });
      if ('refused' in opened) return this.#end(opened);
      this.#backend = opened;
    }
    const ppi = options.get('ppi');
    const board = await Board.start(this.#definition(machine), {
      old,
      incoming,
      ...(model && this.#backend
        ? {
            tpm: {
              model,
              backend: this.#backend,
              irq: Number(options.get('irq') ?? 5),
              ...(ppi === undefined ? {} : { ppi: ppi === 'on' }),
            },
          }
        : {}),
      onIrq: (raised, input) => this.#irq.push(`${raised ? 'raise' : 'lower'} ${input}`),
      print: line => this.#messages.push(line),
    });
    if ('refused' in board) this.#end(board);
    else this.#board = board;
  }

  async #step(field: string, step: FrontendStep): Promise<void> {
    const board = this.#board as Board;
    switch (step.op) {
      case 'read': {
        const mask = BigInt(step.valueMask ?? `0x${'ff'.repeat(step.size)}`);
        const value = await board.read(Number(step.addr), step.size);
        return this.differences.compare(`${field} ${step.addr}`, number(BigInt(step.value) & mask), number(value & mask));
      }
      case 'write':
        return board.write(Number(step.addr), step.size, BigInt(step.value));
      case 'readmem': {
        const bytes = toHex(await board.bus.read(Number(step.addr), step.len));
        return this.differences.compare(`${field} ${step.addr}`, masked(step.hex, step.hexMask), masked(bytes, step.hexMask));
      }
      case 'writemem':
        return board.bus.write(Number(step.addr), fromHex(step.hex));
      case 'fill':
        return board.bus.write(Number(step.addr), new Uint8Array(step.len).fill(Number(step.byte)));
      case 'in':
        return this.differences.compare(`${field} ${step.port}`, Number(step.value), await board.in(Number(step.port), step.size));
      case 'out':
        return board.out(Number(step.port), step.size, Number(step.value));
      case 'system_reset': {
        this.differences.compare(`${field}.waitsForAnswer`, step.waitsForAnswer ?? false, board.device?.busy ?? false);
        const refused = await board.reset();
        return refused ? this.#end(refused) : undefined;
      }
      case 'migrate':
        return this.#migrate(field, step);
      case 'hmp':
        return this.#monitor(field, step);
      case 'fwcfg_directory': {
        const files = board.fwCfg?.files.map(({ name, key, content }) => `${name} 0x${key.toString(16)} ${content.length}`) ?? [];
        return this.#compare(
          field,
          step.files.map(({ name, key, size }) => `${name} ${key} ${size}`),
          files,
        );
      }
      case 'fwcfg_file':
        return this.#file(field, step);
      case 'acpi':
        return this.#acpi(field, step);
      case 'dsm':
        return this.#dsm(field, step);
      case 'i2cread': {
        const bytes = toHex((await board.device?.i2cRead?.(Number(step.register), step.count)) ?? new Uint8Array(0));
        return this.differences.compare(`${field} ${step.register}`, masked(step.hex, step.hexMask), masked(bytes, step.hexMask));
      }
      case 'i2cwrite':
        return board.device?.i2cWrite?.(Number(step.register), fromHex(step.hex));
      case 'answer': // comes by itself
      case 'pause':
      case 'set': // its answers stand with the steps that get them
        return;
      default:
        this.differences.compare(`${field}.op`, step.op, 'not known here');
    }
  }

  #file(field: string, step: Step<'fwcfg_file'>): void {
    const file = this.#board?.fwCfg?.file(step.file);
    this.differences.compare(`${field} ${step.file} present`, step.present ?? true, file !== undefined);
    if (!file || step.present === false) return;
    if (step.key !== undefined) this.differences.compare(`${field} ${step.file} key`, Number(step.key), file.key);
    if (step.size !== undefined) this.differences.compare(`${field} ${step.file} size`, step.size, file.content.length);
    const expected = step.hex ?? (step.fill ?? '').repeat(step.size ?? 0);
    this.differences.compare(`${field} ${step.file}`, expected, toHex(file.content));
  }

  #acpi(field: string, step: Step<'acpi'>): void {
    const image = this.#board?.acpi;
    if (!image) {
      this.differences.compare(field, 'tables', 'none');
      return;
    }
    const line = (table: { readonly signature: string; readonly offset: number; readonly length: number }) =>
      `${table.signature} at ${table.offset}: ${table.length}`;
    this.#compare(`${field}.tables`, step.tables.map(line), image.directory.map(line));
    this.differences.compare(`${field}.rsdp`, step.rsdp, toHex(image.rsdp));
    const own = image.directory.find(({ signature }) => signature === 'TPM2' || signature === 'TCPA');
    const table = own && { ...own, hex: toHex(image.tables.subarray(own.offset, own.offset + own.length)) };
    this.differences.compare(
      `${field}.table`,
      step.table ? `${step.table.signature} ${step.table.hex}` : 'none',
      table ? `${table.signature} ${table.hex}` : 'none',
    );
    const named = own ? image.loader.flatMap(command => aboutTable(command, own, image.tables)) : [];
    this.#compare(`${field}.loader`, step.loader.map(sorted), named.map(sorted));
    const device = image.device && { path: image.device.path, offset: image.device.offsetInTable, aml: toHex(image.device.aml.bytes) };
    const dsdt = image.directory.find(({ signature }) => signature === 'DSDT');
    const there =
      device && dsdt ? toHex(image.tables.subarray(dsdt.offset + device.offset, dsdt.offset + device.offset + device.aml.length / 2)) : '';
    this.#compare(
      `${field}.devices`,
      step.devices.map(({ path, table, offsetInTable, aml }) => `${path} ${table} ${offsetInTable} ${aml}`),
      device ? [`${device.path} DSDT ${device.offset} ${there}`] : [],
    );
  }

  #dsm(field: string, step: Step<'dsm'>): void {
    const board = this.#board as Board;
    const base = board.definition.ppi ?? 0;
    const before = board.ppi?.slice() ?? new Uint8Array(0);
    const value = board.dsm(step.uuid, step.revision, step.function, step.arguments);
    this.differences.compare(
      `${field}.result`,
      JSON.stringify(step.result) ?? 'none',
      value === null ? 'none' : JSON.stringify(recordedValue(value)),
    );
    const changed = [...(board.ppi ?? [])].flatMap((byte, i) =>
      byte === before[i] ? [] : [`0x${(base + i).toString(16)}=0x${byte.toString(16).padStart(2, '0')}`],
    );
    this.#compare(
      `${field}.memory`,
      (step.memory ?? []).map(({ addr, value }) => `${addr}=${value}`),
      changed,
    );
  }

  async #monitor(field: string, { command, output }: Step<'hmp'>): Promise<void> {
    const board = this.#board as Board;
    const [verb, name = ''] = command.split(' ');
    const said: string[] = [];
    if (verb === 'savevm') {
      const saved = await board.save();
      if ('refused' in saved) said.push(...saved.refused);
      else this.#snapshots.set(name, saved);
    } else if (verb === 'loadvm') {
      const saved = this.#snapshots.get(name);
      const refused = (await board.reset()) ?? (saved ? await board.load(saved) : null);
      if (refused) said.push(...refused.refused);
    } else said.push('not known here');
    this.#compare(`${field}.output`, output, said);
  }

  async #migrate(field: string, step: Step<'migrate'>): Promise<void> {
    const source = this.#board as Board;
    this.differences.compare(`${field}.waitsForAnswer`, step.waitsForAnswer ?? false, source.device?.busy ?? false);
    this.#tpm?.expect(`${field}.source`, step.source ?? []);
    const saved = await source.save();
    if ('refused' in saved) {
      for (const line of saved.refused) this.#say(line);
      this.differences.compare(`${field}.status`, step.status, 'failed');
      return;
    }
    this.differences.compare(`${field}.status`, step.status, 'completed');
    await this.#backend?.close(true);
    this.#tpm?.finish();
    const { machine = 'none', deviceOptions, tpm } = this.#vector;
    const target = {
      machine: step.target?.machine ?? machine,
      deviceOptions: step.target?.device ?? deviceOptions,
      tpm: step.target?.tpm ?? tpm,
    };
    await this.#start(target, `${field}.beforeIncoming`, step.beforeIncoming ?? [], true);
    this.#tpm?.finish();
    this.#tpm?.expect(field, step.backend ?? []);
    const refused = await this.#loaded(saved);
    this.differences.compare(`${field}.incoming`, step.incoming ?? 'completed', refused ? 'QEMU exits' : 'completed');
    if (!refused) return;
    this.#end(refused);
    await this.#backend?.close(false);
  }

  async #loaded(saved: Outgoing): Promise<Refused | null> {
    return (await this.#board?.load(saved)) ?? null;
  }
}

const number = (value: bigint): string => `0x${value.toString(16)}`;
const sorted = (command: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(command).sort(([a], [b]) => (a < b ? -1 : 1))));

/** The loader's commands that concern this table, as the recording has them. */
function aboutTable(
  command: LoaderCommand,
  { offset, length }: { readonly offset: number; readonly length: number },
  tables: Uint8Array,
): object[] {
  const within = (at: number) => at >= offset && at < offset + length;
  switch (command.command) {
    case 'ALLOCATE':
      return command.file === 'etc/tpm/log' ? [command] : [];
    case 'ADD_CHECKSUM':
      return command.file === 'etc/acpi/tables' && within(command.offset) ? [command] : [];
    case 'ADD_POINTER': {
      if (command.destFile !== 'etc/acpi/tables') return [];
      if (within(command.offset)) return [command];
      const pointsTo = new DataView(tables.buffer).getUint32(command.offset, true);
      return command.srcFile === 'etc/acpi/tables' && pointsTo === offset ? [{ ...command, pointsTo }] : [];
    }
  }
}

function recordedValue(value: AmlValue): unknown {
  if (typeof value === 'number') return { integer: value };
  if (typeof value === 'string') return { string: value };
  if (value instanceof Uint8Array) return { buffer: toHex(value) };
  return { package: (value ?? []).map(recordedValue) };
}

/** Plays a case with a machine in it. */
export async function playFrontend(vector: FrontendVector): Promise<PlayedCase> {
  const { name, about } = vector;
  const player = new Player(vector, false);
  await player.play();
  if (!hasLiveTpm(vector)) return { name, about, differences: player.differences.all };
  const live = new Player(vector, true);
  await live.play();
  const differences = live.differences.all.map(difference => ({ ...difference, field: `live ${difference.field}` }));
  return { name, about, differences: [...player.differences.all, ...differences] };
}

/** Ours is a TPM 2.0 behind an emulator's channels, and gives no made-up answers. */
function hasLiveTpm({ tpm, backend, tpmScript, steps = [] }: FrontendVector): boolean {
  const madeUp = steps.some(({ backend: exchanges = [] }) => exchanges.some(({ scripted }) => scripted));
  return tpm === '2.0' && backend === undefined && tpmScript === undefined && !madeUp;
}

const newTpm = (): ServedTpm => new ServedTpm({ random: new Random('conform'), clock: new Clock(), nowNs: () => 0n, startup: 'none' });
