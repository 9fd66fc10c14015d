import { type QemuDevice, QemuMachine } from './machine.ts';
import { TPM_DEVICES } from './models.ts';
import { textOf, type Values } from './options.ts';

export type QmpAnswer =
  | { readonly return: unknown }
  | { readonly error: { readonly class: 'GenericError' | 'DeviceNotFound' | 'CommandNotFound'; readonly desc: string } };

/** What every device has by QOM, before its own properties (fixtures/observed/qemu-cli.json#qom-properties). */
const QOM_PROPERTIES = [
  { name: 'type', type: 'string' },
  { name: 'parent_bus', type: 'link<bus>' },
  { name: 'realized', type: 'bool' },
  { name: 'hotplugged', type: 'bool' },
  { name: 'hotpluggable', type: 'bool' },
];
/** i8042 and mc146818rtc. */
const ISA_INTERRUPTS = ['            kbd-irq = 1 (0x1)', '            mouse-irq = 12 (0xc)', '            irq = 8 (0x8)'];
const TRUE = ['on', 'yes', 'true'];

/** Text, number or switch, as the default says. */
function shownValue(value: unknown, like: string | number | boolean): string {
  if (typeof like === 'number') return `${Number(value)} (0x${Number(value).toString(16)})`;
  return typeof like === 'boolean' ? String(value === true || TRUE.includes(String(value))) : `"${String(value)}"`;
}
const generic = (desc: string): QmpAnswer => ({ error: { class: 'GenericError', desc } });

/** The monitor of a machine that came up: the commands that concern TPM devices. */
export class QemuMonitor {
  readonly #machine: QemuMachine;
  #migrated = false;

  constructor(machine: QemuMachine) {
    this.#machine = machine;
  }

  /** A command for people; of the object trees, the lines of TPM devices and their containers only. */
  hmp(command: string): readonly string[] {
    switch (command) {
      case 'info tpm':
        return this.#infoTpm();
      case 'info qtree':
        return this.#qtree();
      case 'info qom-tree':
        return this.#qomTree();
      default:
        return [`unknown command: '${command}'`];
    }
  }

  /** A command for programs. */
  qmp(command: string, args: Readonly<Record<string, unknown>> = {}): QmpAnswer {
    switch (command) {
      case 'device_add':
        return this.#deviceAdd(new Map(Object.entries(args)));
      case 'device_del': {
        const id = String(args.id);
        const device = this.#machine.find(id);
        const fault = device && this.#machine.unplugFault(device);
        if (fault) return generic(fault);
        if (this.#machine.remove(id)) return { return: {} };
        return { error: { class: 'DeviceNotFound', desc: `Device '${id}' not found` } };
      }
      case 'device-list-properties':
        return { return: listed(String(args.typename)) };
      case 'qom-list':
        return this.#onDevice(args, device => ({ return: [...QOM_PROPERTIES, ...listed(device.driver)] }));
      case 'qom-get':
        return this.#onDevice(args, device => qomGet(device, String(args.property)));
      case 'qom-set':
        return this.#onDevice(args, device => qomSet(device, String(args.property)));
      case 'query-tpm-models':
        return { return: this.#machine.program.models };
      case 'query-tpm-types':
        return { return: ['passthrough', 'emulator'] };
      case 'query-tpm':
        return { return: this.#frontends().map(device => this.#tpmInfo(device)) };
      case 'migrate':
        for (const { migration } of this.#machine.tpmdevs.values()) if (migration) return generic(migration);
        this.#migrated = true; // the proxy has no state to send
        return { return: {} };
      case 'query-migrate':
        return { return: this.#migrated ? { status: 'completed' } : {} };
      default:
        return { error: { class: 'CommandNotFound', desc: `The command ${command} has not been found` } };
    }
  }

  #deviceAdd(values: Values): QmpAnswer {
    // QMP's values become options, so an id that is taken is the duplicate of an option.
    const taken = textOf(values, 'id');
    if (taken !== undefined && this.#machine.find(taken)) return generic(`Duplicate ID '${taken}' for device`);
    const added = this.#machine.add({ values, json: true, hotplug: true });
    return 'fault' in added ? generic(added.fault) : { return: {} };
  }

  #frontends(): readonly QemuDevice[] {
    return this.#machine.devices.filter(({ driver }) => TPM_DEVICES[driver]?.model !== undefined);
  }

  #infoTpm(): readonly string[] {
    const lines = this.#frontends().flatMap((device, index) => {
      const id = textOf(device.properties, 'tpmdev') ?? '';
      const { type, chardev, path } = this.#machine.tpmdevs.get(id) ?? {};
      const options = type === 'emulator' ? `,chardev=${chardev}` : `,path=${path}`;
      return [` tpm${index}: model=${TPM_DEVICES[device.driver]?.model}`, `  \\ ${id}: type=${type}${options}`];
    });
    return lines.length > 0 ? ['TPM device:', ...lines] : [];
  }

  #tpmInfo({ driver, properties }: QemuDevice): object {
    const id = textOf(properties, 'tpmdev') ?? '';
    const { type, chardev, path } = this.#machine.tpmdevs.get(id) ?? {};
    const data = type === 'emulator' ? { chardev } : { path };
    return { model: TPM_DEVICES[driver]?.model, options: { data, type }, id };
  }

