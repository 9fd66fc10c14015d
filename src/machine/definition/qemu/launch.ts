import { type CharDev, openCharDev, openTpmDev, type QemuHost, TPM_TYPES, type TpmDev } from './backends.ts';
import { type DeviceRequest, type Global, QemuMachine } from './machine.ts';
import { concernsTpm, TPM_DEVICES } from './models.ts';
import { parseOptions, textOf, type Values } from './options.ts';
import { programOf, type QemuProgram } from './programs.ts';
import { QEMU_VERSIONS, type QemuBehaviour } from './qemu-versions.ts';

export type Launch =
  /** The machine came up. */
  | { readonly accepted: true; readonly machine: QemuMachine; readonly stderr: readonly string[] }
  /** QEMU ended: it refused (status 1) or printed help (mostly 0). */
  | {
      readonly accepted: boolean;
      readonly machine?: never;
      readonly exitStatus: number;
      readonly stdout: readonly string[];
      readonly stderr: readonly string[];
    };

interface Option {
  readonly name: string;
  readonly value: string;
  /** As QEMU shows it before a message. */
  readonly shown: string;
}

/** The end of QEMU before its machine came up. */
class Ended {
  readonly status: number;
  readonly stderr: readonly string[];
  readonly stdout: readonly string[];
  constructor(stderr: readonly string[], { status = 1, stdout = [] }: { status?: number; stdout?: readonly string[] } = {}) {
    this.stderr = stderr;
    this.status = status;
    this.stdout = stdout;
  }
}

const WITH_VALUE = new Set(
  `machine M cpu accel m display device chardev tpmdev object global smp name uuid serial monitor qmp mon kernel initrd append bios drive
   netdev nic net boot vga rtc D d trace blockdev fsdev vnc add-fd msg pidfile sandbox incoming prom-env L k readconfig gdb watchdog-action`.split(
    /\s+/,
  ),
);
const WITHOUT_VALUE = new Set(
  'nodefaults S nographic no-user-config enable-kvm no-reboot no-shutdown daemonize snapshot s usb version'.split(' '),
);

/** Versions of the pseries machine are QEMU's versions. */
const VERSIONED = 'pseries-';

/**
 * What QEMU makes of a command line, as far as TPM devices are concerned, in the order in which QEMU does things (softmmu/vl.c).
 * @param words the program's name first.
 */
