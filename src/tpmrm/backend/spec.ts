import { nearest, SimulatorError } from '../../sim/index.ts';
import { AttachedSwtpm, Mssim } from './attached.ts';
import type { Backend } from './backend.ts';
import { DeviceBackend } from './device.ts';
import { type Executable, embeddedBackend } from './embedded.ts';
import { type LastingChange, readOnly } from './read-only.ts';
import { type SwtpmOptions, SwtpmProcess } from './swtpm-process.ts';

/** Where a TPM is, as `--tpm` and scenarios name it. */
export type BackendSpec =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'swtpm' }
  | { readonly kind: 'swtpm-tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'swtpm-unix'; readonly path: string }
  | { readonly kind: 'mssim'; readonly host: string; readonly port: number }
  | { readonly kind: 'device'; readonly path: string };

const FORMS = ['embedded', 'swtpm', 'swtpm:tcp:HOST:PORT', 'swtpm:unix:PATH', 'mssim:HOST:PORT', 'device:/dev/tpmrm0'];

/** @throws {SimulatorError} `tpmrm.unknown-backend`, `tpmrm.backend-address`. */
export function parseBackendSpec(text: string, where = '--tpm'): BackendSpec {
  const [kind, ...rest] = text.split(':');
  const address = rest.join(':');
  if (text === 'embedded' || text === 'swtpm') return { kind: text };
  if (kind === 'swtpm' && rest[0] === 'tcp') return { kind: 'swtpm-tcp', ...hostAndPort(rest.slice(1).join(':'), text, where) };
  if (kind === 'swtpm' && rest[0] === 'unix') return { kind: 'swtpm-unix', path: pathOf(rest.slice(1).join(':'), text, where) };
  if (kind === 'mssim') return { kind, ...hostAndPort(address, text, where) };
  if (kind === 'device') return { kind, path: pathOf(address, text, where) };
  const close = nearest(text, FORMS) ?? nearest(kind ?? '', ['embedded', 'swtpm', 'mssim', 'device']);
  throw new SimulatorError('tpmrm.unknown-backend', {
    where,
    what: `"${text}" names no TPM`,
    hint: `${close ? `Did you mean "${close}"? ` : ''}A TPM is one of: ${FORMS.join(', ')}.`,
  });
}

function hostAndPort(text: string, whole: string, where: string): { host: string; port: number } {
  const [, host, digits] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  // The port after it is needed too: swtpm's control channel, mssim's platform commands.
  if (host && port >= 1 && port < 65535) return { host: host.replace(/^\[|\]$/g, ''), port };
  const hint = 'Write HOST:PORT, with a port from 1 to 65534: localhost:2321, [::1]:2321.';
  throw new SimulatorError('tpmrm.backend-address', { where, what: `"${whole}" has no host and port`, hint });
}

function pathOf(text: string, whole: string, where: string): string {
  if (text.startsWith('/') || text.startsWith('./') || text.startsWith('../')) return text;
  throw new SimulatorError('tpmrm.backend-address', {
    where,
    what: `"${whole}" has no path`,
    hint: `Write a path that begins with / or ./${text ? `, such as ./${text}` : ''}.`,
  });
}

export interface OpenBackendOptions {
  /** Makes the TPM that is built in, for `embedded`. */
  readonly embedded?: () => Executable;
  /** Real time that a command may take, where the TPM lives in real time. */
  readonly timeoutMs?: number;
  /** A TPM of this machine may be used, and changed. */
  readonly allowHardware?: boolean;
  /** A TPM of this machine may be used without leave as long as nothing changes it. Told of each command that is refused. */
  readonly readOnly?: { readonly lastingChange: LastingChange; readonly onRefused: (why: string) => void };
  readonly swtpm?: SwtpmOptions;
}

/** @throws {SimulatorError} `tpmrm.…`, with what to do, when this TPM cannot be had. */
export async function openBackend(spec: BackendSpec, options: OpenBackendOptions): Promise<Backend> {
  const timeoutMs = options.timeoutMs ?? 30_000;
  switch (spec.kind) {
    case 'embedded':
      if (!options.embedded) throw new RangeError('nobody gave the embedded TPM');
      return embeddedBackend(options.embedded());
    case 'swtpm':
      return SwtpmProcess.start({ timeoutMs, ...options.swtpm });
    case 'swtpm-tcp':
      return AttachedSwtpm.attach(spec, { host: spec.host, port: spec.port + 1 }, timeoutMs);
    case 'swtpm-unix':
      return AttachedSwtpm.attach(spec, null, timeoutMs);
    case 'mssim':
      return Mssim.attach(spec.host, spec.port, timeoutMs);
    case 'device':
      if (options.allowHardware) return DeviceBackend.open(spec.path, timeoutMs);
      if (options.readOnly) {
        const { lastingChange, onRefused } = options.readOnly;
        return readOnly(await DeviceBackend.open(spec.path, timeoutMs), lastingChange, onRefused);
      }
      throw new SimulatorError('tpmrm.hardware', {
        what: `${spec.path} is a TPM of this machine, and a simulation would change it`,
        hint: 'Add --allow-hardware if you mean it, or use --tpm embedded or --tpm swtpm.',
      });
  }
}