  /** Lines of TPM devices, and those of a PC's own ISA devices that have an interrupt. */
  #qtree(): readonly string[] {
    const shown = this.#frontends().flatMap(device => this.#shownInTree(device));
    return this.#machine.program.buses.ISA?.machines.test(this.#machine.type) ? [...shown, ...ISA_INTERRUPTS] : shown;
  }

  #shownInTree({ driver, id, properties }: QemuDevice): readonly string[] {
    if (driver === 'tpm-spapr') {
      const unit = QemuMachine.unitOf({ driver, id, properties }).toString(16);
      return [`      dev: tpm-spapr, id "${id ?? `vtpm@${unit}`}"`, `        tpmdev = "${textOf(properties, 'tpmdev')}"`];
    }
    const shown = TPM_DEVICES[driver]?.shown;
    if (!shown) return [];
    const margin = ' '.repeat(shown.indent);
    const values = Object.entries(shown.properties).map(([key, value]) => `${key} = ${shownValue(properties.get(key) ?? value, value)}`);
    return [`${margin}dev: ${driver}, id "${id ?? ''}"`, ...[...values, ...(shown.below ?? [])].map(line => `${margin}  ${line}`)];
  }

  #qomTree(): readonly string[] {
    const named = this.#machine.devices.filter(({ id }) => id !== null);
    const others = this.#machine.devices.filter(({ id }) => id === null);
    return [
      '  /peripheral (container)',
      ...named.map(({ id, driver }) => `    /${id} (${driver})`),
      '  /peripheral-anon (container)',
      ...others.map(({ driver }, index) => `    /device[${index}] (${driver})`),
    ];
  }

  #onDevice(args: Readonly<Record<string, unknown>>, body: (device: QemuDevice) => QmpAnswer): QmpAnswer {
    const path = String(args.path);
    const device = this.#machine.find(path.replace('/machine/peripheral/', ''));
    return device ? body(device) : { error: { class: 'DeviceNotFound', desc: `Device '${path}' not found` } };
  }
}

const listed = (driver: string) =>
  Object.entries(TPM_DEVICES[driver]?.properties ?? {}).map(([name, type]) => ({ name, type: type === 'string' ? 'str' : 'uint32' }));

function qomGet({ driver, properties }: QemuDevice, property: string): QmpAnswer {
  const common: Readonly<Record<string, unknown>> = { type: driver, realized: true, hotpluggable: true };
  if (property in common) return { return: common[property] };
  if (property in (TPM_DEVICES[driver]?.properties ?? {})) return { return: properties.get(property) ?? '' };
  return generic(`Property '${driver}.${property}' not found`);
}

function qomSet({ driver, id }: QemuDevice, property: string): QmpAnswer {
  if (!(property in (TPM_DEVICES[driver]?.properties ?? {}))) return generic(`Property '${driver}.${property}' not found`);
  return generic(`Attempt to set property '${property}' on device '${id}' (type '${driver}') after it was realized`);
}