export function launchQemu(words: readonly string[], host: QemuHost, qemu: QemuBehaviour = QEMU_VERSIONS[0].behaviour): Launch {
  const program = (words[0] ?? '').replace(/.*\//, '');
  const build = programOf(program);
  const say = ({ shown }: { readonly shown: string }, message: string): string => `${program}: ${shown}${shown && ': '}${message}`;
  const warnings: string[] = [];
  try {
    const options = splitOptions(words.slice(1), say);
    const of = (...names: readonly string[]) => options.filter(({ name }) => names.includes(name));
    const devices = of('device').map(option => ({ option, request: deviceRequest(option, say) }));
    for (const { value } of of('tpmdev')) if (value === 'help') throw new Ended(TPM_TYPES, { status: qemu.tpmdevHelpStatus });
    helpOnDevices(of('device'), build, say);
    const { type, confidential } = machineOf(of('machine', 'M'), program, build, qemu);
    if (qemu.deprecatedPseries.some(version => type === VERSIONED + version)) warnings.push(deprecated(program, type));
    const objects = new Map(of('object').map(option => objectOf(option, say)));
    const chardevs = new Map<string, CharDev>();
    for (const option of of('chardev')) {
      const chardev = openCharDev(parseOptions(option.value, 'backend').values, host);
      if ('fault' in chardev) throw new Ended([say(option, chardev.fault)]);
      chardevs.set(chardev.id, chardev);
    }
    if (confidential !== undefined && !objects.has(confidential)) {
      throw new Ended([say({ shown: '' }, `Device '${confidential}' not found`)]);
    }
    const tpmdevs = tpmdevsOf(of('tpmdev'), chardevs, host, say);
    // QEMU target/ppc/kvm.c: the object alone does nothing, the machine that uses it wants KVM
    // (fixtures/observed/qemu-cli.json#pef-object-alone).
    const accel =
      of('accel')
        .map(({ value }) => value)
        .join() +
      of('enable-kvm')
        .map(() => 'kvm')
        .join();
    if (confidential !== undefined && objects.get(confidential) === 'pef-guest' && !accel.includes('kvm')) {
      throw new Ended([say({ shown: '' }, 'PEF requires KVM')]);
    }
    if (type.startsWith('powernv') && !of('device').some(({ value }) => value.includes('ipmi-bmc'))) warnings.push(noBmc(program));
    const machine = new QemuMachine(build, type, tpmdevs, of('global').map(globalOf));
    for (const { option, request } of devices) {
      const added = machine.add(request);
      if (!('fault' in added)) continue;
      throw new Ended(added.bare?.map(line => say({ shown: '' }, line)) ?? [say(option, added.fault), ...(added.below ?? [])]);
    }
    return { accepted: true, machine, stderr: warnings };
  } catch (ended) {
    if (!(ended instanceof Ended)) throw ended;
    const { status, stdout, stderr } = ended;
    return { accepted: status === 0, exitStatus: status, stdout, stderr: [...warnings, ...stderr] };
  }
}

type Say = (option: { readonly shown: string }, message: string) => string;

function splitOptions(words: readonly string[], say: Say): readonly Option[] {
  const options: Option[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const name = word.replace(/^--?/, '');
    if (!word.startsWith('-')) options.push({ name: 'drive', value: word, shown: word });
    else if (WITHOUT_VALUE.has(name)) options.push({ name, value: '', shown: `-${name}` });
    else if (!WITH_VALUE.has(name)) throw new Ended([say({ shown: word }, 'invalid option')]);
    else if (i + 1 >= words.length) throw new Ended([say({ shown: word }, 'requires an argument')]);
    else {
      const value = words[++i] ?? '';
      options.push({ name, value, shown: `-${name} ${value}` });
    }
  }
  return options;
}

/** `-device` in either form (QEMU 6.2 and later take JSON). */
function deviceRequest(option: Option, say: Say): DeviceRequest {
  const { value } = option;
  if (!value.trimStart().startsWith('{')) return { values: parseOptions(value, 'driver').values, json: false, hotplug: false };
  try {
    return { values: new Map(Object.entries(JSON.parse(value) as object)), json: true, hotplug: false };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The engine names the place of the fault; at the end of the text something is missing.
    const at = Number(/at position (\d+)/.exec(error.message)?.[1] ?? value.length);
    throw new Ended([say(option, `JSON parse error, ${at >= value.length ? 'premature EOI' : 'invalid input'}`)]);
  }
}

function helpOnDevices(devices: readonly Option[], { devices: known }: QemuProgram, say: Say): void {
  for (const option of devices) {
    const { values, help } = parseOptions(option.value, 'driver');
    const driver = textOf(values, 'driver') ?? '';
    if (!help || !concernsTpm(driver)) continue;
    const model = known.includes(driver) ? TPM_DEVICES[driver] : undefined;
    throw model
      ? new Ended([], { status: 0, stdout: model.help })
      : new Ended([say(option, `Device '${driver}' not found`)], { status: 0 });
  }
}

/** Several -machine are one; the type is the last one named. */
function machineOf(
  options: readonly Option[],
  program: string,
  build: QemuProgram,
  { pseries, namesUnknownMachine }: QemuBehaviour,
): { readonly type: string; readonly confidential: string | undefined } {
  const merged = new Map<string, unknown>(options.flatMap(({ value }) => [...parseOptions(value, 'type').values]));
  const type = textOf(merged, 'type') ?? build.machine;
  const known = 'Use -machine help to list supported machines';
  if (type === null) throw new Ended([`${program}: No machine specified, and there is no default`, known]);
  if (!build.machines.test(type) || (type.startsWith(VERSIONED) && !pseries.some(version => type === VERSIONED + version)))
    throw new Ended([`${program}: unsupported machine type${namesUnknownMachine ? `: "${type}"` : ''}`, known]);
  return { type, confidential: textOf(merged, 'confidential-guest-support') };
}

function objectOf(option: Option, say: Say): readonly [id: string, type: string] {
  const { values, help } = parseOptions(option.value, 'qom-type');
  const type = textOf(values, 'qom-type') ?? '';
  if (help && type === 'pef-guest') throw new Ended([], { status: 0, stdout: ['There are no options for pef-guest.'] });
  const id = textOf(values, 'id');
  if (id === undefined) throw new Ended([say(option, "Parameter 'id' is missing")]);
  const unknown = type === 'pef-guest' && [...values.keys()].find(key => key !== 'qom-type' && key !== 'id');
  if (unknown) throw new Ended([say(option, `Parameter '${unknown}' is unexpected`)]);
  return [id, type];
}

function tpmdevsOf(
  options: readonly Option[],
  chardevs: ReadonlyMap<string, CharDev>,
  host: QemuHost,
  say: Say,
): ReadonlyMap<string, TpmDev> {
  const tpmdevs = new Map<string, TpmDev>();
  for (const option of options) {
    if (tpmdevs.size > 0) throw new Ended([say(option, 'Only one TPM is allowed.')]);
    const tpmdev = openTpmDev(parseOptions(option.value, 'type').values, chardevs, host);
    if ('faults' in tpmdev) throw new Ended([...tpmdev.faults.map(fault => say(option, fault)), ...(tpmdev.below ?? [])]);
    tpmdevs.set(tpmdev.id, tpmdev);
  }
  return tpmdevs;
}

/** `driver.property=value`, or all three as options. */
function globalOf({ value }: Option): Global {
  const [, driver, property, set] = /^([\w-]+)\.([\w-]+)=(.*)$/s.exec(value) ?? [];
  if (driver !== undefined && property !== undefined) return { driver, property, value: set ?? '' };
  const values: Values = parseOptions(value, 'driver').values;
  return { driver: textOf(values, 'driver') ?? '', property: textOf(values, 'property') ?? '', value: textOf(values, 'value') ?? '' };
}

const deprecated = (program: string, type: string): string =>
  `${program}: warning: Machine type '${type}' is deprecated: machines more than 3 years old are subject to deletion after 6 years`;
const noBmc = (program: string): string =>
  `${program}: warning: machine has no BMC device. Use '-device ipmi-bmc-sim,id=bmc0 -device isa-ipmi-bt,bmc=bmc0,irq=10' to define one`;
